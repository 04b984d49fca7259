"""Fair turns for connections with much to be worked off: host by host, a little at a time."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Lines of all chunks that are worked off when they come, in one turn of the reactor.
AT_ONCE = 64

#: Lines of one connection in one go, and seconds that one is meant to take. Of quick ones that came
#: together there are ``QUICK`` at most: each go is a write here, and a read at the other end.
SLICE, QUICK = 16, 32
_GO = 0.001

#: Lines of all of them, and seconds, before the reactor sees to other things.
_ROUND = 64
_ROUND_TIME = 0.001


def slice_after(lines: int, seconds: float, most: int) -> int:
    """How many lines there are in a connection's next go, when so many took that long.

    ``most`` were in the last one. A command that acts may cost as much as twenty reads.
    """
    fit = int(lines * _GO / seconds) if seconds > 0 else QUICK
    return max(1, min(fit, 2 * most, QUICK))


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
        #: How many wait for their turn.
        self.waiting = 0
        # Of ``AT_ONCE``, in this turn of the reactor; where few are gone, it may be another one.
        self._left = AT_ONCE
        self._renewal: IDelayedCall | None = None

    def at_once(self, lines: int, host: str) -> int:
        """How many of so many lines that have come together may be worked off without a turn.

        None while others of that host wait for one; at most the first, while those of another do.
        Many chunks that come in one turn of the reactor share ``AT_ONCE``: it would not see to
        anybody else before it had done them all.
        """
        if host in self._waiting:
            return 0
        most = min(lines, 1 if self._hosts else AT_ONCE, self._left)
        self._left -= most
        if self._left <= AT_ONCE - SLICE and self._renewal is None:
            self._renewal = self._clock.callLater(0, self._renew)
        return most

    def wait(self, worker: Worker, host: str) -> None:
        """Give it a turn; it does not wait for one already."""
        workers = self._waiting.get(host)
        if workers is None:
            workers = self._waiting[host] = deque()
            self._hosts.append(host)
        workers.append(worker)
        self.waiting += 1
        if self._call is None:
            self._call = self._clock.callLater(0, self._round)

    def _renew(self) -> None:
        self._renewal = None
        self._left = AT_ONCE

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
        self.waiting -= 1
        if workers:
            self._hosts.append(host)
        else:
            del self._waiting[host]
        worker.work(SLICE)
