"""A drive of a laser: an axis of its stage, or a motor."""

from __future__ import annotations

from pychron_comms.errors import NoResponseError, OutcomeUnknownError, PositionError
from pychron_comms.instruments.bound_item import (
    BoundItem,
    NotDoneError,
    UnprovenError,
    check_limits,
)
from pychron_comms.instruments.device import asked
from pychron_comms.instruments.jobs import NotAskedError

_MOVING = "moving"


class Axis:
    """Moves are begun, and polled."""

    def __init__(self, name: str, item: BoundItem) -> None:
        self.name = name
        self.item = item

    def check(self, target: float) -> None:
        """Errors: 108 for a target that the drive does not take."""
        try:
            check_limits(self.item.item.verbs["move"], target)
        except ValueError as error:
            raise PositionError(f"{self.name} {target:g}: {error}") from None

    async def move(self, target: float) -> None:
        """Begin. Errors: 108, 201."""
        self.check(target)
        await self._done("move", target)

    async def stop(self) -> None:
        """Makes safe. Errors: 108, 201."""
        await self._done("stop")

    async def home(self) -> None:
        """Begin to go home. Errors: 108, also where the drive knows no home; 201."""
        if "home" not in self.item.item.verbs:
            raise PositionError(f"{self.name} knows no home")
        await self._done("home")

    async def position(self) -> float:
        """Errors: 010."""
        return float(await asked(self.item, "position"))

    async def is_moving(self) -> bool:
        """Errors: 010, also where the drive does not tell."""
        if _MOVING not in self.item.item.readings:
            raise NoResponseError
        return await asked(self.item, _MOVING) == _MOVING

    @property
    def tells_moving(self) -> bool:
        """Whether it tells whether it moves."""
        return _MOVING in self.item.item.readings

    @property
    def latest(self) -> float | None:
        """Where it last was; nothing is asked."""
        value = self.item.latest("position").value
        return None if value is None else float(value)

    @property
    def moving(self) -> bool | None:
        """Whether it last moved; None where that is not known."""
        if _MOVING not in self.item.item.readings:
            return None
        value = self.item.latest(_MOVING).value
        return None if value is None else value == _MOVING

    async def _done(self, verb: str, value: float | None = None) -> None:
        try:
            await self.item.do(verb, value)
        except (NotAskedError, NotDoneError) as error:
            raise PositionError(f"{self.name}: {error}") from None
        except UnprovenError as error:
            raise OutcomeUnknownError(f"{verb} of {self.name}: {error}") from None
        except ValueError as error:
            raise PositionError(f"{self.name}: {error}") from None
