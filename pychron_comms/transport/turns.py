"""Fair turns for connections with much to be worked off: host by host, a little at a time."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Lines of one connection that are worked off when they come, while nobody waits for a turn.
AT_ONCE = 64

#: Lines of one connection in one turn.
SLICE = 16

#: Lines of all of them, and seconds, before the reactor sees to other things.
_ROUND = 64
_ROUND_TIME = 0.005


class Worker(Protocol):
    """A connection that has lines waiting."""

    def work(self, most: int) -> None:
        """Work off so many lines at most; where there are more, wait for the next turn."""


class FairTurns:
    """The turns of all connections of a process.

    Hosts take turns, and so do the connections of each. A host's many connections have together
    what another's one has.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._hosts: deque[str] = deque()
        self._waiting: dict[str, deque[Worker]] = {}
        self._call: IDelayedCall | None = None

    @property
    def at_once(self) -> int:
        """Lines that a connection may work off without a turn."""
        return 1 if self._hosts else AT_ONCE

    def wait(self, worker: Worker, host: str) -> None:
        """Give it a turn; it does not wait for one already."""
        workers = self._waiting.get(host)
        if workers is None:
            workers = self._waiting[host] = deque()
            self._hosts.append(host)
        workers.append(worker)
        if self._call is None:
            self._call = self._clock.callLater(0, self._round)

    def _round(self) -> None:
        self._call = None
        until = self._clock.seconds() + _ROUND_TIME
        for _ in range(_ROUND // SLICE):
            if not self._hosts or self._clock.seconds() > until:
                break
            self._next()
        if self._hosts and self._call is None:
            self._call = self._clock.callLater(0, self._round)

    def _next(self) -> None:
        host = self._hosts.popleft()
        workers = self._waiting[host]
        worker = workers.popleft()
        if workers:
            self._hosts.append(host)
        else:
            del self._waiting[host]
        worker.work(SLICE)
