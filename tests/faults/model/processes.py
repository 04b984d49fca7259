"""A process that can die: from then on nothing that belongs to it does anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.base import DelayedCall
from twisted.internet.task import Clock


class Mortal(Protocol):
    """What ends with its process."""

    def die(self) -> None:
        """Its process is dead."""


class Process:
    """Gives what belongs to it its time; an ``IReactorTime`` as far as the road needs one."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._owned: set[Mortal] = set()
        self.name = name
        self.alive = True

    def seconds(self) -> float:
        return self._clock.seconds()

    def callLater(
        self, delay: float, function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> DelayedCall:
        def live() -> None:
            if self.alive:
                function(*args, **kwargs)

        return self._clock.callLater(delay, live)

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
        owned, self._owned = self._owned, set()
        for mortal in owned:
            mortal.die()


def advance(clock: Clock, seconds: float) -> None:
    """Let time pass, so that each call sees the time that it was meant for."""
    until = clock.seconds() + seconds
    while True:
        calls = clock.getDelayedCalls()
        if not calls or calls[0].getTime() > until:
            break
        clock.advance(max(calls[0].getTime() - clock.seconds(), 0.0))
    clock.advance(max(until - clock.seconds(), 0.0))
