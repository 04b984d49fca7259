"""A process that can die, or stand still; nothing that belongs to it does anything then."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from twisted.internet.base import DelayedCall
from twisted.internet.error import AlreadyCalled
from twisted.internet.task import Clock


class Mortal(Protocol):
    """What ends with its process."""

    def die(self) -> None:
        """Its process is dead."""


class Turn(IntEnum):
    """In which order a reactor does what has become due while its process stood still."""

    THREADS = 0
    TIMERS = 1
    NETWORK = 2


class Still(NamedTuple):
    """A time in which a process stood still."""

    since: float
    until: float


class Timer:
    """A call to come, which can be called off until its process has made it."""

    def __init__(
        self,
        process: Process,
        function: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self._process = process
        self._call = function, args, kwargs
        self._due: DelayedCall
        self._over = False

    def wait(self, clock: Clock, delay: float) -> None:
        self._due = clock.callLater(delay, self._process.when_awake, self._make, Turn.TIMERS)

    def active(self) -> bool:
        return not self._over

    def cancel(self) -> None:
        if self._over:
            raise AlreadyCalled
        self._over = True
        if self._due.active():
            self._due.cancel()

    def reset(self, seconds: float) -> None:
        self._due.reset(seconds)

    def delay(self, seconds: float) -> None:
        self._due.delay(seconds)

    def getTime(self) -> float:
        return self._due.getTime()

    def _make(self) -> None:
        if not self._over:
            self._over = True
            function, args, kwargs = self._call
            function(*args, **kwargs)


class Process:
    """Gives what belongs to it its time; an ``IReactorTime`` as far as the road needs one."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._owned: set[Mortal] = set()
        self._held: list[tuple[Turn, int, Callable[[], object]]] = []
        self.name = name
        self.alive = True
        self.died_at = math.inf
        #: When it stood still (SIGSTOP, a swap, a laptop's lid).
        self.stills: list[Still] = []

    def seconds(self) -> float:
        return self._clock.seconds()

    def callLater(
        self, delay: float, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> DelayedCall:
        timer = Timer(self, function, args, kwargs)
        timer.wait(self._clock, delay)
        return cast(DelayedCall, timer)

    def callFromThread(self, function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        self.in_thread(0.0, partial(function, *args, **kwargs))

    def in_thread(self, delay: float, function: Callable[[], object]) -> None:
        """A thread of it does that, unless the process is dead by then."""
        self._clock.callLater(delay, self.when_awake, function, Turn.THREADS)

    @property
    def still(self) -> bool:
        return bool(self.stills) and self._clock.seconds() < self.stills[-1].until

    def stand_still(self, seconds: float) -> None:
        """What becomes due meanwhile is done afterwards, all at once."""
        if not self.still:
            now = self._clock.seconds()
            self.stills.append(Still(now, now + seconds))
            self._clock.callLater(seconds, self._wake)

    def when_awake(self, function: Callable[[], object], turn: Turn) -> None:
        """Call it now, or once the process goes on; never if it is dead by then."""
        if self.still:
            self._held.append((turn, len(self._held), function))
        elif self.alive:
            function()

    def _wake(self) -> None:
        held, self._held = sorted(self._held, key=lambda each: each[:2]), []
        for _, _, function in held:
            if self.alive:
                function()

    def own(self, mortal: Mortal) -> None:
        self._owned.add(mortal)

    def disown(self, mortal: Mortal) -> None:
        self._owned.discard(mortal)

    @property
    def owned(self) -> int:
        """How many connections it has open."""
        return len(self._owned)

    def kill(self) -> None:
        self.alive = False
        self.died_at = self._clock.seconds()
        owned, self._owned = self._owned, set()
        for mortal in owned:
            mortal.die()


class QuickClock(Clock):
    """Twisted's own spends a third of a history in a lambda."""

    def _sortCalls(self) -> None:
        self.calls.sort(key=DelayedCall.getTime)


def advance(clock: Clock, seconds: float) -> None:
    """Let time pass, so that each call sees the time that it was meant for."""
    until = clock.seconds() + seconds
    while True:
        calls = clock.getDelayedCalls()
        if not calls or calls[0].getTime() > until:
            break
        clock.advance(max(calls[0].getTime() - clock.seconds(), 0.0))
    clock.advance(max(until - clock.seconds(), 0.0))
