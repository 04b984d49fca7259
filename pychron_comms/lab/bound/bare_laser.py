"""A laser that has nothing: what is asked of it is refused, what makes safe is done already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from zope.interface import implementer

from pychron_comms.errors import (
    InvalidMotorError,
    InvalidSampleHolderError,
    NoResponseError,
    PositionError,
)
from pychron_comms.interfaces import ILaserManager, Position, Snapshot
from pychron_comms.interfaces.later import Later


@implementer(ILaserManager)
class BareLaser:
    """To be built upon: each method is one that a part of a laser would have."""

    def enable(self) -> Later[None]:
        raise NoResponseError

    def disable(self) -> Later[None]:
        raise NoResponseError

    def is_enabled(self) -> Later[bool]:
        raise NoResponseError

    def get_error(self) -> Later[str | None]:
        raise NoResponseError

    def get_laser_status(self) -> Later[str]:
        raise NoResponseError

    def prepare(self) -> Later[None]:
        raise NoResponseError

    def is_ready(self) -> Later[bool]:
        raise NoResponseError

    def set_laser_power(self, power: float) -> Later[None]:
        raise NoResponseError

    def set_laser_output(self, value: float, units: str) -> Later[None]:
        raise NoResponseError

    def read_laser_power(self) -> Later[float]:
        raise NoResponseError

    def get_achieved_output(self) -> Later[float]:
        raise NoResponseError

    def get_pyrometer_temperature(self) -> Later[float]:
        raise NoResponseError

    def get_response_blob(self) -> Later[bytes]:
        raise NoResponseError

    def get_output_blob(self) -> Later[bytes]:
        raise NoResponseError

    def machine_vision_degas(self, lumens: float, duration: float) -> Later[None]:
        raise NoResponseError

    # -- a stage

    def get_position(self) -> Later[Position]:
        _no_stage()

    def set_xy(self, x: float, y: float) -> Later[None]:
        _no_stage()

    def set_axis(self, axis: str, value: float) -> Later[None]:
        _no_stage()

    def is_moving(self, axis: str) -> Later[bool]:
        return False

    def stop_drive(self) -> Later[None]:
        return None

    def set_drive_home(self) -> Later[None]:
        _no_stage()

    def set_home(self, axis: str) -> Later[None]:
        _no_stage()

    def go_to_hole(self, hole: int, autocenter: bool) -> Later[None]:
        _no_stage()

    def go_to_named_position(self, name: str) -> Later[None]:
        _no_stage()

    def go_to_point(self, name: str) -> Later[None]:
        _no_stage()

    def is_autocentering(self) -> Later[bool]:
        return False

    def cancel_autocentering(self) -> Later[None]:
        return None

    def trace_path(self, value: float, name: str, kind: str) -> Later[None]:
        _no_stage()

    def is_tracing(self) -> Later[bool]:
        return False

    def stop_trace(self) -> Later[None]:
        return None

    def set_sample_holder(self, name: str) -> Later[None]:
        raise InvalidSampleHolderError(name)

    def get_sample_holder(self) -> Later[str]:
        raise NoResponseError

    # -- patterns, motors, a camera

    def get_pattern_names(self) -> Later[Sequence[str]]:
        return ()

    def execute_pattern(self, name: str, duration: float | None) -> Later[None]:
        raise NoResponseError

    def is_patterning(self) -> Later[bool]:
        return False

    def stop_pattern(self) -> Later[None]:
        return None

    def set_beam_diameter(self, value: float) -> Later[bool]:
        return self.set_motor("beam", value)

    def get_beam_diameter(self) -> Later[float | None]:
        return None

    def set_zoom(self, value: float) -> Later[bool]:
        return self.set_motor("zoom", value)

    def get_zoom(self) -> Later[float | None]:
        return None

    def set_motor(self, name: str, value: float) -> Later[bool]:
        raise InvalidMotorError(name)

    def is_motor_moving(self, name: str) -> Later[bool]:
        raise InvalidMotorError(name)

    def set_motor_lock(self, name: str, locked: bool) -> Later[None]:
        raise InvalidMotorError(name)

    def take_snapshot(self, name: str, extension: str) -> Later[Snapshot]:
        raise NoResponseError

    def start_video_recording(self, name: str) -> Later[None]:
        raise NoResponseError

    def stop_video_recording(self) -> Later[None]:
        return None

    def set_light(self, value: float) -> Later[None]:
        raise NoResponseError

    def acquire_grain_polygon(self) -> Later[None]:
        raise NoResponseError

    def start_measure_grain_polygon(self) -> Later[None]:
        raise NoResponseError

    def stop_measure_grain_polygon(self) -> Later[None]:
        return None

    def get_grain_polygon_blob(self) -> Later[bytes | None]:
        return None


def _no_stage() -> NoReturn:
    raise PositionError("it has no stage")
