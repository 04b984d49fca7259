"""The commands for a laser's camera: light, images, recordings, outlines of grains."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Number, Text
from pychron_comms.handlers.command import command
from pychron_comms.handlers.laser.replies import polygon, snapshot
from pychron_comms.handlers.replies import done
from pychron_comms.interfaces import Effect, ILaserManager

_NAME = Text("name", keys=("value",))


class CameraCommands:
    """The part of a laser's handler that is about what the camera sees."""

    @command(
        "SetLight",
        arguments=(Number("value", unit="%", minimum=0, maximum=100),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="camera",
        moves="camera/light={value}",
        help="set the stage light",
    )
    def set_light(self, manager: ILaserManager, sender: str, value: float) -> object:
        return manager.set_light(value)

    @command(
        "Snapshot",
        arguments=(_NAME, Text("extension", keys=("pic_format",), default=".jpg")),
        reply=snapshot,
        effect=Effect.ACTUATE,
        target="camera",
        moves="camera/image",
        help="take an image: both of its paths, each behind its length in hex, and base64",
    )
    def snapshot(self, manager: ILaserManager, sender: str, name: str, extension: str) -> object:
        return manager.take_snapshot(name, extension)

    @command(
        "StartVideoRecording",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.ACTUATE,
        target="camera",
        moves="camera/recording={name}",
        help="begin to record",
    )
    def start_video_recording(self, manager: ILaserManager, sender: str, name: str) -> object:
        return manager.start_video_recording(name)

    @command(
        "StopVideoRecording",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="camera",
        moves="camera/recording=False",
        help="end the recording",
    )
    def stop_video_recording(self, manager: ILaserManager, sender: str) -> object:
        return manager.stop_video_recording()

    @command(
        "AcquireGrainPolygonBlob",
        reply=done,
        effect=Effect.ACTUATE,
        target="camera",
        moves="camera/outlines",
        help="take the outline of the grain; fetch it by GetGrainPolygonBlob",
    )
    def acquire_grain_polygon(self, manager: ILaserManager, sender: str) -> object:
        return manager.acquire_grain_polygon()

    @command(
        "StartMeasureGrainPolygon",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="camera",
        moves="camera/measuring=True",
        help="begin to take outlines again and again",
    )
    def start_measure_grain_polygon(self, manager: ILaserManager, sender: str) -> object:
        return manager.start_measure_grain_polygon()

    @command(
        "StopMeasureGrainPolygon",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="camera",
        moves="camera/measuring=False",
        help="end the taking of outlines",
    )
    def stop_measure_grain_polygon(self, manager: ILaserManager, sender: str) -> object:
        return manager.stop_measure_grain_polygon()

    # Fetching takes the outline away, so that two waiting requests must not share one.
    @command(
        "GetGrainPolygonBlob",
        reply=polygon,
        effect=Effect.ACTUATE,
        target="camera",
        moves="camera/outlines",
        help="the next outline in base64, or No Response when there are no more",
    )
    def get_grain_polygon_blob(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_grain_polygon_blob()
