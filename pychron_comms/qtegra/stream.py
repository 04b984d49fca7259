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
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import OutcomeUnknownError, ShuttingDownError, error_line
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.answers import Answers, decode
from pychron_comms.transport.budget import Account
from pychron_comms.transport.connections import AWAITED, UNASKED, UNUSED, Connections
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
    _account: Account
    _timer: IDelayedCall

    #: When it was first seen silent. It is not looked at: who says nothing has its own time here.
    quiet_since: float | None = None

    def __init__(self, answers: Answers, connections: Connections) -> None:
        self._answers = answers
        self._connections = connections
        self._clock = connections.clock
        self._received = bytearray()
        self._taken = False
        self._waits = False

    @property
    def in_flight(self) -> int:
        """1 while its command waits for the reply."""
        return int(self._waits)

    @property
    def worth(self) -> int:
        if self._waits:
            return AWAITED
        return UNUSED if self._received else UNASKED

    def connectionMade(self) -> None:
        self._sender = sender_of(self.transport.getPeer())
        self._account = Account(self._connections.budgets, self._sender)
        make_prompt(self.transport)
        self._connections.reads.share(self.transport, self._account.host.reads)
        self._timer = self._clock.callLater(IDLE, self._drop_idle)

    def handshakeCompleted(self) -> None:
        """Of TLS: before any command comes, the peer's certificate tells who sends it."""
        self._sender = introduced(self.transport, self._log)

    def dataReceived(self, data: bytes) -> None:
        if self._taken:
            return
        self._cancel_timer()
        self._received += data
        if self._account.keep(len(self._received)):
            self._connections.budgets.count_dropped()
            self.transport.abortConnection()
        elif b"\r" in data or b"\n" in data or len(self._received) > LENGTH_LIMIT:
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
        self._account.close()
        self._connections.remove(self)

    def take_no_more(self) -> None:
        """What has not come whole is not looked at."""
        if not self._taken:
            self._taken = True
            self._cancel_timer()

    def give_up(self) -> None:
        """Answer with 201 what still waits; its own reply is dropped."""
        if self._waits:
            self._waits = False
            why = OutcomeUnknownError("no reply until this process stopped")
            self.transport.write(error_line(why).encode())

    def close(self) -> None:
        """Close it when its reply is written."""
        self.take_no_more()
        self._end()

    def _take(self) -> None:
        self._taken = True
        if len(self._received) > LENGTH_LIMIT:
            self._reply(texts.INVALID)
            return
        line = decode(bytes(self._received))
        if self._connections.exchange.refusing and not self._answers.makes_safe(line):
            self._reply(error_line(ShuttingDownError(line)))
            return
        result = self._answers.answer(line, self._sender)
        if isinstance(result, Deferred):
            self._waits = True
            self._account.host.commands += 1
            result.addCallback(self._reply_late)
        else:
            self._reply(result)

    def _reply_late(self, text: str | None) -> None:
        self._account.host.commands -= 1
        self._account.host.call_next()
        if self._waits:
            self._waits = False
            self._reply(text)

    def _reply(self, text: str | None) -> None:
        if text is not None:
            self.transport.write(text.encode())
        self._end()

    def _end(self) -> None:
        """Close when all is written; whoever does not read it in time is dropped."""
        self._cancel_timer()
        self._timer = self._clock.callLater(self._connections.options.stall, self._drop_stalled)
        self.transport.loseConnection()

    def _drop_stalled(self) -> None:
        self._connections.count("stalled_dropped")
        self.transport.abortConnection()

    def _drop_idle(self) -> None:
        self._taken = True
        self._connections.log.info(
            self._log, "dropped {sender}: it said nothing", sender=self._sender
        )
        self._end()

    def _cancel_timer(self) -> None:
        if self._timer.active():
            self._timer.cancel()


class QtegraFactory(Factory):
    """Builds a ``QtegraConnection`` for each client. ``name`` is how logs call the listener."""

    noisy = False

    def __init__(self, answers: Answers, connections: Connections, name: str) -> None:
        self._answers = answers
        self._connections = connections
        self._name = name

    def logPrefix(self) -> str:
        return self._name

    def buildProtocol(self, addr: IAddress | None) -> QtegraConnection:
        return QtegraConnection(self._answers, self._connections)
