"""The processor is told which replies were read, of many at once."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Seconds after which the processor knows that a reply was read, and how many it is told at once.
WITHIN = 0.05
AT_ONCE = 100


class TakenReplies:
    """Those whose replies were read, and the processor does not know it yet.

    ``say`` tells it: with the next command, since that may be a copy of one of them, or a moment
    later.
    """

    def __init__(self, clock: IReactorTime, say: Callable[[str], None]) -> None:
        self._clock = clock
        self._say = say
        self._timer: IDelayedCall | None = None
        #: By the asks that they answer.
        self.asks: list[str] = []

    def add(self, ask: str) -> None:
        """One more."""
        self.asks.append(ask)
        if len(self.asks) >= AT_ONCE:
            self.tell()
        elif self._timer is None:
            self._timer = self._clock.callLater(WITHIN, self._tell_late)

    def tell(self) -> None:
        """Tell the processor now."""
        asks, self.asks = self.asks, []
        if asks:
            self._say(f"Taken {' '.join(asks)}")

    def stop(self) -> None:
        """There is nobody to be told any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_late(self) -> None:
        self._timer = None
        self.tell()
