"""A factory that builds connections while there is room, and tells others that there is none."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from pychron_comms.errors import TooManyConnectionsError, error_line
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.peer_identity import sender_of
from pychron_comms.wire.rendering import render

#: Seconds that a refused client has to send its first command.
PATIENCE = 1.0

#: Refused clients that are waited for at once; with more, none is.
_WAITED_FOR = 64

#: Refused clients that are told of it at once; with more, they are closed without a word. Many come
#: in one turn of the loop, and each keeps a file descriptor until the next.
_TOLD = 96


class Refusal(Protocol):
    """Says one line and closes, when the client's first command has come or ``PATIENCE`` is over.

    Closed at once, with that command unread, the connection would be reset, and some systems drop
    what a client has not read by then.
    """

    transport: Any

    def __init__(self, factory: AdmissionFactory, line: bytes, clock: IReactorTime) -> None:
        self._limited = factory
        self._line = line
        self._clock = clock
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._limited.waited_for += 1
        self.transport.write(self._line)
        if self._limited.waited_for > _WAITED_FOR:
            self._close()
        else:
            self._timer = self._clock.callLater(PATIENCE, self._close)

    def dataReceived(self, data: bytes) -> None:
        self._close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._limited.waited_for -= 1
        self._cancel_timer()

    def _close(self) -> None:
        self._cancel_timer()
        self._timer = self._clock.callLater(PATIENCE, self.transport.abortConnection)
        self.transport.loseConnection()

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


class AdmissionFactory(Factory):
    """Builds what ``factory`` builds for as many clients as ``connections`` has room for.

    Those beyond never take more than ``_TOLD`` descriptors, however quickly they come.
    """

    noisy = False

    def __init__(self, factory: Any, connections: Connections) -> None:
        self._factory = factory
        self._connections = connections
        self.waited_for = 0

    def logPrefix(self) -> str:
        return str(self._factory.logPrefix())

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        host = sender_of(addr)
        limit = self._connections.limit_met(host)
        if limit is not None:
            if self.waited_for >= _TOLD:
                return None
            text = error_line(TooManyConnectionsError(limit))
            line = render("", text, self._connections.options.frame)
            return Refusal(self, line, self._connections.clock)
        protocol = self._factory.buildProtocol(addr)
        # It need not ask its transport, which would make the address anew.
        protocol.sender = host
        self._connections.add(protocol, host)
        return protocol
