"""The processor is told which replies were read, of many at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pychron_comms.wire.copies import KEEP, connection_of

#: Seconds after which the processor knows that a reply was read, and how many it is told at once.
WITHIN = 0.05
AT_ONCE = 100

#: Of how many that were read lately a processor is told when it comes back.
MOST = 10_000


class TakenReplies:
    """Those whose replies were read, and the processor does not know it yet.

    ``say`` tells it: before the next command that may be a copy of one of them, or a moment later.
    """

    def __init__(self, clock: IReactorTime, say: Callable[[str], None]) -> None:
        self._clock = clock
        self._say = say
        self._timer: IDelayedCall | None = None
        #: By the asks that they answer.
        self.asks: list[str] = []
        # And the connections by which these came.
        self._connections: set[str] = set()

    def add(self, ask: str) -> None:
        """One more."""
        self.asks.append(ask)
        self._connections.add(connection_of(ask))
        if len(self.asks) >= AT_ONCE:
            self.tell()
        elif self._timer is None:
            self._timer = self._clock.callLater(WITHIN, self._tell_late)

    def concern(self, ask: str) -> bool:
        """Whether a command with this ask may be a copy of one of theirs: it came by another
        connection."""
        connection = connection_of(ask)
        return bool(self.asks) and (not connection or self._connections != {connection})

    def take(self) -> list[str]:
        """Those of now, whom the caller tells the processor of."""
        asks, self.asks, self._connections = self.asks, [], set()
        return asks

    def tell(self) -> None:
        """Tell the processor now."""
        asks = self.take()
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


class ReadLately:
    """Replies that were read in the last ``KEEP`` seconds, in which a processor knows their copies.

    A processor that was started again knows the commands of just now, and not that. Told once more,
    of the same process too, it is no news.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._read: deque[tuple[float, str]] = deque(maxlen=MOST)

    def add(self, ask: str) -> None:
        """One more."""
        now = self._clock.seconds()
        self._read.append((now, ask))
        while self._read[0][0] <= now - KEEP:
            self._read.popleft()

    def asks(self) -> list[str]:
        """By the asks that they answer, oldest first."""
        since = self._clock.seconds() - KEEP
        return [ask for at, ask in self._read if at > since]
