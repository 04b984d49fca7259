"""Qtegra's TCP connections: one command, one reply without a terminator, then the end.

Qtegra's script takes for the command whatever has come when it reads. Here a command is all that
has come when a CR or LF is among it, when the client says that it sends no more, or when nothing
more has come for ``PAUSE``. So each client that the script serves is served, and those that send
their terminator late too.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.answers import Answer, decode
from pychron_comms.transport.peer_identity import introduced, sender_of
from pychron_comms.transport.socket_tuning import make_prompt

#: Seconds of silence after which what has come is a whole command.
PAUSE = 0.02

#: Seconds that a client may be connected and say nothing.
IDLE = 10.0

#: Bytes that a command may have.
LENGTH_LIMIT = 65536


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class QtegraConnection(Protocol):
    """One client's command. Others are served meanwhile, whether it sends one or not."""

    _log = Logger()
    transport: Any
    _sender: str
    _timer: IDelayedCall

    def __init__(self, answer: Answer, clock: IReactorTime) -> None:
        self._answer = answer
        self._clock = clock
        self._received = bytearray()
        self._taken = False

    def connectionMade(self) -> None:
        self._sender = sender_of(self.transport.getPeer())
        make_prompt(self.transport)
        self._timer = self._clock.callLater(IDLE, self._drop_idle)

    def handshakeCompleted(self) -> None:
        """Of TLS: before any command comes, the peer's certificate tells who sends it."""
        self._sender = introduced(self.transport, self._log)

    def dataReceived(self, data: bytes) -> None:
        if self._taken:
            return
        self._cancel_timer()
        self._received += data
        if b"\r" in data or b"\n" in data or len(self._received) > LENGTH_LIMIT:
            self._take()
        else:
            self._timer = self._clock.callLater(PAUSE, self._take)

    def readConnectionLost(self) -> None:
        if not self._taken:
            self._cancel_timer()
            self._take()

    def writeConnectionLost(self) -> None:
        """The client reads no more; ``connectionLost`` will follow."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._taken = True
        self._cancel_timer()

    def _take(self) -> None:
        self._taken = True
        if len(self._received) > LENGTH_LIMIT:
            self._reply(texts.INVALID)
            return
        result = self._answer(decode(bytes(self._received)), self._sender)
        if isinstance(result, Deferred):
            result.addCallback(self._reply)
        else:
            self._reply(result)

    def _reply(self, text: str | None) -> None:
        if text is not None:
            self.transport.write(text.encode())
        self.transport.loseConnection()

    def _drop_idle(self) -> None:
        self._log.info("dropped {sender}: it said nothing", sender=self._sender)
        self.transport.loseConnection()

    def _cancel_timer(self) -> None:
        if self._timer.active():
            self._timer.cancel()


class QtegraFactory(Factory):
    """Builds a ``QtegraConnection`` for each client. ``name`` is how logs call the listener."""

    noisy = False

    def __init__(self, answer: Answer, clock: IReactorTime, name: str) -> None:
        self._answer = answer
        self._clock = clock
        self._name = name

    def logPrefix(self) -> str:
        return self._name

    def buildProtocol(self, addr: IAddress | None) -> QtegraConnection:
        return QtegraConnection(self._answer, self._clock)
