"""Each kind of listener, over each transport: what comes in is asked, and its reply goes back."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from pychron_comms.config.here import QTEGRA
from pychron_comms.handlers.factories import own_commands
from pychron_comms.server.command_log import ServedCommandLog
from pychron_comms.server.command_server import RemoteCommandServer
from pychron_comms.server.datagrams import DatagramMessagingHandler
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.resend import evidence
from pychron_comms.server.settings import ListenerSettings
from pychron_comms.transport.datagrams import BURST
from pychron_comms.transport.options import WireOptions
from pychron_comms.wire.context import PLAIN
from tests.listening import connections, shared
from tests.server.test_datagrams import Datagrams
from tests.server.test_known_reads import Read
from tests.server.test_server import DeskCase, Transport

CLIENT = ("127.0.0.1", 40000)
STRANGER = ("10.0.0.1", 40000)


class Reactor(MemoryReactorClock):
    """Keeps the protocols of datagram ports."""

    def __init__(self) -> None:
        super().__init__()
        self.datagrams: list[Any] = []

    def listenUDP(self, port: int, protocol: Any, *args: Any, **kwargs: Any) -> Any:
        self.datagrams.append(protocol)
        return self

    def stopListening(self) -> None:
        """As a port."""


class ListenerTests(DeskCase):
    def serve(self, description: str, kind: str = "lines") -> RemoteCommandServer:
        request_type = "Spectrometer" if kind == QTEGRA else "System"
        settings = ListenerSettings(request_type=request_type, listen=[description], kind=kind)
        self.reactor = Reactor()
        server = RemoteCommandServer(
            settings, self.dispatcher(request_type), self.reactor, shared(self.clock)
        )
        server.privilegedStartService()
        server.startService()
        self.addCleanup(server.stopService)
        return server

    def connect(self) -> tuple[Any, Transport]:
        ((_, factory, _, _),) = self.reactor.tcpServers
        peer = IPv4Address("TCP", *CLIENT)
        client, transport = factory.buildProtocol(peer), Transport(peerAddress=peer)
        client.makeConnection(transport)
        return client, transport

    def port(self) -> tuple[Any, Datagrams]:
        (protocol,) = self.reactor.datagrams
        transport = Datagrams()
        protocol.makeConnection(transport)
        return protocol, transport

    def test_lines_over_tcp(self) -> None:
        server = self.serve("tcp:1061")
        client, transport = self.connect()
        client.dataReceived(b"Open A\r")
        self.assertEqual((server.open, server.in_flight), (1, 1))
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(transport.value(), b"OK\r\n")
        self.assertEqual(self.repeater.requests, [("System", "Open A", "127.0.0.1", None)])
        client.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((server.open, server.in_flight), (0, 0))

    def test_a_stop_closes_streams_first_and_ports_of_datagrams_last(self) -> None:
        for description, listens in (("tcp:1061", False), ("udp:1061", True)):
            server = self.serve(description)
            server.close_listeners()
            self.assertEqual([each.running for kind in server for each in kind], [listens])
            server.abort()
            self.assertEqual([each.running for kind in server for each in kind], [False])

    def test_lines_over_udp(self) -> None:
        server = self.serve("udp:1061")
        port, transport = self.port()
        self.assertIsInstance(port, DatagramMessagingHandler)
        port.datagramReceived(b"Open A", CLIENT)
        self.assertEqual(server.in_flight, 1)
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(transport.written, [(b"OK\r\n", CLIENT)])

    def test_qtegras_clients_over_tcp(self) -> None:
        self.serve("tcp:1069", QTEGRA)
        client, transport = self.connect()
        client.dataReceived(b"GetMagnetDAC\r\n")
        ((request_type, command, sender, _),) = self.repeater.requests
        self.assertEqual((request_type, sender), ("Spectrometer", "127.0.0.1"))
        self.assertIn("GetMagnetDAC", command)
        self.repeater.waiting[0].callback("5.0")
        self.assertIn(b"5.0", transport.value())

    def test_qtegras_clients_over_udp(self) -> None:
        self.serve("udp:1069", QTEGRA)
        port, transport = self.port()
        port.datagramReceived(b"GetMagnetDAC", CLIENT)
        self.repeater.waiting[0].callback("5.0")
        ((reply, where),) = transport.written
        self.assertIn(b"5.0", reply)
        self.assertEqual(where, CLIENT)
        self.assertIn("Spectrometer", port.logPrefix())


class KnownReadTests(DeskCase):
    """What a listener knows by its words is asked so, over each transport."""

    def setUp(self) -> None:
        super().setUp()
        self.desk = self.dispatcher()
        self.read = Read("System", "GetValveState A")
        self.desk.known_reads.keep(b"GetValveState A", self.read, "10.0.0.1")  # type: ignore[arg-type]

    def test_over_tcp(self) -> None:
        factory = MessagingFactory(self.desk, connections(self.clock))
        peer = IPv4Address("TCP", *CLIENT)
        client: Any = factory.buildProtocol(peer)
        transport = Transport(peerAddress=peer)
        client.makeConnection(transport)
        client.dataReceived(b"GetValveState A\r\n")
        self.assertEqual(transport.value(), b"again\r\n")
        self.assertEqual(self.read.asked, [("127.0.0.1", PLAIN)])
        self.assertEqual(self.repeater.requests, [])

    def test_over_udp(self) -> None:
        port = DatagramMessagingHandler(self.desk, WireOptions(), shared(self.clock))
        transport = Datagrams()
        port.makeConnection(transport)  # type: ignore[arg-type]
        port.datagramReceived(b"@id=3 GetValveState A", CLIENT)
        self.assertEqual(transport.written, [(b"@id=3 again\r\n", CLIENT)])
        self.assertEqual(self.read.asked, [("127.0.0.1", PLAIN)])
        self.assertEqual(self.repeater.requests, [])


class DatagramNameTests(DeskCase):
    def test_a_command_has_one_name_in_the_log_and_on_the_hop(self) -> None:
        desk = self.dispatcher(log=ServedCommandLog(self.clock))
        port = DatagramMessagingHandler(desk, WireOptions(), shared(self.clock))
        port.makeConnection(Datagrams())  # type: ignore[arg-type]
        for _ in range(2):
            port.datagramReceived(b"Open A", CLIENT)
        names = [(context.trace, context.ask) for context in self.repeater.context]
        self.assertEqual(names, [("udp.1", "udp.1"), ("udp.2", "udp.2")])

    def test_what_is_refused_is_answered_no_more_often_than_anything_else(self) -> None:
        port = DatagramMessagingHandler(self.dispatcher(), WireOptions(), shared(self.clock))
        transport = Datagrams()
        port.makeConnection(transport)  # type: ignore[arg-type]
        for _ in range(2 * BURST // 60):
            port.datagramReceived(b"Open A\rOpen B\r", STRANGER)
        sent = sum(len(reply) for reply, _ in transport.written)
        self.assertGreaterEqual(sent, BURST)
        self.assertLess(sent, BURST + 200)


class SilenceTests(DeskCase):
    def silent(self, lain: float, made: float) -> float:
        """What is said of a first command, a second after its connection was seen."""
        watch: Any = self.reports.watch
        watch.may_have_lain = lain
        self.patch(evidence, "seconds_since_made", lambda handle: made)
        factory = MessagingFactory(self.dispatcher(), connections(self.clock))
        peer = IPv4Address("TCP", *CLIENT)
        client, transport = factory.buildProtocol(peer), Transport(peerAddress=peer)
        client.makeConnection(transport)
        self.clock.advance(1.0)
        client.dataReceived(b"Open A\r")
        return self.repeater.context[-1].silent

    def test_a_connection_is_as_old_as_it_was_made_or_as_it_may_have_lain(self) -> None:
        for lain, made, silent in ((0.0, 9.0, 1.0), (2.0, 0.5, 1.5), (2.0, 9.0, 3.0)):
            self.assertEqual(round(self.silent(lain, made), 3), silent)


class LinesAheadTests(DeskCase):
    """What is known of a line before its turn comes."""

    def test_what_only_reads_and_what_makes_safe(self) -> None:
        bound = self.dispatcher(declared=own_commands())
        every = self.dispatcher("*", declared=own_commands())
        for line, reads, safe in (
            (b"GetValveState A", True, False),
            (b"@id=1 GetValveState A", True, False),
            (b"Open A", False, False),
            (b"Close A", False, True),
            (b"Close A" + b" " * 300, False, True),
            (b"GetValveState " + b"A" * 242, True, False),
            (b"GetValveState " + b"A" * 243, False, False),
            (b"@id= \xff", False, False),
            (b"Nothing", False, False),
        ):
            self.assertEqual((bound.only_reads(line), bound.makes_safe(line)), (reads, safe), line)
            self.assertFalse(every.only_reads(line) or every.makes_safe(line), line)
        self.assertTrue(every.only_reads(b"System|GetValveState A"))
        self.assertTrue(every.makes_safe(b"CO2|Disable"))
