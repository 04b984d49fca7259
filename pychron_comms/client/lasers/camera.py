"""The part of a laser's client that is about its camera: light, images, outlines of grains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from pychron_comms.client import answers
from pychron_comms.client.amounts import Amount, Word, written
from pychron_comms.client.instrument import Instrument
from pychron_comms.interfaces import Snapshot


class CameraControl(Instrument):
    """What the camera over the stage sees."""

    def set_light(self, value: float) -> None:
        """The stage light, 0 to 100 percent."""
        self._do(written("SetLight", Amount(value, 0, 100, "%")))

    def snapshot(self, name: str, extension: str = ".jpg") -> Snapshot:
        """Take an image: where it lies on the laser's computer, where others find it, its bytes."""
        command = written("Snapshot", Word(name), Word(extension))
        return parse_snapshot(command, self.ask(command))

    def start_recording(self, name: str) -> None:
        """Begin a video; another one that runs ends."""
        self._begin(json.dumps({"command": "StartVideoRecording", "name": name}))

    def stop_recording(self) -> None:
        self._begin("StopVideoRecording")

    @contextmanager
    def recording(self, name: str) -> Iterator[None]:
        """A video of what happens within the block; it ends also where that fails."""
        try:
            self.start_recording(name)
            yield
        finally:
            self.stop_recording()

    def acquire_grain_polygon(self) -> None:
        """Take the outline of the grain."""
        self._begin("AcquireGrainPolygonBlob")

    def start_measuring_grain_polygons(self) -> None:
        """Begin to take outlines again and again."""
        self._begin("StartMeasureGrainPolygon")

    def stop_measuring_grain_polygons(self) -> None:
        self._begin("StopMeasureGrainPolygon")

    def grain_polygons(self) -> Iterator[bytes]:
        """The outlines that were taken, each fetched as it is asked for, until there are no more.

        Each is taken away from the server. ``answers.pairs`` gives the corners of one in mm.
        """
        command = "GetGrainPolygonBlob"
        while (reply := self.ask(command)) not in ("", answers.NOTHING):
            yield answers.base64(command, reply)


def parse_snapshot(command: str, reply: str) -> Snapshot:
    """``XX<local path>YY<shared path><base64>``, where XX and YY are lengths in hex."""
    local, rest = _counted(command, reply, reply)
    shared, image = _counted(command, reply, rest)
    return Snapshot(local, shared, answers.base64(command, image))


def _counted(command: str, reply: str, rest: str) -> tuple[str, str]:
    try:
        end = 2 + int(rest[:2], 16)
    except ValueError:
        raise answers.UnexpectedReplyError(command, reply) from None
    if len(rest) < end:
        raise answers.UnexpectedReplyError(command, reply)
    return rest[2:end], rest[end:]
