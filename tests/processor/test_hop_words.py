"""What a server says and asks over the hop that is no command of a handler, and known reads."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.owner import Owner
from pychron_comms.processor.server_lease import ServerLease
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.doubles import ScriptedGate
from tests.listening import connections
from tests.observability.state.test_stream import valve

SERVER, STRANGER = "127.0.0.1", "10.0.0.9"


class KnownRead:
    """Notes who asks, on which terms."""

    command = "GetValveState A"
    way = None

    def __init__(self, answer: str | Deferred[str]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, RequestContext]] = []

    def ask(self, sender: str, context: RequestContext) -> Any:
        self.asked.append((sender, context))
        return self.answer


class HopCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.gate = ScriptedGate()
        self.clock = Clock()
        self.clock.advance(100)
        self.stream = StateStream("s1", self.clock.seconds)
        self.lease = ServerLease("p1", self.clock, self.clock.seconds)
        self.read = KnownRead("True")
        self.gate.reads.keep(b"System|GetValveState A", self.read, SERVER)  # type: ignore[arg-type]

    def connect(self, host: str = SERVER, *, owned: bool = False) -> Any:
        factory = CommandProcessorFactory(
            self.gate,
            frozenset({SERVER, "10.0.0.7"}),
            connections(self.clock),
            metrics=Metrics(),
            stream=self.stream,
            owner=Owner(SERVER, self.lease) if owned else None,
        )
        peer = IPv4Address("TCP", host, 50000)
        self.transport = StringTransport(peerAddress=peer)
        processor = factory.buildProtocol(peer)
        processor.makeConnection(self.transport)
        return processor

    def say(self, line: bytes, host: str = SERVER, **options: bool) -> bytes:
        self.connect(host, **options).dataReceived(line + b"\r\n")
        return self.transport.value()


class KnownReadTests(HopCase):
    def test_it_is_asked_for_the_servers_client_and_not_worked_out(self) -> None:
        reply = self.say(b"@id=4;from=10.0.0.1;sent=100 System|GetValveState A")
        self.assertEqual(reply, b"@id=4 True\r\n")
        ((sender, context),) = self.read.asked
        self.assertEqual(sender, "10.0.0.1")
        self.assertIs(context, PLAIN)
        self.assertEqual(self.gate.requests, [])

    def test_one_that_was_long_on_its_way_is_as_old(self) -> None:
        self.say(b"@id=4;from=10.0.0.1;sent=97.5 System|GetValveState A")
        self.assertEqual([context.age for _, context in self.read.asked], [2.5])

    def test_what_the_server_asks_for_itself_is_asked_by_it_over_its_connection(self) -> None:
        self.say(b"@id=4 System|GetValveState A")
        ((sender, context),) = self.read.asked
        self.assertEqual((sender, context.session), (SERVER, "connection-1"))

    def test_a_stranger_goes_the_full_way_whatever_he_says(self) -> None:
        self.say(b"@id=4;from=10.0.0.1 System|GetValveState A", STRANGER)
        self.assertEqual(self.read.asked, [])
        self.assertEqual([sender for _, _, sender, _ in self.gate.requests], [STRANGER])

    def test_one_that_is_to_come_may_be_forgotten_until_it_has(self) -> None:
        self.read.answer = waiting = Deferred()
        processor = self.connect()
        processor.dataReceived(b"@id=4;from=10.0.0.1 System|GetValveState A\r\n@id=5 Forget 4\r\n")
        self.assertEqual(self.gate.forgotten, [waiting])
        waiting.callback("True")
        processor.dataReceived(b"@id=6 Forget 4\r\n")
        self.assertEqual(self.gate.forgotten, [waiting])
        self.assertIn(b"@id=4 True\r\n", self.transport.value())


class SameIdTests(HopCase):
    def test_two_of_one_id_have_a_reply_each(self) -> None:
        processor = self.connect()
        processor.dataReceived(b"@id=4 System|Move\r\n@id=4 System|Turn\r\n")
        for waiting in self.gate.waiting:
            waiting.callback("OK")
        self.assertEqual(self.transport.value(), b"@id=4 OK\r\n" * 2)


class TermsTests(HopCase):
    def test_a_client_without_a_connection_has_none_whatever_else_is_said(self) -> None:
        for tags in (b"key=k", b"sent=97.5", b"within=3"):
            self.say(b"@id=4;from=10.0.0.1;" + tags + b" System|Open V")
            self.assertEqual(self.gate.context[-1].session, "")

    def test_an_age_by_the_clock_of_another_computer_is_not_that_of_this_one(self) -> None:
        self.say(b"@id=4;from=10.0.0.1;sent=1;key=k System|Open V", "10.0.0.7")
        self.assertEqual(self.gate.context[-1].age, 0.0)


class StreamTests(HopCase):
    def test_a_server_is_told_how_things_stand(self) -> None:
        self.stream.publish(valve())
        self.assertIn(b"@id=4 OK\r\n", self.say(b"@id=4 Subscribe *"))
        self.clock.advance(0)
        self.assertIn(b"@event=snapshot", self.transport.value())

    def test_nobody_else_is(self) -> None:
        self.assertIn(b"ERROR 206", self.say(b"@id=4 Subscribe *", STRANGER))
        self.assertEqual(self.stream.readers, 0)


class OwnerTests(HopCase):
    def test_the_owner_is_answered_by_its_connection(self) -> None:
        reply = self.say(b"@id=4 Lease s1 ask", owned=True)
        self.assertTrue(reply.startswith(b"@id=4 free p1/connection-1/"), reply)

    def test_another_server_and_a_stranger_are_refused(self) -> None:
        for host, code in (("10.0.0.7", b"ERROR 208"), (STRANGER, b"ERROR 206")):
            self.assertIn(code, self.say(b"@id=4 Lease s1 ask", host, owned=True))
        self.assertEqual(self.lease.asked("s2 ask", "c2").partition(" ")[0], "free")

    def test_words_of_the_road_are_known_beside_its_own(self) -> None:
        self.assertEqual(self.say(b"@id=4 Gone abc", owned=True), b"@id=4 OK\r\n")

    def test_without_an_owner_nobody_is_asked_for_the_lease(self) -> None:
        self.assertIn(b"ERROR 206", self.say(b"@id=4 Lease s1 ask"))

    def test_when_its_connection_has_ended_its_next_process_is_listened_to(self) -> None:
        processor = self.connect(owned=True)
        processor.dataReceived(b"@id=4 Lease s1 ask\r\n")
        self.assertEqual(self.lease.asked("s2 ask", "c2"), "held")
        processor.connectionLost()
        self.assertIn("free", self.lease.asked("s2 ask", "c2"))
