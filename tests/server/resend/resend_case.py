"""Connections of one listener, and what the server tells the gate of them."""

from __future__ import annotations

import math

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.server.dispatcher import RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.messaging_handler import MessagingHandler
from pychron_comms.server.resend import evidence
from pychron_comms.server.resend.delivery import DeliveryReports
from tests.doubles import ScriptedRepeater, SteadyLoop, TcpTransport, UnaskedCatalogue
from tests.listening import connections


class Socket:
    """What the system knows of a connection: its end, and whether all was acknowledged."""

    def __init__(self) -> None:
        self.has_ended = False
        self.has_taken_all = True
        self.made_before = self.heard_before = math.inf


class Transport(TcpTransport):
    """One whose socket can be asked."""

    def __init__(self) -> None:
        super().__init__()
        self.socket = Socket()

    def getHandle(self) -> Socket:
        return self.socket


class ConnectionCase(SynchronousTestCase):
    """Connections of one listener."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = ScriptedRepeater()
        self.loop = SteadyLoop()
        self.metrics = Metrics()
        self.dispatcher = self.listener()
        for name in ("has_ended", "has_surely_ended"):
            self.patch(evidence, name, lambda handle: handle.has_ended)
        self.patch(evidence, "has_taken_all", lambda handle: handle.has_taken_all)
        self.patch(evidence, "seconds_since_made", lambda handle: handle.made_before)
        self.patch(evidence, "seconds_since_heard", lambda handle: handle.heard_before)

    def listener(self, *, keeps: bool = True) -> RequestDispatcher:
        reports = DeliveryReports(
            self.repeater, self.clock, self.loop, self.metrics, process="server", keeps=keeps
        )
        return RequestDispatcher(
            "System",
            self.repeater,
            UnaskedCatalogue(self.repeater, self.clock),
            reports,
            launcher=Launcher([], None),  # type: ignore[arg-type]
            stream=StateStream("s1", lambda: 0.0),
            metrics=self.metrics,
        )

    def connect(self, made_before: float = math.inf) -> tuple[MessagingHandler, Transport]:
        handler = MessagingHandler(self.dispatcher, connections(self.clock))
        transport = Transport()
        transport.socket.made_before = made_before
        handler.makeConnection(transport)
        return handler, transport

    def ask(self, line: bytes = b"Open A\r") -> MessagingHandler:
        handler, _ = self.connect()
        handler.dataReceived(line)
        return handler

    def lose(self, handler: MessagingHandler) -> None:
        handler.connectionLost(Failure(ConnectionDone()))

    def asks(self) -> list[str]:
        """What the requests that were repeated are called."""
        return [context.ask for context in self.repeater.context]

    def dropped(self, count: int = 1) -> list[Deferred[str]]:
        self.assertEqual(self.repeater.forgotten, self.repeater.waiting[:count])
        return self.repeater.forgotten
