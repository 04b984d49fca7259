"""The stage under a laser: it carries the sample holder and brings its holes under the beam."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError, InvalidSampleHolderError, PositionError
from pychron_comms.interfaces import Position
from pychron_comms.lab.simulated.activity import Activity
from pychron_comms.lab.simulated.laser.holder import Holes
from pychron_comms.lab.simulated.laser.motion import Motion

Place = Sequence[float]


@dataclass(frozen=True, kw_only=True)
class StageMap:
    """The places that a stage knows by name, in mm.

    ``positions`` and ``points`` are x, y and perhaps z; ``paths`` are the corners of lines.
    """

    holders: Mapping[str, Holes]
    positions: Mapping[str, Place] = field(default_factory=dict)
    points: Mapping[str, Place] = field(default_factory=dict)
    paths: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)


class Stage:
    """Three axes, the map of what lies on them, and the camera's correction after a move.

    Every move raises 108 for a place that it does not know or cannot reach, and then moves no
    axis. A move ends a trace and a correction.
    """

    def __init__(
        self,
        clock: IReactorTime,
        axes: Mapping[str, Motion],
        places: StageMap,
        holder: str,
        autocenter_seconds: float,
    ) -> None:
        self._axes = axes
        self._map = places
        self._autocenter_seconds = autocenter_seconds
        self._autocentering = Activity(clock)
        self._trace = Activity(clock)
        self.set_holder(holder)

    @property
    def position(self) -> Position:
        return Position(*(self._axes[name].position for name in "xyz"))

    @property
    def holder(self) -> str:
        return self._holder

    @property
    def holes(self) -> list[list[float]]:
        """Where the holder's holes are, in mm, in the order of their numbers."""
        return [list(place) for _, place in sorted(self._map.holders[self._holder].items())]

    @property
    def autocentering(self) -> bool:
        """From the start of a move that ends with a correction to the end of the correction."""
        return self._autocentering.active

    @property
    def tracing(self) -> bool:
        return self._trace.active

    def is_moving(self, axis: str) -> bool:
        """Whether one axis moves, or any where ``axis`` is empty."""
        axes = [self._axes[axis]] if axis else self._axes.values()
        return any(each.moving for each in axes)

    def set_holder(self, name: str) -> None:
        """Errors: 104."""
        self.check_holder(name)
        self._holder = name

    def check_holder(self, name: str) -> None:
        """Errors: 104."""
        if name not in self._map.holders:
            near = did_you_mean(name, self._map.holders)
            raise InvalidSampleHolderError(f"{name}{near}")

    def check_any_hole(self, hole: int) -> None:
        """Whether some holder has that hole. Errors: 108."""
        if not any(hole in holes for holes in self._map.holders.values()):
            raise PositionError(f"no hole {hole} in {' or '.join(self._map.holders)}")

    def check_position(self, name: str) -> None:
        """Errors: 108."""
        _check_name(self._map.positions, "position", name)

    def check_point(self, name: str) -> None:
        """Errors: 108."""
        _check_name(self._map.points, "point", name)

    def check_path(self, name: str, speed: float) -> None:
        """Errors: 004 for a speed of 0, 108."""
        _check_name(self._map.paths, "path", name)
        if speed <= 0:
            raise InvalidArgumentsError("TracePath", f"{speed:g} {name} (no speed)")

    def move(self, place: Mapping[str, float]) -> None:
        """Begin to move the named axes, each to its value in mm."""
        for name, value in place.items():
            self._axes[name].check(value)
        self.cancel_autocentering()
        self._trace.stop()
        for name, value in place.items():
            self._axes[name].begin(value)

    def go_home(self) -> None:
        self.move(dict.fromkeys(self._axes, 0.0))

    def go_to_hole(self, hole: int, autocenter: bool) -> None:
        holes = self._map.holders[self._holder]
        if hole not in holes:
            raise PositionError(f"no hole {hole} in {self._holder}")
        x, y = holes[hole]
        self.move({"x": x, "y": y})
        if autocenter:
            arrival = max(axis.remaining for axis in self._axes.values())
            self._autocentering.begin(arrival + self._autocenter_seconds)

    def go_to_position(self, name: str) -> None:
        self.check_position(name)
        self._go_to(self._map.positions[name])

    def go_to_point(self, name: str) -> None:
        self.check_point(name)
        self._go_to(self._map.points[name])

    def trace(self, name: str, speed: float) -> None:
        """Begin to follow a path at ``speed`` mm/s, or as fast as the stage can.

        Errors: 004 for a speed of 0, 108.
        """
        self.check_path(name, speed)
        x, y = self._axes["x"], self._axes["y"]
        speed = min(speed, x.speed, y.speed)
        seconds = 0.0
        corner = (x.position, y.position)
        course = []
        for following in self._map.paths[name]:
            x.check(following[0])
            y.check(following[1])
            seconds += math.dist(corner, following) / speed
            course.append((seconds, *following))
            corner = following
        self.cancel_autocentering()
        x.follow([(time, place) for time, place, _ in course])
        y.follow([(time, place) for time, _, place in course])
        self._trace.begin(seconds)

    def cancel_autocentering(self) -> None:
        self._autocentering.stop()

    def stop(self) -> None:
        """Stop every axis where it is, and what moves them."""
        self._trace.stop()
        self.cancel_autocentering()
        for axis in self._axes.values():
            axis.stop()

    def stop_trace(self) -> None:
        """Stop the axes if they follow a path; leave another move alone."""
        if self.tracing:
            self.stop()

    def declare_home(self, axis: str) -> None:
        """Stop one axis and call its present place 0."""
        self._axes[axis].declare_zero()

    def _go_to(self, place: Place) -> None:
        self.move(dict(zip("xyz", place, strict=False)))


def _check_name(known: Mapping[str, object], kind: str, name: str) -> None:
    if name not in known:
        raise PositionError(f"no {kind} named {name}{did_you_mean(name, known)}")
