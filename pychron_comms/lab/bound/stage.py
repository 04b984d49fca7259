"""A laser's stage whose axes are drives, and the places that it knows by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from twisted.internet.defer import Deferred

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import CommandError, InvalidSampleHolderError, PositionError
from pychron_comms.interfaces import Position
from pychron_comms.lab.bound.axis import Axis
from pychron_comms.lab.simulated.laser.holder import Holes

Place = Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Of each holder its holes; ``positions`` and ``points`` are x, y and perhaps z, in mm."""

    holders: Mapping[str, Holes] = field(default_factory=dict)
    positions: Mapping[str, Place] = field(default_factory=dict)
    points: Mapping[str, Place] = field(default_factory=dict)


class Stage:
    """``x``, ``y`` and perhaps ``z``. A place that one axis does not take moves none of them."""

    def __init__(self, axes: Mapping[str, Axis], places: Places, holder: str) -> None:
        self.axes = axes
        self.places = places
        self.holder = holder
        #: Called where it is moved or stopped by a command, after what is refused.
        self.taken_over: list[Callable[[], None]] = []

    @property
    def tells_moving(self) -> bool:
        """Whether every axis tells whether it moves."""
        return all(axis.tells_moving for axis in self.axes.values())

    async def position(self) -> Position:
        """An axis that is not there is at 0. Errors: 010."""
        at = {name: await axis.position() for name, axis in self.axes.items()}
        return Position(*(at.get(name, 0.0) for name in "xyz"))

    async def is_moving(self, name: str) -> bool:
        """Whether one moves, or any where ``name`` is empty. Errors: 010, 108."""
        axes = [self._axis(name)] if name else list(self.axes.values())
        moving = [await axis.is_moving() for axis in axes]
        return any(moving)

    async def move(self, place: Mapping[str, float]) -> None:
        """Begin to move the named axes. Errors: 108, 201."""
        self.check(place)
        self._take_over()
        await self.go(place)

    def check(self, place: Mapping[str, float]) -> None:
        """Errors: 108 for a place that it does not reach."""
        for name, value in place.items():
            self._axis(name).check(value)

    async def go(self, place: Mapping[str, float]) -> None:
        """As ``move``, for what goes on by itself, of a place that was checked."""
        moves = [(self._axis(name), value) for name, value in place.items()]
        await _all([partial(axis.move, value) for axis, value in moves])

    async def stop(self) -> None:
        """Every axis, whatever becomes of the others. Makes safe. Errors: 108, 201."""
        self._take_over()
        await self.stop_axes()

    async def stop_axes(self) -> None:
        """As ``stop``, of what goes on by itself."""
        await _all([axis.stop for axis in self.axes.values()])

    async def home(self) -> None:
        """Errors: 108, 201."""
        self._take_over()
        await _all([axis.home for axis in self.axes.values()])

    async def go_to_hole(self, hole: int) -> None:
        """Errors: 108."""
        holes = self.places.holders.get(self.holder, {})
        if hole not in holes:
            raise PositionError(f"no hole {hole} in {self.holder or 'any holder'}")
        await self._go_to(holes[hole])

    async def go_to(self, kind: str, known: Mapping[str, Place], name: str) -> None:
        """A place of that name. Errors: 108."""
        if name not in known:
            raise PositionError(f"no {kind} named {name}{did_you_mean(name, known)}")
        await self._go_to(known[name])

    def set_holder(self, name: str) -> None:
        """Errors: 104."""
        if name not in self.places.holders:
            near = did_you_mean(name, self.places.holders)
            raise InvalidSampleHolderError(f"{name}{near}")
        self.holder = name

    async def _go_to(self, place: Place) -> None:
        await self.move(dict(zip("xyz", place, strict=False)))

    def _take_over(self) -> None:
        for each in self.taken_over:
            each()

    def _axis(self, name: str) -> Axis:
        if name not in self.axes:
            raise PositionError(f"it has no axis {name}")
        return self.axes[name]


async def _all(actions: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """All at once; then the first error, if there is one."""
    errors = []
    for begun in [Deferred.fromCoroutine(_begun(action)) for action in actions]:
        try:
            await begun
        except CommandError as error:
            errors.append(error)
    if errors:
        raise errors[0]


async def _begun(action: Callable[[], Awaitable[None]]) -> None:
    await action()
