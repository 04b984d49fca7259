"""The server's end of a client's connection."""

from __future__ import annotations

import socket

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from pychron_comms.line import Request
from pychron_comms.protocol import CommandLineReceiver
from pychron_comms.server.desk import RequestDesk
from pychron_comms.server.repeats import Asked, Outcome
from pychron_comms.wire import WireOptions

#: Seconds in which a client that has gone resets the connection that a reply was written to.
LINGER = 0.2


class MessagingHandler(CommandLineReceiver):
    """Takes one client's commands to the repeater and writes its replies.

    It tells the guard which replies were not delivered, or may not have been, for the client that
    asks again.
    """

    _gone = False
    _last: tuple[Asked, Outcome, int] | None = None
    _in_doubt: list[Asked] | None = None
    _linger: IDelayedCall | None = None

    def __init__(self, desk: RequestDesk, options: WireOptions, clock: IReactorTime) -> None:
        super().__init__(options, clock)
        self._desk = desk

    def answer(self, request: Request) -> str | Deferred[str]:
        # Who asks on has read the reply before.
        self._last = None
        return self._desk.answer(request, self.sender, self, self._watch)

    def readConnectionLost(self) -> None:
        self._last = None
        super().readConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone = True
        if self._linger is not None and self._linger.active():
            self._linger.cancel()
        # Reset, not closed: a client that gave up leaves the reply unread.
        if self._last is not None and not reason.check(ConnectionDone):
            self._desk.guard.keep(*self._last)
        super().connectionLost(reason)

    def _watch(self, asked: Asked, response: Deferred[str]) -> None:
        response.addBoth(self._replied, asked, self._desk.guard.counted(asked))

    def _replied(self, outcome: Outcome, asked: Asked, since: int) -> Outcome:
        if self._gone or self._ended:
            self._desk.guard.keep(asked, outcome, since)
        else:
            self._last = asked, outcome, since
        if self._ended:
            self._in_doubt = [*(self._in_doubt or ()), asked]
        return outcome

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
        reset = self.transport.getHandle().getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not reset:
            for asked in self._in_doubt or ():
                self._desk.guard.forget(asked)
        super()._close_ended()


class MessagingFactory(Factory):
    """Builds a ``MessagingHandler`` for each connection."""

    noisy = False

    def __init__(self, desk: RequestDesk, options: WireOptions, clock: IReactorTime) -> None:
        self._desk = desk
        self._options = options
        self._clock = clock

    def logPrefix(self) -> str:
        return f"RemoteCommandServer for {self._desk.request_type}"

    def buildProtocol(self, addr: IAddress | None) -> MessagingHandler:
        return MessagingHandler(self._desk, self._options, self._clock)
