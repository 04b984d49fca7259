"""All that a connection writes: in order, at once, and one write for what is ready together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pychron_comms.transport.cork import Cork
from pychron_comms.transport.socket_tuning import close_now, write_now


class Outbox:
    """The only way to a connection's transport. Closing it sends first what was kept.

    While the ``cork`` is in, what is written is kept.
    """

    __slots__ = ("_cork", "_kept", "_transport", "held", "sent")

    def __init__(self, transport: Any, cork: Cork) -> None:
        self._transport = transport
        self._cork = cork
        #: Told, where it is there, how many bytes went out, or into the transport's own buffer
        #: where the other end does not read.
        self.sent: Callable[[int], object] | None = None
        # None for most: a connection that is idle is to cost little.
        self._kept: list[bytes] | None = None
        #: Bytes that are kept.
        self.held = 0

    def write(self, data: bytes) -> None:
        """Send it at once, or with what else is ready when the cork is drawn."""
        if not self._cork.depth:
            write_now(self._transport, data)
            if self.sent is not None:
                self.sent(len(data))
            return
        if self._kept is None:
            self._kept = []
            self._cork.keep(self)
        self._kept.append(data)
        self.held += len(data)

    def release(self) -> None:
        """Send what was kept."""
        kept, self._kept, self.held = self._kept, None, 0
        if kept:
            self._cork.settle()
            data = kept[0] if len(kept) == 1 else b"".join(kept)
            write_now(self._transport, data)
            if self.sent is not None:
                self.sent(len(data))

    def close(self) -> None:
        """End the connection when all of it is written."""
        self._finish()
        self._transport.loseConnection()

    def close_now(self) -> None:
        """The same where the other end has stopped sending: without a turn, if nothing waits."""
        self._finish()
        close_now(self._transport)

    def _finish(self) -> None:
        self.release()
        # A transport waits for a producer that it has paused, and would never close.
        self._transport.unregisterProducer()
