"""The server's end of a client's connection."""

from __future__ import annotations

import secrets
import socket
import sys

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from pychron_comms.server.dispatcher import RequestDispatcher
from pychron_comms.server.resend.command_catalogue import Asked
from pychron_comms.server.resend.guard import Heard, Outcome
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.wire.grammar import Request

if sys.platform != "win32":
    import fcntl
    import termios

#: Seconds in which a client that has gone resets the connection that a reply was written to.
LINGER = 0.5


class MessagingHandler(CommandLineReceiver):
    """Takes one client's commands to the repeater and writes its replies.

    It tells the guard which replies were not delivered, or may not have been, for the client that
    asks again.
    """

    _heard_at = 0.0
    _is_new = True
    _gone = False
    _session = ""
    _last: tuple[Asked, Outcome, int] | None = None
    _in_doubt: list[Asked] | None = None
    _linger: IDelayedCall | None = None
    # Commands that act and wait for their replies, by these.
    _acting: dict[Deferred[str], Asked] | None = None

    def __init__(self, dispatcher: RequestDispatcher, connections: Connections) -> None:
        super().__init__(connections)
        self._dispatcher = dispatcher

    def connectionMade(self) -> None:
        super().connectionMade()
        self._heard_at = self._clock.seconds()

    def makes_safe(self, line: bytes) -> bool:
        return self._dispatcher.makes_safe(line)

    def answer(self, request: Request) -> str | Deferred[str]:
        # Who asks on has read the reply before.
        self._last = None
        try:
            return self._dispatcher.answer(request, self.sender, self)
        finally:
            self._heard_at = self._clock.seconds()
            self._is_new = False

    def heard(self) -> Heard:
        return Heard(self._heard_at, self._is_new)

    @property
    def session(self) -> str:
        if not self._session:
            self._session = secrets.token_hex(8)
        return self._session

    def readConnectionLost(self) -> None:
        self._end_session()
        self._leave()
        last, self._last = self._last, None
        if last is not None and is_unacknowledged(self.transport.getHandle()):
            # The client's end and the reply have crossed: it may have given up just before.
            self._dispatcher.guard.keep(*last)
            self._doubt(last[0])
        if self._in_doubt is None:
            super().readConnectionLost()
            return
        self._ended = True
        if not self.is_busy:
            self._close_ended()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone = True
        if self._linger is not None and self._linger.active():
            self._linger.cancel()
        # Reset, not closed: a client that gave up leaves the reply unread.
        if self._last is not None and not reason.check(ConnectionDone):
            self._dispatcher.guard.keep(*self._last)
        self._leave()
        self._end_session()
        super().connectionLost(reason)

    def watch(self, asked: Asked, response: Deferred[str], keep: bool) -> None:
        waits = not response.called
        if waits:
            if self._acting is None:
                self._acting = {}
            self._acting[response] = asked
        if keep:
            since = self._dispatcher.guard.counted(asked)
            response.addBoth(self._replied, asked, since, response)
        elif waits:
            response.addBoth(self._settled, response)

    def _end_session(self) -> None:
        """A client that sends no more is taken for gone here: a dead one looks no different."""
        session, self._session = self._session, ""
        if session:
            self._dispatcher.session_ended(session)

    def _leave(self) -> None:
        """Who sends no more may be gone: what still waits for it is not begun any more.

        One that only stopped sending is told so, as its reply.
        """
        acting, self._acting = self._acting or {}, {}
        for response, asked in acting.items():
            self._dispatcher.guard.leave(asked, response, self)

    def _settled(self, outcome: Outcome, response: Deferred[str]) -> Outcome:
        if self._acting:
            self._acting.pop(response, None)
        return outcome

    def _replied(
        self, outcome: Outcome, asked: Asked, since: int, response: Deferred[str]
    ) -> Outcome:
        self._settled(outcome, response)
        if self._gone or self._ended:
            self._dispatcher.guard.keep(asked, outcome, since)
            self._doubt(asked)
        else:
            self._last = asked, outcome, since
        return outcome

    def _doubt(self, asked: Asked) -> None:
        """The client had ended its side before the reply to this left."""
        self._in_doubt = [*(self._in_doubt or ()), asked]

    def _close_ended(self) -> None:
        """Close, but where the client had stopped sending first see whether it is still there.

        One that has gone altogether resets the connection when a reply comes; one that only
        stopped sending does not.
        """
        if self._in_doubt is None or self._gone:
            super()._close_ended()
        else:
            self._linger = self._clock.callLater(LINGER, self._settle_doubt)

    def _settle_doubt(self) -> None:
        handle = self.transport.getHandle()
        reset = handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # A reply that is still under way, on a network that stalls, may be asked for again.
        if not (reset or is_unacknowledged(handle)):
            for asked in self._in_doubt or ():
                self._dispatcher.guard.forget(asked)
        super()._close_ended()


def is_unacknowledged(connection: object) -> bool:
    """Whether bytes that were written have not reached the other end; False where none can tell."""
    if sys.platform == "win32" or not isinstance(connection, socket.socket):
        return False
    try:
        return any(fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))
    except (OSError, ValueError):
        return False


class MessagingFactory(Factory):
    """Builds a ``MessagingHandler`` for each connection."""

    noisy = False

    def __init__(self, dispatcher: RequestDispatcher, connections: Connections) -> None:
        self._dispatcher = dispatcher
        self._connections = connections

    def logPrefix(self) -> str:
        return f"RemoteCommandServer for {self._dispatcher.request_type}"

    def buildProtocol(self, addr: IAddress | None) -> MessagingHandler:
        return MessagingHandler(self._dispatcher, self._connections)
