"""Qtegra's transports: what ends a command, how a reply leaves, who is dropped."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import PychronCommunicationError, SecurityError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.qtegra.answers import RelayedAnswers, ScriptAnswers, carried, decode
from pychron_comms.qtegra.datagrams import QtegraDatagrams
from pychron_comms.qtegra.script import ParseAndExecute
from pychron_comms.qtegra.stream import IDLE, LENGTH_LIMIT, PAUSE, QtegraFactory
from pychron_comms.transport import datagrams as rules
from pychron_comms.transport.admission import AdmissionFactory
from pychron_comms.transport.options import ConnectionLimits
from pychron_comms.wire.grammar import Request
from tests.listening import connections, shared
from tests.qtegra_exchanges import EXCHANGES, INVALID, UNANSWERED, build_spectrometer

PEER = IPv4Address("TCP", "10.0.0.2", 50_000)
ADDRESS = ("10.0.0.2", 50_001)


class Datagrams:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, tuple[str, int]]] = []

    def write(self, data: bytes, address: tuple[str, int]) -> None:
        self.sent.append((data, address))


class WireCase(SynchronousTestCase):
    """Answers with what ``answers`` says, and keeps what it was asked."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[tuple[str, str]] = []
        self.reply: Any = "4.5"
        self.looked_at = 0

    def answer(self, line: str, sender: str) -> Any:
        self.asked.append((line, sender))
        return self.reply

    def makes_safe(self, line: str) -> bool:
        self.looked_at += 1
        return line == "BlankBeam True"

    def connect(self, answers: Any = None) -> tuple[Any, StringTransport]:
        self.metrics = Metrics()
        limits = ConnectionLimits(connections=100, connections_per_host=50, idle=0.0)
        self.connections = connections(self.clock, self.metrics, stall=5.0, limits=limits)
        self.factory = AdmissionFactory(
            QtegraFactory(answers or self, self.connections, "Qtegra"), self.connections
        )
        return self.connect_again()

    def connect_again(self) -> tuple[Any, StringTransport]:
        """One more client of the same listener."""
        protocol: Any = self.factory.buildProtocol(PEER)
        transport = StringTransport(peerAddress=PEER)
        protocol.makeConnection(transport)
        return protocol, transport

    def datagrams(self, answers: Any = None) -> tuple[QtegraDatagrams, list[Any]]:
        protocol = QtegraDatagrams(answers or self, "Qtegra", shared(self.clock))
        transport: Any = Datagrams()
        protocol.transport = transport
        return protocol, transport.sent


class StreamTests(WireCase):
    def assert_ended(self, transport: StringTransport, reply: bytes) -> None:
        self.assertEqual((transport.value(), transport.disconnecting), (reply, True))

    def test_a_terminator_ends_a_command_at_once(self) -> None:
        for sent in (b"GetHV\r", b"GetHV\n", b" GetHV\r\n"):
            protocol, transport = self.connect()
            verifyObject(IHalfCloseableProtocol, protocol)
            protocol.dataReceived(sent)
            self.assert_ended(transport, b"4.5")
            protocol.connectionLost()
        self.assertEqual(self.asked, [("GetHV", "10.0.0.2")] * 3)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_silence_ends_one_without_terminator(self) -> None:
        protocol, transport = self.connect()
        protocol.dataReceived(b"Get")
        self.clock.advance(PAUSE * 0.9)
        protocol.dataReceived(b"HV")
        self.clock.advance(PAUSE * 0.9)
        self.assertEqual(self.asked, [])
        self.clock.advance(PAUSE * 0.2)
        self.assertEqual(self.asked, [("GetHV", "10.0.0.2")])
        self.assert_ended(transport, b"4.5")

    def test_what_comes_after_the_command_is_nothing(self) -> None:
        protocol, transport = self.connect()
        protocol.dataReceived(b"GetHV\r")
        protocol.dataReceived(b"\nGetMagnetDAC\r")
        protocol.readConnectionLost()
        self.assert_ended(transport, b"4.5")
        self.assertEqual(len(self.asked), 1)

    def test_two_commands_in_one_segment_are_one(self) -> None:
        protocol, _ = self.connect()
        protocol.dataReceived(b"GetHV\rGetMagnetDAC\r")
        self.assertEqual(self.asked, [("GetHV\rGetMagnetDAC", "10.0.0.2")])

    def test_the_end_of_sending_ends_a_command(self) -> None:
        for sent, line in ((b"GetHV", "GetHV"), (b"", "")):
            protocol, transport = self.connect()
            if sent:
                protocol.dataReceived(sent)
            protocol.readConnectionLost()
            self.assert_ended(transport, b"4.5")
            self.assertEqual(self.asked.pop(), (line, "10.0.0.2"))
        self.clock.advance(60)

    def test_a_client_that_says_nothing_is_dropped(self) -> None:
        _, transport = self.connect()
        self.clock.advance(IDLE - 0.1)
        self.assertFalse(transport.disconnecting)
        self.clock.advance(0.2)
        self.assert_ended(transport, b"")
        self.assertEqual(self.asked, [])

    def test_a_connection_that_is_lost_leaves_nothing_behind(self) -> None:
        for sent in (b"", b"GetHV"):
            protocol, _ = self.connect()
            if sent:
                protocol.dataReceived(sent)
            protocol.writeConnectionLost()
            protocol.connectionLost()
            self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.asked, [])

    def test_a_reply_that_comes_later(self) -> None:
        self.reply = Deferred()
        protocol, transport = self.connect()
        protocol.dataReceived(b"SetMass 40,AX\r")
        self.assertFalse(transport.disconnecting)
        self.reply.callback("OK")
        self.assert_ended(transport, b"OK")

    def test_silence_closes_without_a_byte(self) -> None:
        self.reply = None
        protocol, transport = self.connect()
        protocol.dataReceived(b"SetHV\r")
        self.assert_ended(transport, b"")

    def test_a_command_without_end_is_invalid(self) -> None:
        protocol, transport = self.connect()
        protocol.dataReceived(b"x" * LENGTH_LIMIT)
        self.assertFalse(transport.disconnecting)
        protocol.dataReceived(b"x")
        self.assert_ended(transport, INVALID.encode())
        self.assertEqual(self.asked, [])


class DatagramTests(WireCase):
    def test_one_datagram_is_one_command_and_one_reply(self) -> None:
        protocol, sent = self.datagrams()
        for datagram in (b"GetHV", b"GetHV\r", b" GetHV\r\n", b"GetHV\rGetMagnetDAC", b""):
            protocol.datagramReceived(datagram, ADDRESS)
        self.assertEqual(sent, [(b"4.5", ADDRESS)] * 5)
        self.assertEqual(
            [line for line, _ in self.asked], ["GetHV"] * 3 + ["GetHV\rGetMagnetDAC", ""]
        )

    def test_a_long_datagram_is_cut_to_the_scripts_buffer(self) -> None:
        protocol, _ = self.datagrams()
        protocol.datagramReceived(b"x" * 1024 + b"y", ADDRESS)
        self.assertEqual(self.asked, [("x" * 1024, "10.0.0.2")])

    def test_replies_are_ascii(self) -> None:
        self.reply = "Erlöschen"
        protocol, sent = self.datagrams()
        protocol.datagramReceived(b"GetActiveCupConfiguration", ADDRESS)
        self.assertEqual(sent, [(b"Erl?schen", ADDRESS)])

    def test_silence(self) -> None:
        self.reply = None
        protocol, sent = self.datagrams()
        protocol.datagramReceived(b"SetHV", ADDRESS)
        self.assertEqual(sent, [])

    def test_replies_that_come_later_and_no_more_of_them_than_the_limit(self) -> None:
        self.patch(rules, "PENDING_LIMIT", 2)
        protocol, sent = self.datagrams()
        waiting: list[Deferred[str]] = []
        for _ in range(2):
            self.reply = Deferred()
            waiting.append(self.reply)
            protocol.datagramReceived(b"SetMass 40,AX", ADDRESS)
        protocol.datagramReceived(b"GetHV", ADDRESS)
        self.assertEqual(
            sent, [(b"ERROR 203 : queue full: 2 datagrams wait for their replies", ADDRESS)]
        )
        waiting[0].callback("OK")
        self.assertEqual(sent[1:], [(b"OK", ADDRESS)])
        self.reply = "4.5"
        protocol.datagramReceived(b"GetHV", ADDRESS)
        self.assertEqual(sent[2:], [(b"4.5", ADDRESS)])

    def test_a_reply_after_the_end_is_nothing(self) -> None:
        protocol, sent = self.datagrams()
        self.reply = Deferred()
        protocol.datagramReceived(b"SetMass 40,AX", ADDRESS)
        protocol.transport = None
        self.reply.callback("OK")
        self.assertEqual(sent, [])


class TableTests(WireCase):
    """Every row of Qtegra's commands, over both transports."""

    def script(self, faithful: bool = False, tagged: bool = True) -> Any:
        spectrometer = build_spectrometer(self.clock)
        execute = ParseAndExecute(
            spectrometer, tagged=tagged, faithful_clock=self.clock if faithful else None
        )
        return ScriptAnswers(execute, self.makes_safe)

    def ask_by_stream(self, answer: Any, line: str) -> bytes:
        protocol, transport = self.connect(answer)
        protocol.dataReceived(line.encode() + b"\r")
        self.assertTrue(transport.disconnecting)
        return transport.value()

    def ask_by_datagram(self, answer: Any, line: str) -> bytes | None:
        protocol, sent = self.datagrams(answer)
        protocol.datagramReceived(line.encode() + b"\r", ADDRESS)
        return sent[0][0] if sent else None

    def test_every_row_over_both_transports(self) -> None:
        for ask in (self.ask_by_stream, self.ask_by_datagram):
            answer = self.script()
            for line, reply in EXCHANGES:
                self.assertEqual((line, ask(answer, line)), (line, reply.encode()))

    def test_what_the_script_leaves_unanswered(self) -> None:
        answer, faithful = self.script(), self.script(faithful=True)
        for line in UNANSWERED:
            self.assertEqual(self.ask_by_stream(answer, line), INVALID.encode())
            self.assertEqual(self.ask_by_datagram(answer, line), INVALID.encode())
            self.assertEqual(self.ask_by_stream(faithful, line), b"")
            self.assertIsNone(self.ask_by_datagram(faithful, line))

    def test_data_tagged_and_untagged(self) -> None:
        tagged, untagged = self.script(), self.script(tagged=False)
        self.clock.advance(1.048)
        by_stream = self.ask_by_stream(tagged, "GetData")
        self.assertEqual(by_stream, self.ask_by_datagram(tagged, "GetData"))
        values = by_stream.split(b",")[1::2]
        self.assertEqual(len(values), 6)
        self.assertEqual(self.ask_by_stream(untagged, "GetData"), b",".join(values))
        self.assertEqual(self.ask_by_datagram(untagged, "GetData"), b",".join(values))


class ScriptAnswerTests(WireCase):
    def test_a_reply_that_comes_later(self) -> None:
        execute = ParseAndExecute(build_spectrometer(self.clock))
        answers = ScriptAnswers(execute, self.makes_safe)
        reply: Any = answers.answer("SetMass 40,AX", "10.0.0.2")
        self.assertNoResult(reply)
        self.clock.advance(0.5)
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_a_bug_is_logged_and_answered(self) -> None:
        def broken(line: str) -> Any:
            raise ZeroDivisionError

        async def broken_later(line: str) -> Any:
            raise ZeroDivisionError

        execute: Any
        for execute in (broken, broken_later):
            reply: Any = ScriptAnswers(execute, self.makes_safe).answer("GetHV", "10.0.0.2")
            if isinstance(reply, Deferred):
                reply = self.successResultOf(reply)
            self.assertEqual(reply, INVALID)
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class RelayedAnswerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.requests: list[tuple[Request, str]] = []
        self.reply: Any = "4.5"

    def ask(self, request: Request, sender: str) -> Any:
        self.requests.append((request, sender))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    def answer(self, line: str = "GetHV") -> Any:
        return RelayedAnswers(self.ask, lambda line: False).answer(line, "10.0.0.2")

    def test_a_line_is_carried(self) -> None:
        self.assertEqual(self.answer(), "4.5")
        self.assertEqual(self.requests, [(Request({}, "", "Qtegra GetHV"), "10.0.0.2")])

    def test_how_lines_are_carried(self) -> None:
        for line, command in (
            ("", "Qtegra"),
            ("Open Ion Pump Set", "Qtegra Open Ion Pump Set"),
            ("GetHV\rReset", '{"command": "Qtegra", "line": "GetHV\\rReset"}'),
            ('"GetHV"', '{"command": "Qtegra", "line": "\\"GetHV\\""}'),
        ):
            self.assertEqual(carried(line), command)

    def test_a_reply_later(self) -> None:
        self.reply = Deferred()
        answer = self.answer()
        self.reply.callback("4.5")
        self.assertEqual(self.successResultOf(answer), "4.5")

    def test_the_roads_own_errors_keep_their_form(self) -> None:
        self.reply = SecurityError("10.0.0.2")
        self.assertEqual(self.answer(), "ERROR 013 : Not an approved ip address 10.0.0.2")
        self.reply = Deferred()
        answer = self.answer()
        self.reply.errback(PychronCommunicationError("x", "down"))
        self.assertTrue(str(self.successResultOf(answer)).startswith("ERROR 011 : "))

    def test_a_bug_is_logged_and_answered(self) -> None:
        self.reply = ZeroDivisionError("bug")
        self.assertTrue(self.answer().startswith("ERROR 002 : "))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_bytes_are_decoded_as_dot_net_does(self) -> None:
        self.assertEqual(decode(b" Set\xff\xc3\xa4 \r\n"), "Set???")
