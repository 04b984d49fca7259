"""One timer of the reactor for all the commands of a communicator."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

# Seconds by which a timer may fire early, as sums of floating point numbers do.
_EARLY = 1e-6

# Below so many, entries of what is over are not worth removing.
_FEW = 128


class Mortal(Protocol):
    """What is to end at a time: ``end``, in seconds of the clock."""

    end: float
    is_over: bool

    def expire(self) -> None:
        """Its time has come; it is over from now on, and says so."""


class Timekeeper:
    """Expires what was added when its time comes; costs next to nothing for what ends before."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._queue: list[tuple[float, int, Mortal]] = []
        self._order = count()
        self._over = 0
        self._call: IDelayedCall | None = None
        self._due = 0.0

    def now(self) -> float:
        return self._clock.seconds()

    def add(self, mortal: Mortal) -> None:
        heappush(self._queue, (mortal.end, next(self._order), mortal))
        if self._call is None or mortal.end < self._due:
            self._set()

    def one_is_over(self) -> None:
        """Each that was added says this once, when it is over."""
        self._over += 1
        if self._over == len(self._queue):
            self._queue.clear()
            self._over = 0
            self._unset()
        elif self._over > _FEW and self._over * 2 > len(self._queue):
            self._queue = [entry for entry in self._queue if not entry[2].is_over]
            heapify(self._queue)
            self._over = 0

    def _set(self) -> None:
        self._unset()
        self._due = self._queue[0][0]
        self._call = self._clock.callLater(max(self._due - self.now(), 0.0), self._fire)

    def _unset(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _fire(self) -> None:
        self._call = None
        latest = self.now() + _EARLY
        while self._queue and self._queue[0][0] <= latest:
            mortal = self._queue[0][2]
            if mortal.is_over:
                heappop(self._queue)
                self._over -= 1
            else:
                mortal.expire()
        if self._queue and self._call is None:
            self._set()
