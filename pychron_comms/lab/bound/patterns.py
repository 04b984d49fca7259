"""Patterns: courses of the stage around the place where it stands, that go on by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import CommandError, InvalidArgumentsError, PositionError
from pychron_comms.lab.bound.stage import Stage

#: Seconds between two looks whether the stage has arrived.
LOOK_AGAIN = 0.1


@dataclass(frozen=True, kw_only=True)
class Course:
    """``offsets`` are x and y in mm from where it begins, ``pause`` the seconds at each of them.

    It goes around for ``duration`` seconds; once where that is None.
    """

    offsets: Sequence[tuple[float, float]]
    pause: float = 0.0
    duration: float | None = None


class Patterns:
    """One at a time. It ends where it began, or at once: where it is stopped, where the stage is
    stopped or moved otherwise, where another begins, and at the first move that fails.
    """

    _log = Logger()

    def __init__(self, stage: Stage, courses: Mapping[str, Course], clock: IReactorTime) -> None:
        #: Which one runs; empty where none does.
        self.running = ""
        #: Why the last one ended before its time.
        self.trouble = ""
        self._stage = stage
        self._courses = courses
        self._clock = clock
        self._begun = 0
        #: Whether the stage may still move for one that has been ended.
        self._may_move = False
        stage.taken_over.append(self._taken_over)

    @property
    def names(self) -> list[str]:
        return list(self._courses)

    def check(self, name: str) -> Course:
        """The one of that name. Errors: 004."""
        if name not in self._courses:
            near = did_you_mean(name, self._courses) or "; GetPatternNames lists them"
            raise InvalidArgumentsError("DoPattern", f"{name} (no such pattern{near})")
        return self._courses[name]

    async def begin(self, name: str, duration: float | None) -> None:
        """Begin to move to its first place. Errors: 004; 010 where it is not known where the stage
        is; 108, also where the stage does not reach each place of it; 201."""
        course = self.check(name)
        before = self._begun
        at = await self._stage.position()
        places = [{"x": at.x + x, "y": at.y + y} for x, y in course.offsets]
        for place in places:
            self._stage.check(place)
        if before != self._begun:
            raise PositionError(f"{name}: it was stopped before it began")
        self.end()
        mine = self._begun
        self.running, self.trouble, self._may_move = name, "", True
        try:
            await self._stage.go(places[0])
        except CommandError:
            self._fail(mine, "")
            raise
        seconds = course.duration if duration is None else duration
        until = None if seconds is None else self._clock.seconds() + seconds
        rest = _Rest(places, {"x": at.x, "y": at.y}, course.pause, until)
        Deferred.fromCoroutine(self._go_on(rest, mine))

    def end(self) -> None:
        """Nothing more is sent for it; what is under way on the stage goes on."""
        self._begun += 1
        self.running = ""

    async def stop(self) -> None:
        """End it, and stop the stage where it may still move for it. Makes safe.

        Errors: 108, 201.
        """
        self.end()
        mine = self._begun
        if self._may_move:
            await self._stage.stop_axes()
        if mine == self._begun:
            self._may_move = False

    def _taken_over(self) -> None:
        self.end()
        self._may_move = False

    async def _go_on(self, rest: _Rest, mine: int) -> None:
        try:
            for place in rest.places():
                await self._arrived(rest.pause, mine)
                late = rest.until is not None and self._clock.seconds() >= rest.until
                if mine != self._begun:
                    return
                await self._stage.go(rest.back if late else place)
                if late:
                    break
            await self._arrived(0.0, mine)
        except CommandError as error:
            self._fail(mine, f"pattern {self.running} ended: {error}")
        else:
            if mine == self._begun:
                self._taken_over()

    async def _arrived(self, pause: float, mine: int) -> None:
        """Wait until the stage stands, and then for as long. Errors: 010."""
        await deferLater(self._clock, LOOK_AGAIN)
        while self._stage.tells_moving and mine == self._begun and await self._stage.is_moving(""):
            await deferLater(self._clock, LOOK_AGAIN)
        if pause > LOOK_AGAIN:
            await deferLater(self._clock, pause - LOOK_AGAIN)

    def _fail(self, mine: int, trouble: str) -> None:
        if mine == self._begun:
            self.end()
            self.trouble = trouble
            if trouble:
                self._log.warn("{why}", why=trouble)


class _Rest(NamedTuple):
    """What follows the first place: all others, around until it is time to go back."""

    all: Sequence[Mapping[str, float]]
    back: Mapping[str, float]
    pause: float
    until: float | None

    def places(self) -> Iterator[Mapping[str, float]]:
        """Without an end where it has a time."""
        return chain(self.all[1:], [self.back] if self.until is None else cycle(self.all))
