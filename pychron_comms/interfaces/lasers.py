"""A laser with its stage, optics and camera."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zope.interface import Interface

from pychron_comms.interfaces.later import Later


class Position(NamedTuple):
    """Stage coordinates in mm."""

    x: float
    y: float
    z: float


class Snapshot(NamedTuple):
    """An image: where it lies on the laser's computer, where others find it, its bytes."""

    local_path: str
    shared_path: str
    image: bytes


class ILaserManager(Interface):
    """A laser with its stage, motors, camera and patterns.

    Everything that takes longer than 0.5 s is begun by its method, which then returns, and is
    polled. Errors named are beside 010 for hardware that does not answer.
    """

    def enable() -> Later[None]:
        """Make the laser ready to fire. Errors: 101, 102 with the interlock in its way, 105."""

    def disable() -> Later[None]:
        """Make it unable to fire, power to 0. Makes safe. Errors: 101, 103."""

    def is_enabled() -> Later[bool]:
        """A bool, later."""

    def get_error() -> Later[str | None]:
        """A text, or None where nothing is wrong, later."""

    def get_laser_status() -> Later[str]:
        """A short text, later."""

    def prepare() -> Later[None]:
        """Begin to get ready for an extraction."""

    def is_ready() -> Later[bool]:
        """Whether ``prepare`` has come to its end; a bool, later."""

    def set_laser_power(power: float) -> Later[None]:
        """Power in percent, 0 to 100. Errors: 101; unless 0: 102 while not enabled, 105."""

    def set_laser_output(value: float, units: str) -> Later[None]:
        """Output in ``percent``, ``watts`` or ``temp`` (degrees C).

        Errors: as the power; 004, 106 for what the laser does not reach.
        """

    def read_laser_power() -> Later[float]:
        """Measured watts, later."""

    def get_achieved_output() -> Later[float]:
        """The output that was reached, in the units it was set in, later."""

    def get_pyrometer_temperature() -> Later[float]:
        """Degrees C, later."""

    def get_position() -> Later[Position]:
        """The stage's ``Position``, later."""

    def set_xy(x: float, y: float) -> Later[None]:
        """Begin a move, in mm. Errors: 108 outside the stage's travel, for all moves."""

    def set_axis(axis: str, value: float) -> Later[None]:
        """Begin a move of ``x``, ``y`` or ``z``, in mm. Errors: 108."""

    def is_moving(axis: str) -> Later[bool]:
        """Whether ``x``, ``y`` or ``z`` moves, or any where ``axis`` is empty; a bool, later."""

    def stop_drive() -> Later[None]:
        """Stop the stage where it is. Makes safe."""

    def set_drive_home() -> Later[None]:
        """Begin to move all axes home, to 0."""

    def set_home(axis: str) -> Later[None]:
        """Declare the present position of ``x``, ``y`` or ``z`` to be 0."""

    def go_to_hole(hole: int, autocenter: bool) -> Later[None]:
        """Begin a move to a hole of the sample holder. Errors: 108 no such hole."""

    def go_to_named_position(name: str) -> Later[None]:
        """Begin a move to a position of that name. Errors: 108."""

    def go_to_point(name: str) -> Later[None]:
        """Begin a move to a point of that name. Errors: 108."""

    def is_autocentering() -> Later[bool]:
        """Whether the camera still corrects the position; a bool, later."""

    def cancel_autocentering() -> Later[None]:
        """End the correction."""

    def trace_path(value: float, name: str, kind: str) -> Later[None]:
        """Begin to trace a path at ``value`` (power or velocity). Errors: 108 no such path."""

    def is_tracing() -> Later[bool]:
        """A bool, later."""

    def stop_trace() -> Later[None]:
        """Makes safe."""

    def get_pattern_names() -> Later[Sequence[str]]:
        """A sequence of names, later."""

    def execute_pattern(name: str, duration: float | None) -> Later[None]:
        """Begin a pattern, for ``duration`` seconds or its own time. Errors: 004 no such one."""

    def is_patterning() -> Later[bool]:
        """A bool, later."""

    def stop_pattern() -> Later[None]:
        """Makes safe."""

    def set_beam_diameter(value: float) -> Later[bool]:
        """In mm; True, or False where the beam motor is locked, later."""

    def get_beam_diameter() -> Later[float | None]:
        """In mm, or None without a beam motor, later."""

    def set_zoom(value: float) -> Later[bool]:
        """In percent of the camera's zoom."""

    def get_zoom() -> Later[float | None]:
        """In percent, or None without a zoom motor, later."""

    def set_motor(name: str, value: float) -> Later[bool]:
        """Begin a motor's move; True, or False where it is locked. Errors: 107, 108."""

    def is_motor_moving(name: str) -> Later[bool]:
        """A bool, later. Errors: 107."""

    def set_motor_lock(name: str, locked: bool) -> Later[None]:
        """Forbid a motor to move, or allow it again. Errors: 107."""

    def set_sample_holder(name: str) -> Later[None]:
        """Errors: 104."""

    def get_sample_holder() -> Later[str]:
        """A name, later."""

    def take_snapshot(name: str, extension: str) -> Later[Snapshot]:
        """A ``Snapshot``, later."""

    def start_video_recording(name: str) -> Later[None]:
        """Begin to record."""

    def stop_video_recording() -> Later[None]:
        """End the recording; nothing where none runs."""

    def machine_vision_degas(lumens: float, duration: float) -> Later[None]:
        """Begin to degas at a brightness, for ``duration`` seconds."""

    def set_light(value: float) -> Later[None]:
        """The stage light, 0 to 100 percent."""

    def get_response_blob() -> Later[bytes]:
        """The last extraction's measured response, bytes, later."""

    def get_output_blob() -> Later[bytes]:
        """The last extraction's output, bytes, later."""

    def acquire_grain_polygon() -> Later[None]:
        """Begin to take the outline of the grain."""

    def start_measure_grain_polygon() -> Later[None]:
        """Begin to measure outlines again and again."""

    def stop_measure_grain_polygon() -> Later[None]:
        """End that."""

    def get_grain_polygon_blob() -> Later[bytes | None]:
        """The next outline, bytes, or None when there are no more, later."""


class IUVLaserManager(ILaserManager):
    """A pulsed laser."""

    def fire(mode: str) -> Later[None]:
        """``burst`` or ``continuous`` begins, ``stop`` ends. Errors: 102 while not enabled."""

    def stop_fire() -> Later[None]:
        """Makes safe."""

    def is_firing() -> Later[bool]:
        """A bool, later."""

    def set_nburst(count: int) -> Later[None]:
        """Pulses of a burst, 1 or more."""

    def get_nburst() -> Later[int]:
        """A count, later."""

    def get_burst_mode() -> Later[bool]:
        """Whether bursts are chosen; a bool, later."""

    def set_reprate(rate: float) -> Later[None]:
        """Pulses per second, above 0 to 300."""
