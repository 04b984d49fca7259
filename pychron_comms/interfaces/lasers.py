"""A laser with its stage, optics and camera."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

from typing import Any, NamedTuple

from zope.interface import Interface


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

    def enable() -> Any:
        """Make the laser ready to fire. Errors: 101, 102 with the interlock in its way, 105."""

    def disable() -> Any:
        """Make it unable to fire, power to 0. Makes safe. Errors: 101, 103."""

    def is_enabled() -> Any:
        """A bool, later."""

    def get_error() -> Any:
        """A text, or None where nothing is wrong, later."""

    def get_laser_status() -> Any:
        """A short text, later."""

    def prepare() -> Any:
        """Begin to get ready for an extraction."""

    def is_ready() -> Any:
        """Whether ``prepare`` has come to its end; a bool, later."""

    def set_laser_power(power: float) -> Any:
        """Power in percent, 0 to 100. Errors: 101; unless 0: 102 while not enabled, 105."""

    def set_laser_output(value: float, units: str) -> Any:
        """Output in ``percent``, ``watts`` or ``temp`` (degrees C).

        Errors: as the power; 004, 106 for what the laser does not reach.
        """

    def read_laser_power() -> Any:
        """Measured watts, later."""

    def get_achieved_output() -> Any:
        """The output that was reached, in the units it was set in, later."""

    def get_pyrometer_temperature() -> Any:
        """Degrees C, later."""

    def get_position() -> Any:
        """The stage's ``Position``, later."""

    def set_xy(x: float, y: float) -> Any:
        """Begin a move, in mm. Errors: 108 outside the stage's travel, for all moves."""

    def set_axis(axis: str, value: float) -> Any:
        """Begin a move of ``x``, ``y`` or ``z``, in mm. Errors: 108."""

    def is_moving(axis: str) -> Any:
        """Whether ``x``, ``y`` or ``z`` moves, or any where ``axis`` is empty; a bool, later."""

    def stop_drive() -> Any:
        """Stop the stage where it is. Makes safe."""

    def set_drive_home() -> Any:
        """Begin to move all axes home, to 0."""

    def set_home(axis: str) -> Any:
        """Declare the present position of ``x``, ``y`` or ``z`` to be 0."""

    def go_to_hole(hole: int, autocenter: bool) -> Any:
        """Begin a move to a hole of the sample holder. Errors: 108 no such hole."""

    def go_to_named_position(name: str) -> Any:
        """Begin a move to a position of that name. Errors: 108."""

    def go_to_point(name: str) -> Any:
        """Begin a move to a point of that name. Errors: 108."""

    def is_autocentering() -> Any:
        """Whether the camera still corrects the position; a bool, later."""

    def cancel_autocentering() -> Any:
        """End the correction."""

    def trace_path(value: float, name: str, kind: str) -> Any:
        """Begin to trace a path at ``value`` (power or velocity). Errors: 108 no such path."""

    def is_tracing() -> Any:
        """A bool, later."""

    def stop_trace() -> Any:
        """Makes safe."""

    def get_pattern_names() -> Any:
        """A sequence of names, later."""

    def execute_pattern(name: str, duration: float | None) -> Any:
        """Begin a pattern, for ``duration`` seconds or its own time. Errors: 004 no such one."""

    def is_patterning() -> Any:
        """A bool, later."""

    def stop_pattern() -> Any:
        """Makes safe."""

    def set_beam_diameter(value: float) -> Any:
        """In mm; True, or False where the beam motor is locked, later."""

    def get_beam_diameter() -> Any:
        """In mm, or None without a beam motor, later."""

    def set_zoom(value: float) -> Any:
        """In percent of the camera's zoom."""

    def get_zoom() -> Any:
        """In percent, or None without a zoom motor, later."""

    def set_motor(name: str, value: float) -> Any:
        """Begin a motor's move; True, or False where it is locked. Errors: 107, 108."""

    def is_motor_moving(name: str) -> Any:
        """A bool, later. Errors: 107."""

    def set_motor_lock(name: str, locked: bool) -> Any:
        """Forbid a motor to move, or allow it again. Errors: 107."""

    def set_sample_holder(name: str) -> Any:
        """Errors: 104."""

    def get_sample_holder() -> Any:
        """A name, later."""

    def take_snapshot(name: str, extension: str) -> Any:
        """A ``Snapshot``, later."""

    def start_video_recording(name: str) -> Any:
        """Begin to record."""

    def stop_video_recording() -> Any:
        """End the recording; nothing where none runs."""

    def machine_vision_degas(lumens: float, duration: float) -> Any:
        """Begin to degas at a brightness, for ``duration`` seconds."""

    def set_light(value: float) -> Any:
        """The stage light, 0 to 100 percent."""

    def get_response_blob() -> Any:
        """The last extraction's measured response, bytes, later."""

    def get_output_blob() -> Any:
        """The last extraction's output, bytes, later."""

    def acquire_grain_polygon() -> Any:
        """Begin to take the outline of the grain."""

    def start_measure_grain_polygon() -> Any:
        """Begin to measure outlines again and again."""

    def stop_measure_grain_polygon() -> Any:
        """End that."""

    def get_grain_polygon_blob() -> Any:
        """The next outline, bytes, or None when there are no more, later."""


class IUVLaserManager(ILaserManager):
    """A pulsed laser."""

    def fire(mode: str) -> Any:
        """``burst`` or ``continuous`` begins, ``stop`` ends. Errors: 102 while not enabled."""

    def stop_fire() -> Any:
        """Makes safe."""

    def is_firing() -> Any:
        """A bool, later."""

    def set_nburst(count: int) -> Any:
        """Pulses of a burst, 1 or more."""

    def get_nburst() -> Any:
        """A count, later."""

    def get_burst_mode() -> Any:
        """Whether bursts are chosen; a bool, later."""

    def set_reprate(rate: float) -> Any:
        """Pulses per second, above 0 to 300."""
