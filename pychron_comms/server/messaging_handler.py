"""The server's end of a client's connection."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory

from pychron_comms.line import Request
from pychron_comms.protocol import CommandLineReceiver
from pychron_comms.server.desk import RequestDesk
from pychron_comms.wire import WireOptions


class MessagingHandler(CommandLineReceiver):
    """Takes one client's commands to the repeater and writes its replies."""

    def __init__(self, desk: RequestDesk, options: WireOptions, clock: IReactorTime) -> None:
        super().__init__(options, clock)
        self._desk = desk

    def answer(self, request: Request) -> str | Deferred[str]:
        return self._desk.answer(request, self.sender)


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
