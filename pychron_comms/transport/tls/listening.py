"""TLS around the connections of a listener; nobody holds one open without a handshake."""

from __future__ import annotations

from typing import Any, cast

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocolFactory,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.accepting import ListeningService
from pychron_comms.transport.endpoints import twisted_service
from pychron_comms.transport.peer_identity import sender_of
from pychron_comms.transport.socket_tuning import make_prompt
from pychron_comms.transport.tls.contexts import ServerContexts
from pychron_comms.transport.tls.strings import parse_listener

#: Seconds that a handshake may take, and that a client may take to end a connection that we end.
HANDSHAKE_TIME = 10.0


class TLSConnection(TLSMemoryBIOProtocol):
    """One client's; what keeps it from its handshake is logged, in one line."""

    _log = Logger()
    _timer: IDelayedCall | None = None
    _late = False
    transport: Any

    def makeConnection(self, transport: ITransport) -> None:
        # What is above sees a transport that does not say it is TCP.
        make_prompt(transport)
        self._start_timer(self._end_late_handshake)
        super().makeConnection(transport)

    def loseConnection(self) -> None:
        super().loseConnection()
        # TLS waits for the client to end its side too.
        if self.connected and self.disconnecting:
            self._start_timer(self.abortConnection)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._cancel_timer()
        if not self._is_shaken:
            self._tell_why(getattr(self, "_reason", None) or reason)
        super().connectionLost(reason)

    @property
    def _is_shaken(self) -> bool:
        return self.getHandle().get_peer_finished() is not None

    def _end_late_handshake(self) -> None:
        if not self._is_shaken:
            self._late = True
            self.abortConnection()

    def _start_timer(self, end: Any) -> None:
        self._cancel_timer()
        factory = cast("TLSFactory", self.factory)
        self._timer = factory.clock.callLater(factory.handshake_time, end)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _tell_why(self, reason: Failure) -> None:
        cast("TLSFactory", self.factory).log.warn(
            self._log,
            "TLS with {sender} did not come about: {reason}",
            sender=sender_of(self.transport.getPeer()),
            reason="it took too long" if self._late else _text_of(reason),
        )


class TLSFactory(TLSMemoryBIOFactory):
    """Around the factory of what is spoken inside. ``handshake_time`` is in seconds."""

    protocol = TLSConnection

    def __init__(
        self,
        contexts: ServerContexts,
        wrapped: IProtocolFactory,
        clock: IReactorTime,
        metrics: Metrics,
        handshake_time: float = HANDSHAKE_TIME,
    ) -> None:
        super().__init__(contexts, False, wrapped, clock)
        self.clock = clock
        # Whoever cannot be let in may come a thousand times a second.
        self.log = SenderLog(clock, metrics)
        self.handshake_time = handshake_time

    def buildProtocol(  # type: ignore[override]
        self, addr: IAddress | None
    ) -> TLSConnection | None:
        """None, which closes the connection at once, where the wrapped factory builds none."""
        inside = self.wrappedFactory.buildProtocol(addr)
        return None if inside is None else TLSConnection(self, inside)


def tls_service(
    description: str, factory: IProtocolFactory, reactor: Any, metrics: Metrics
) -> ListeningService:
    """For ``tls:PORT:certificate=FILE:privateKey=FILE``. Raises ValueError.

    ``interface=ADDRESS`` and ``backlog=N`` are as for ``tcp:``; with ``trustRoots=FILE_OR_FOLDER``
    a client must show a certificate of an authority therein. Files that change are read again.
    """
    listener = parse_listener(description)
    around = TLSFactory(ServerContexts(listener.files), factory, reactor, metrics)
    return twisted_service(listener.plain, around, reactor)


def _text_of(reason: Failure) -> str:
    """OpenSSL's own words, without its numbers and function names."""
    error = reason.value
    if isinstance(error, ConnectionDone):
        return "the client went away"
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list):
        return "; ".join(str(each[-1]) for each in error.args[0]) or "an unexpected end"
    return reason.getErrorMessage()
