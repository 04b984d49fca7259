"""A listener whose limits are small, and clients at it."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import QueueFullError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.admission import AdmissionFactory
from pychron_comms.transport.connections import HELD, Connections
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.options import ConnectionLimits, WireOptions
from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import Request
from tests.listening import shared


class Transport(StringTransport):
    """One that tells its protocol when it has been closed."""

    protocol: Any
    aborted = False
    #: A TLS transport waits for the other end to agree.
    waits = False

    def loseConnection(self) -> None:
        super().loseConnection()
        if not self.waits:
            self.end()

    def abortConnection(self) -> None:
        self.aborted = True
        self.end()

    def end(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionAbortedError()))


class Parrot(CommandLineReceiver):
    """Waits on ``wait``, is full on ``full``, breaks on ``break``; else says what it was told."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.waiting: list[Deferred[str]] = []
        self.seen: list[str] = []
        self.lasts = False

    @property
    def worth(self) -> int:
        return HELD if self.lasts else super().worth

    def makes_safe(self, line: bytes) -> bool:
        return b"safe" in line

    def answer(self, request: Request) -> str | Deferred[str]:
        self.seen.append(request.command)
        if request.command == "full":
            raise QueueFullError("too much")
        if request.command == "break":
            raise ZeroDivisionError
        if request.command != "wait":
            return request.command
        result: Deferred[str] = Deferred()
        self.waiting.append(result)
        return result


class ParrotFactory(Factory):
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def logPrefix(self) -> str:
        return "Parrots"

    def buildProtocol(self, addr: object) -> Parrot:
        return Parrot(self._connections)


class LimitsCase(SynchronousTestCase):
    def listen(
        self,
        frame: FrameFormat | None = None,
        line_length: int = 64,
        budget: dict[str, int] | None = None,
        **limits: Any,
    ) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        options = WireOptions(
            limits=ConnectionLimits(**limits), line_length=line_length, stall=5.0, frame=frame
        )
        common = shared(self.clock, self.metrics, **(budget or {}))
        self.connections = Connections("System", options, common)
        self.factory = AdmissionFactory(ParrotFactory(self.connections), self.connections)

    def connect(self, host: str = "10.0.0.1", waits: bool = False) -> Transport:
        address: Any = IPv4Address("TCP", host, 40000) if host else UNIXAddress(None)
        transport = Transport(peerAddress=address)
        transport.waits = waits
        transport.protocol = self.factory.buildProtocol(address)
        transport.protocol.makeConnection(transport)
        return transport

    def number(self, name: str) -> str:
        """What the metrics say of the listener."""
        (line,) = [
            line
            for line in self.metrics.text().splitlines()
            if line.startswith(f'pychron_comms_{name}{{listener="System"}} ')
        ]
        return f"{float(line.rpartition(' ')[2]):g}"
