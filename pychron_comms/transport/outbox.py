"""All that a connection writes: in order, and one write for what is ready together."""

from __future__ import annotations

from typing import Any

from pychron_comms.transport.socket_tuning import close_now, write_now


class Outbox:
    """The only way to a connection's transport. Closing it sends first what was held."""

    __slots__ = ("_held", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None

    def hold(self) -> None:
        """Gather what is written until ``release``."""
        if self._held is None:
            self._held = []

    def release(self, *, soon: bool) -> bool:
        """Send what was gathered; whether there was any. ``soon`` is as with ``write``."""
        held, self._held = self._held, None
        if held:
            self.write(held[0] if len(held) == 1 else b"".join(held), soon=soon)
        return bool(held)

    def write(self, data: bytes, *, soon: bool) -> bool:
        """Send it at once; where ``soon``, with what else is written in this turn of the reactor.

        False where it is held.
        """
        if self._held is not None:
            self._held.append(data)
            return False
        if soon:
            self._transport.write(data)
        else:
            write_now(self._transport, data)
        return True

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
