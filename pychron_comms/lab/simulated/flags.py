"""Flags, by which scripts on different computers wait for each other."""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from pychron_comms.interfaces import IConvertsValues, IFlag, IReactorManager
from pychron_comms.lab.simulated.devices import finite, refused


@implementer(IFlag, IConvertsValues, IReactorManager)
class Flag:
    """0 or 1, until somebody sets it otherwise."""

    def __init__(self, name: str, now: Callable[[], float] = time.time) -> None:
        self.name = name
        self._now = now
        self._value = 0

    def get(self) -> int:
        return self._value

    def set(self, value: str, sender: str) -> None:
        self._value = self.converted(value)

    def converted(self, value: str) -> int:
        number = finite(self.name, value)
        if number not in {0, 1}:
            raise refused(self.name, value, "must be 0 or 1")
        return int(number)

    def ping(self, sender: str) -> str:
        return str(int(self._now()))


@implementer(IFlag, IConvertsValues, IReactorManager)
class TimedFlag:
    """Set to a number of seconds above 0 it is 1 for that long; set to 0 it is cleared."""

    def __init__(
        self, name: str, clock: IReactorTime, now: Callable[[], float] = time.time
    ) -> None:
        self.name = name
        self._clock = clock
        self._now = now
        self._end: float | None = None

    def get(self) -> int:
        return int(self._end is not None and self._clock.seconds() < self._end)

    def set(self, value: str, sender: str) -> None:
        seconds = self.converted(value)
        self._end = self._clock.seconds() + seconds if seconds else None

    def converted(self, value: str) -> float:
        seconds = finite(self.name, value)
        if seconds < 0:
            raise refused(self.name, value, "must be at least 0 s")
        return seconds

    def ping(self, sender: str) -> str:
        """The time of day in seconds; ``Complete`` once it has run out and was not cleared."""
        if self._end is not None and not self.get():
            return "Complete"
        return str(int(self._now()))
