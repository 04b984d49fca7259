"""A reactor in memory whose transports the tests of the Deferred communicator read."""

from __future__ import annotations

import errno
from typing import Any

from twisted.internet import error as net
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.deferred import DeferredCommunicator

DONE = net.ConnectionDone()

LOST = net.ConnectionLost()


class Transport(StringTransport):
    """A connection whose far end is the test."""

    is_lost = False

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol

    def lines(self) -> list[str]:
        """What has come since the last time."""
        data = self.value().decode()
        self.clear()
        return data.split("\r")[:-1]

    def say(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def loseConnection(self) -> None:
        self.end()

    def abortConnection(self) -> None:
        self.end()

    def end(self, error: Exception = DONE) -> None:
        if not self.is_lost:
            self.is_lost = True
            self.protocol.connectionLost(Failure(error))


class DatagramTransport:
    """A UDP port that keeps what is written."""

    def __init__(self, reactor: Reactor, protocol: Any) -> None:
        self.reactor = reactor
        self.protocol = protocol
        self.sent: list[bytes] = []
        self.peer: tuple[str, int] | None = None
        self.is_lost = False

    def connect(self, host: str, port: int) -> None:
        self.peer = host, port

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def stopListening(self) -> None:
        assert not self.is_lost
        self.is_lost = True
        self.reactor.callLater(0, self.protocol.doStop)


class Reactor(MemoryReactorClock):
    """Remembers datagram ports too, and knows one name."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[DatagramTransport] = []
        self.interfaces: list[str] = []
        self.most: list[int] = []

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 0):  # type: ignore[no-untyped-def]
        transport = DatagramTransport(self, protocol)
        self.ports.append(transport)
        self.interfaces.append(interface)
        self.most.append(maxPacketSize)
        protocol.makeConnection(transport)
        return transport

    def resolve(self, name: str, timeout: Any = None) -> Deferred[str]:
        return succeed("10.0.0.9") if name == "lab" else fail(net.DNSLookupError(name))


class DeferredCase(SynchronousTestCase):
    form = "tagged"

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.asker = self.make("unix:/lab")

    def make(self, endpoint: str, **arguments: Any) -> DeferredCommunicator:
        return DeferredCommunicator(endpoint, self.reactor, **{"form": self.form, **arguments})

    def accept(self) -> Transport:
        """Take the connection that is being opened."""
        factory = self.reactor.unixClients.pop(0)[1]
        transport = Transport(factory.buildProtocol(None))
        transport.protocol.makeConnection(transport)
        return transport

    def refuse(self) -> None:
        factory = self.reactor.unixClients.pop(0)[1]
        factory.clientConnectionFailed(
            None, Failure(net.ConnectionRefusedError(errno.ECONNREFUSED, "no"))
        )

    def tearDown(self) -> None:
        self.asker.close()
        self.reactor.advance(0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
