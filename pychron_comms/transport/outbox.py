"""All that a connection writes: in order, and one write for what is ready together."""

from __future__ import annotations

from typing import Any

from pychron_comms.transport.socket_tuning import close_now, write_now


class Outbox:
    """The only way to a connection's transport. Closing it sends first what was held."""

    __slots__ = ("_held", "_transport", "held")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None
        #: Bytes that are held.
        self.held = 0

    def hold(self) -> None:
        """Gather what is written until ``release``."""
        if self._held is None:
            self._held = []

    def release(self, *, soon: bool) -> int:
        """Send what was gathered; how many bytes. ``soon`` is as with ``write``."""
        held, self._held = self._held, None
        if not held:
            return 0
        self.held = 0
        return self.write(held[0] if len(held) == 1 else b"".join(held), soon=soon)

    def write(self, data: bytes, *, soon: bool) -> int:
        """Send it at once; where ``soon``, with what else is written in this turn of the reactor.

        How many bytes were sent: none where they are held.
        """
        if self._held is not None:
            self._held.append(data)
            self.held += len(data)
            return 0
        if soon:
            self._transport.write(data)
        else:
            write_now(self._transport, data)
        return len(data)

    def close(self) -> None:
        """End the connection when all of it is written."""
        self.release(soon=True)
        # A transport waits for a producer that it has paused, and would never close.
        self._transport.unregisterProducer()
        self._transport.loseConnection()

    def close_now(self) -> None:
        """The same where the other end has stopped sending: without a turn, if nothing waits."""
        self.release(soon=True)
        close_now(self._transport)
