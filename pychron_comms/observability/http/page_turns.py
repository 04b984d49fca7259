"""Whose request is answered when: pages take a small part of the loop, which commands need."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Pages take one part in so many of the loop's time.
PARTS = 5

#: Seconds of that which may be used ahead: a page and all its files come at once.
AHEAD = 0.05

Work = Callable[[], None]


class PageTurns:
    """Has requests answered one by one; where they are many, hosts take turns.

    A figure of ``/metrics`` costs more than a command, and one client can ask for a thousand of
    them in one segment: answered as they come, they would hold up a ``Close`` until the last.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # By host; whose turn it is comes first.
        self._waiting: OrderedDict[str, deque[Work]] = OrderedDict()
        self._call: IDelayedCall | None = None
        # When the time that was taken is made up for.
        self._even_at = 0.0

    def wait(self, work: Work, host: str) -> None:
        """Have it done, at once where nobody is held up by it."""
        if not self._waiting and self._seconds_left() <= 0:
            self._do(work)
            return
        self._waiting.setdefault(host, deque()).append(work)
        self._go_on()

    def _seconds_left(self) -> float:
        return self._even_at - AHEAD - self._clock.seconds()

    def _do(self, work: Work) -> None:
        began = self._clock.seconds()
        try:
            work()
        finally:
            took = self._clock.seconds() - began
            self._even_at = max(self._even_at, began) + PARTS * took

    def _go_on(self) -> None:
        if self._call is None and self._waiting:
            self._call = self._clock.callLater(max(self._seconds_left(), 0.0), self._next)

    def _next(self) -> None:
        self._call = None
        host, lane = self._waiting.popitem(last=False)
        work = lane.popleft()
        if lane:
            self._waiting[host] = lane
        try:
            self._do(work)
        finally:
            self._go_on()
