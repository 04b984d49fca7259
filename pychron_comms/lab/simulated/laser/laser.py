"""A simulated laser: its parts, joined to what clients of a laser ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from pychron_comms.interfaces import (
    IForetells,
    ILaserManager,
    IReactorManager,
    IShowsState,
    Position,
    Reading,
    Snapshot,
)
from pychron_comms.lab.simulated.activity import Activity
from pychron_comms.lab.simulated.laser.camera import Camera
from pychron_comms.lab.simulated.laser.grains import GrainPolygons
from pychron_comms.lab.simulated.laser.motors import Motors
from pychron_comms.lab.simulated.laser.output import LaserOutput
from pychron_comms.lab.simulated.laser.patterns import Patterns
from pychron_comms.lab.simulated.laser.stage import Stage


@dataclass(frozen=True, kw_only=True)
class LaserParts:
    """What a laser is made of; ``prepare_seconds`` is how long it takes to get ready."""

    output: LaserOutput
    stage: Stage
    motors: Motors
    patterns: Patterns
    camera: Camera
    grains: GrainPolygons
    prepare_seconds: float = 2.0


@implementer(ILaserManager, IForetells, IReactorManager, IShowsState)
class SimulatedLaser:
    """A laser that heats; the promises of its methods are those of ``ILaserManager``."""

    def __init__(self, name: str, clock: IReactorTime, parts: LaserParts) -> None:
        self.name = name
        self.output = parts.output
        self.stage = parts.stage
        self.motors = parts.motors
        self.camera = parts.camera
        self._patterns = parts.patterns
        self._grains = parts.grains
        self._prepare_seconds = parts.prepare_seconds
        self._preparation = Activity(clock)
        self._degassing = Activity(clock)

    def readings(self) -> list[Reading]:
        """The sample holder, with the places of its holes in mm."""
        return [Reading("holder", self.stage.holder, details={"holes": self.stage.holes})]

    def foretell(self, method: str, *arguments: Any) -> None:
        """Knows its motors, and the names of places, paths, patterns and holders."""
        checks: Mapping[str, Callable[..., None]] = {
            "go_to_hole": lambda hole, autocenter: self.stage.check_any_hole(hole),
            "go_to_named_position": self.stage.check_position,
            "go_to_point": self.stage.check_point,
            "set_sample_holder": self.stage.check_holder,
            "trace_path": lambda value, name, kind: self.stage.check_path(name, value),
            "execute_pattern": lambda name, duration: self._patterns.check(name),
            "set_laser_output": self.output.check_output,
            "set_motor": lambda name, value: self.motors.check(name),
            "set_motor_lock": lambda name, locked: self.motors.check(name),
            "set_beam_diameter": lambda value: self.motors.check("beam"),
            "set_zoom": lambda value: self.motors.check("zoom"),
        }
        if method in checks:
            checks[method](*arguments)

    def enable(self) -> None:
        if not self.output.enabled:
            # What an interlock interrupted does not begin again by itself.
            self._end_light()
        self.output.enable()

    def disable(self) -> None:
        self._preparation.stop()
        self._end_light()
        self.output.disable()

    def is_enabled(self) -> bool:
        return self.output.enabled

    def get_error(self) -> str | None:
        return self.output.error

    def get_laser_status(self) -> str:
        return self.output.error or "OK"

    def prepare(self) -> None:
        self._preparation.begin(self._prepare_seconds)

    def is_ready(self) -> bool:
        return self._preparation.complete

    def set_laser_power(self, power: float) -> None:
        self.output.set_power(power)

    def set_laser_output(self, value: float, units: str) -> None:
        self.output.set_output(value, units)

    def read_laser_power(self) -> float:
        return self.output.read_watts()

    def get_achieved_output(self) -> float:
        return self.output.achieved()

    def get_pyrometer_temperature(self) -> float:
        return self.output.pyrometer.read()

    def get_response_blob(self) -> bytes:
        return self.output.pyrometer.response_blob()

    def get_output_blob(self) -> bytes:
        return self.output.pyrometer.output_blob()

    def get_position(self) -> Position:
        return self.stage.position

    def set_xy(self, x: float, y: float) -> None:
        self.stage.move({"x": x, "y": y})

    def set_axis(self, axis: str, value: float) -> None:
        self.stage.move({axis: value})

    def is_moving(self, axis: str) -> bool:
        return self.stage.is_moving(axis)

    def stop_drive(self) -> None:
        self._patterns.stop()
        self.stage.stop()

    def set_drive_home(self) -> None:
        self.stage.go_home()

    def set_home(self, axis: str) -> None:
        self.stage.declare_home(axis)

    def go_to_hole(self, hole: int, autocenter: bool) -> None:
        self.stage.go_to_hole(hole, autocenter)

    def go_to_named_position(self, name: str) -> None:
        self.stage.go_to_position(name)

    def go_to_point(self, name: str) -> None:
        self.stage.go_to_point(name)

    def is_autocentering(self) -> bool:
        return self.stage.autocentering

    def cancel_autocentering(self) -> None:
        self.stage.cancel_autocentering()

    def set_sample_holder(self, name: str) -> None:
        self.stage.set_holder(name)

    def get_sample_holder(self) -> str:
        return self.stage.holder

    def trace_path(self, value: float, name: str, kind: str) -> None:
        """Begin to trace at ``value`` mm/s; every kind is one continuous line here."""
        self.stage.trace(name, value)

    def is_tracing(self) -> bool:
        return self.stage.tracing

    def stop_trace(self) -> None:
        self.stage.stop_trace()

    def get_pattern_names(self) -> Sequence[str]:
        return self._patterns.names

    def execute_pattern(self, name: str, duration: float | None) -> None:
        self._patterns.begin(name, duration)

    def is_patterning(self) -> bool:
        return self._patterns.running

    def stop_pattern(self) -> None:
        self._patterns.stop()

    def set_beam_diameter(self, value: float) -> bool:
        return self.motors.move("beam", value)

    def get_beam_diameter(self) -> float | None:
        return self._motor_position("beam")

    def set_zoom(self, value: float) -> bool:
        return self.motors.move("zoom", value)

    def get_zoom(self) -> float | None:
        return self._motor_position("zoom")

    def set_motor(self, name: str, value: float) -> bool:
        return self.motors.move(name, value)

    def is_motor_moving(self, name: str) -> bool:
        return self.motors.is_moving(name)

    def set_motor_lock(self, name: str, locked: bool) -> None:
        self.motors.set_lock(name, locked)

    def take_snapshot(self, name: str, extension: str) -> Snapshot:
        return self.camera.snapshot(name, extension)

    def start_video_recording(self, name: str) -> None:
        self.camera.start_recording(name)

    def stop_video_recording(self) -> None:
        self.camera.stop_recording()

    def set_light(self, value: float) -> None:
        self.camera.light = value

    @property
    def degassing(self) -> bool:
        return self.output.enabled and self._degassing.active

    def machine_vision_degas(self, lumens: float, duration: float) -> None:
        self.output.check_enabled()
        self._degassing.begin(duration)

    def acquire_grain_polygon(self) -> None:
        self._grains.acquire()

    def start_measure_grain_polygon(self) -> None:
        self._grains.start()

    def stop_measure_grain_polygon(self) -> None:
        self._grains.stop()

    def get_grain_polygon_blob(self) -> bytes | None:
        return self._grains.fetch()

    def _end_light(self) -> None:
        """Forget what gives light for a time."""
        self._degassing.stop()

    def _motor_position(self, name: str) -> float | None:
        return self.motors.position(name) if name in self.motors else None
