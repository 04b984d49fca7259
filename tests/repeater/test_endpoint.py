"""The repeaters: one connection, replies by id, nothing twice, never sent or unknown."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet import error as net
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import INegotiated, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pychron_comms.errors import (
    InvalidValveError,
    MalformedRequestError,
    OutcomeUnknownError,
    PychronCommunicationError,
)
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.observability.metrics import Metrics
from pychron_comms.repeater import connection as connection_module
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.repeater.local import LocalRepeater
from pychron_comms.repeater.routing import FixedWay, RoutingRepeater
from pychron_comms.wire.context import RequestContext
from tests.doubles import ScriptedGate, ScriptedRepeater


class Transport(StringTransport):
    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        self.protocol.connectionLost(Failure(net.ConnectionDone()))


@implementer(IStreamClientEndpoint)
class Processor:
    """An endpoint whose far end the test plays."""

    transport_class = Transport

    def __init__(self) -> None:
        self.up = True
        self.attempts = 0
        self.protocol: Any = None

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        self.attempts += 1
        if not self.up:
            return fail(net.ConnectionRefusedError())
        self.protocol = factory.buildProtocol(None)
        self.transport = self.transport_class()
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)
        return succeed(self.protocol)

    def read(self) -> list[str]:
        """The lines that came, since the last time."""
        data = self.transport.value().decode()
        self.transport.clear()
        return data.split("\r\n")[:-1]

    def say(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def drop(self) -> None:
        self.protocol.connectionLost(Failure(net.ConnectionDone()))


class EndpointCase(SynchronousTestCase):
    is_near = False

    def setUp(self) -> None:
        self.clock = Clock()
        self.processor = Processor()
        self.metrics = Metrics()
        self.hop = self.metrics.histogram("hop_seconds", "How long.", (0.5, 5.0))
        self.repeater = CommandRepeater(
            self.processor,
            "tcp:lab:1059",
            self.clock,
            timeout=30,
            is_near=self.is_near,
            hop=self.hop,
        )

    def start(self) -> None:
        self.repeater.startService()
        self.addCleanup(self.repeater.stopService)

    def ask(self, data: str, within: float | None = None) -> Deferred[str]:
        return self.repeater.get_response("System", data, "10.0.0.1", RequestContext(within))


class RequestTests(EndpointCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()

    def test_provides_its_interface(self) -> None:
        verifyObject(ICommandRepeater, self.repeater)

    def test_prepends_the_type_and_says_who_asked(self) -> None:
        self.ask("Open V")
        self.assertEqual(self.processor.read(), ["@id=1;from=10.0.0.1;left=0.000 System|Open V"])

    def test_how_long_a_reply_takes_is_measured(self) -> None:
        self.ask("Open V")
        self.clock.advance(0.02)
        self.say_reply(1)
        self.assertEqual((sum(self.hop.counts), round(self.hop.total, 6)), (1, 0.02))

    def say_reply(self, number: int) -> None:
        self.processor.say(f"@id={number} OK\r\n".encode())

    def test_says_how_long_the_asker_waits(self) -> None:
        self.ask("Open V", within=0.5)
        self.assertEqual(
            self.processor.read(), ["@id=1;from=10.0.0.1;left=0.000;within=0.500000 System|Open V"]
        )

    def test_matches_replies_by_their_ids_in_any_order(self) -> None:
        one, two = self.ask("Open A"), self.ask("Open B")
        self.processor.say(b"@id=2 B\r\n@id=1 A\r\n")
        self.assertEqual(self.successResultOf(one), "A")
        self.assertEqual(self.successResultOf(two), "B")

    def test_a_reply_with_a_payload_is_whole(self) -> None:
        reply = self.ask("GetResponseBlob")
        self.processor.say(b"@id=1;len=5 \r\na\r\n")
        self.assertNoResult(reply)
        self.processor.say(b"bc")
        self.assertEqual(self.successResultOf(reply), "a\r\nbc")

    def test_an_error_of_the_processor_is_a_reply_like_any(self) -> None:
        reply = self.ask("Open Z")
        self.processor.say(b"@id=1 ERROR 004 : invalid arguments: Open Z\r\n")
        self.assertEqual(self.successResultOf(reply), "ERROR 004 : invalid arguments: Open Z")

    def test_a_line_end_inside_a_command_is_never_sent(self) -> None:
        self.failureResultOf(self.ask("Open A\nOpen B"), MalformedRequestError)
        self.assertEqual(self.processor.read(), [])

    def test_a_round_trip_tests_the_connection(self) -> None:
        test = self.repeater.test_connection()
        (line,) = self.processor.read()
        self.assertEqual(line, "@id=1;from= test|are you there")
        self.processor.say(b"@id=1 are you there\r\n")
        self.successResultOf(test)

    def test_an_echo_that_is_none_fails_the_test(self) -> None:
        test = self.repeater.test_connection()
        self.processor.say(b"@id=1 ERROR 211 : no request type test\r\n")
        self.failureResultOf(test, PychronCommunicationError)


class ContextTests(EndpointCase):
    """What travels beside a command, and what is told of those who ask no more."""

    def setUp(self) -> None:
        super().setUp()
        self.start()

    def test_key_role_and_session_travel_on(self) -> None:
        context = RequestContext(None, "a b;c", "observe", "5e55")
        self.repeater.get_response("System", "Open V", "10.0.0.1", context)
        self.assertEqual(
            self.processor.read(),
            [
                "@id=1;from=10.0.0.1;left=0.000;key=a%20b%3Bc;role=observe;session=5e55 "
                "System|Open V"
            ],
        )

    def test_what_nobody_waits_for_is_to_be_forgotten(self) -> None:
        self.ask("Open A")
        reply = self.ask("Open B")
        self.processor.read()
        self.repeater.asker_gone(reply)
        self.assertEqual(self.processor.read(), ["@id=3;from=10.0.0.1 Forget 2"])
        self.processor.say(b"@id=3 OK\r\n@id=2 ERROR 202 : expired before it was begun\r\n")
        self.assertEqual(self.successResultOf(reply), "ERROR 202 : expired before it was begun")

    def test_what_is_answered_is_not_told_of(self) -> None:
        reply = self.ask("Open A")
        self.processor.say(b"@id=1 OK\r\n")
        self.processor.read()
        self.repeater.asker_gone(reply)
        self.repeater.asker_gone(Deferred())
        self.assertEqual(self.processor.read(), [])

    def test_the_end_of_a_client_is_told(self) -> None:
        self.repeater.session_ended("5e55", "10.0.0.1")
        self.assertEqual(self.processor.read(), ["@id=1;from=10.0.0.1 Gone 5e55"])
        self.processor.drop()
        self.repeater.asker_gone(Deferred())
        self.repeater.session_ended("5e55", "10.0.0.1")

    def test_a_command_of_which_copies_are_known_says_which_it_is(self) -> None:
        context = RequestContext(ask="a0b1-7.3", silent=1.25)
        self.repeater.get_response("System", "Open V", "10.0.0.1", context)
        self.assertEqual(
            self.processor.read(),
            ["@id=1;from=10.0.0.1;left=0.000;ask=a0b1-7.3;silent=1.250 System|Open V"],
        )

    def test_a_connection_that_it_ends_itself_is_no_loss(self) -> None:
        for stop, said in ((lambda: None, True), (self.repeater.stopService, False)):
            with capturedLogs() as logs:
                stop()
                self.processor.drop()
            told = [str(formatEvent(each)) for each in logs]
            self.assertEqual(any(each.startswith("lost the processor") for each in told), said)
            self.clock.advance(5.0)

    def test_an_error_to_what_is_told_is_nobodys(self) -> None:
        self.repeater.session_ended("5e55", "10.0.0.1")
        self.processor.say(b"@id=1 ERROR 206 : malformed request: Type|command is wanted\r\n")
        reply = self.ask("Open A")
        self.processor.say(b"@id=2 OK\r\n")
        self.assertEqual(self.successResultOf(reply), "OK")


class NearTests(EndpointCase):
    is_near = True

    def test_a_processor_on_this_computer_is_told_when_a_command_was_sent(self) -> None:
        self.start()
        self.clock.advance(2.5)
        self.ask("Open V")
        self.assertEqual(self.processor.read(), ["@id=1;from=10.0.0.1;sent=2.500 System|Open V"])

    def test_it_says_so_of_each_to_the_millisecond(self) -> None:
        self.start()
        for sender, later in (
            *(("a", 0.0), ("a", 0.001), ("a", 0.999), ("a", 0.0008)),
            *(("b", 0.0), ("b", 0.002), ("b", -1.0)),
        ):
            self.clock.rightNow += later
            self.repeater.get_response("System", "Open V", sender)
        said = [line.partition(" ")[0].partition(";")[2] for line in self.processor.read()]
        self.assertEqual(
            said,
            [
                "from=a;sent=0.000",
                "from=a;sent=0.001",
                "from=a;sent=1.000",
                "from=a;sent=1.000",
                "from=b;sent=1.001",
                "from=b;sent=1.003",
                "from=b;sent=0.003",
            ],
        )


class FailureTests(EndpointCase):
    def test_without_a_connection_nothing_is_sent_and_011_says_so(self) -> None:
        self.processor.up = False
        self.start()
        failure = self.failureResultOf(self.ask("Open V"), PychronCommunicationError)
        self.assertEqual(
            str(failure.value),
            "could not communicate with pychron through tcp:lab:1059. "
            "socket.error = Connection was refused by other side.",
        )

    def test_what_was_sent_when_the_connection_ends_is_unknown_and_not_sent_again(self) -> None:
        self.start()
        reply = self.ask("Open V")
        self.processor.read()
        self.processor.drop()
        self.failureResultOf(reply, OutcomeUnknownError)
        self.clock.advance(1)
        self.assertEqual((self.processor.attempts, self.processor.read()), (2, []))

    def test_reconnects_with_growing_pauses_when_the_processor_is_down(self) -> None:
        self.processor.up = False
        self.start()
        self.clock.pump([0.05] * 20)
        self.assertGreater(self.processor.attempts, 2)
        self.clock.pump([0.1] * 200)
        self.assertLess(self.processor.attempts, 25)
        self.processor.up = True
        self.clock.advance(2.2)
        reply = self.ask("Open V")
        self.processor.say(b"@id=1 OK\r\n")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_one_that_starts_with_its_processor_is_there_as_soon_as_that(self) -> None:
        self.processor.up = False
        self.start()
        self.clock.pump([0.01] * 12)
        self.assertGreaterEqual(self.processor.attempts, 3)

    def test_no_reply_in_time_is_unknown(self) -> None:
        self.start()
        early = self.ask("Open A")
        self.clock.advance(15)
        late = self.ask("Open B")
        self.clock.pump([1.0] * 16)
        self.failureResultOf(early, OutcomeUnknownError)
        self.assertNoResult(late)

    def test_the_askers_time_bounds_the_wait_for_a_silent_processor(self) -> None:
        self.start()
        patient, hasty = self.ask("Open A"), self.ask("Open B", within=1.0)
        hastiest = self.ask("Open C", within=0.0)
        self.clock.advance(1.0)
        self.failureResultOf(hastiest, OutcomeUnknownError)
        self.assertNoResult(hasty)
        self.clock.advance(1.0)
        self.failureResultOf(hasty, OutcomeUnknownError)
        self.assertNoResult(patient)

    def test_a_late_reply_answers_nobody_else(self) -> None:
        self.start()
        first = self.ask("Open A")
        self.clock.pump([1.0] * 31)
        self.failureResultOf(first, OutcomeUnknownError)
        second = self.ask("Open B")
        self.processor.say(b"@id=1 late\r\n")
        self.assertNoResult(second)
        self.assertFalse(self.processor.transport.aborted)

    def test_garbage_ends_the_connection_and_what_waits(self) -> None:
        for garbage in (
            b"hello\r\n",
            b"@id=x OK\r\n",
            b"@id=99 OK\r\n",
            b"@id OK\r\n",
            b"@id=1 \xff\xfe\r\n",
        ):
            self.processor = Processor()
            repeater = CommandRepeater(self.processor, "here", self.clock)
            repeater.startService()
            reply = repeater.get_response("System", "Open A", "10.0.0.1")
            self.processor.say(garbage)
            self.assertTrue(self.processor.transport.aborted, msg=garbage)
            self.failureResultOf(reply, OutcomeUnknownError)
            repeater.stopService()

    def test_what_was_answered_before_the_garbage_is_known(self) -> None:
        self.start()
        one, two = self.ask("Open A"), self.ask("Open B")
        self.processor.say(b"@id=1 OK\r\nhello\r\n")
        self.assertEqual(self.successResultOf(one), "OK")
        self.failureResultOf(two, OutcomeUnknownError)

    def test_a_reply_without_end_is_garbage_too(self) -> None:
        self.patch(connection_module, "REPLY_LIMIT", 100)
        self.start()
        self.processor.say(b"@id=1 " + b"x" * 200)
        self.assertTrue(self.processor.transport.aborted)


class OutageTests(EndpointCase):
    def test_attempts_are_not_logged_each(self) -> None:
        self.processor.up = False
        with capturedLogs() as events:
            self.start()
            self.clock.pump([0.1] * 100)
            self.processor.up = True
            self.clock.advance(2.2)
        said = [formatEvent(each) for each in events]
        self.assertGreater(self.processor.attempts, 5)
        self.assertEqual(
            said[0], "no processor at tcp:lab:1059: Connection was refused by other side."
        )
        self.assertRegex(said[1], "^connected to the processor at tcp:lab:1059 again: it was away")
        self.assertEqual(len(said), 2)


@implementer(INegotiated)
class TlsTransport(Transport):
    """One whose handshake the test ends."""

    negotiatedProtocol = None
    is_prompt = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.is_prompt = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Nobody vanishes in memory."""


class TlsTests(EndpointCase):
    """Under TLS 1.3 a processor looks at a certificate when this side believes to be connected."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(self.processor, "transport_class", TlsTransport)
        self.start()
        self.processor.protocol.handshakeCompleted()

    def test_a_short_command_waits_for_no_other(self) -> None:
        self.assertTrue(self.processor.transport.is_prompt)

    def test_a_command_is_sent_when_the_processor_has_answered_once(self) -> None:
        self.failureResultOf(self.ask("Open V"), PychronCommunicationError)
        self.assertEqual(self.processor.read(), ["@id=1 test|are you there"])
        self.processor.say(b"@id=1 are you there\r\n")
        self.assertNoResult(self.ask("Open V"))

    def test_a_certificate_that_it_does_not_take_is_011_and_says_so(self) -> None:
        alert = SSL.Error([("SSL routines", "", "tlsv13 alert certificate required")])
        with capturedLogs() as events:
            self.processor.protocol.connectionLost(Failure(alert))
            error = self.failureResultOf(self.ask("Open V"), PychronCommunicationError).value
        self.assertIn("wants another certificate", str(error))
        (told,) = [formatEvent(event) for event in events]
        self.assertTrue(told.startswith("no processor at tcp:lab:1059: the server wants"), told)

    def test_one_that_never_answers_is_given_up(self) -> None:
        silent = self.processor.transport
        self.clock.pump([1.0] * 11)
        self.assertTrue(silent.aborted)


class LocalTests(SynchronousTestCase):
    def test_hands_a_request_to_the_gate(self) -> None:
        gate = ScriptedGate(Open="OK", Bad=InvalidValveError("Z"))
        repeater = LocalRepeater(gate)
        verifyObject(ICommandRepeater, repeater)
        self.assertEqual(
            self.successResultOf(
                repeater.get_response("System", "Open A", "10.0.0.1", RequestContext(2.0))
            ),
            "OK",
        )
        self.failureResultOf(repeater.get_response("System", "Bad", ""), InvalidValveError)
        waiting = repeater.get_response("System", "Slow", "")
        gate.waiting[0].callback("there")
        self.assertEqual(self.successResultOf(waiting), "there")
        self.assertEqual(gate.requests[0], ("System", "Open A", "10.0.0.1", 2.0))
        self.successResultOf(repeater.test_connection())

    def test_a_bug_in_the_gate_is_a_failure_too(self) -> None:
        repeater = LocalRepeater(ScriptedGate(Bad=ZeroDivisionError()))
        self.failureResultOf(repeater.get_response("System", "Bad", ""), ZeroDivisionError)

    def test_the_gate_is_told_who_is_gone(self) -> None:
        gate = ScriptedGate()
        repeater = LocalRepeater(gate)
        context = RequestContext(None, "k", "observe", "5e55")
        waiting = repeater.get_response("System", "Slow", "10.0.0.1", context)
        repeater.asker_gone(waiting)
        repeater.session_ended("5e55", "10.0.0.1")
        repeater.reply_taken("c.1")
        self.assertEqual((gate.context, gate.sessions), ([context], ["5e55"]))
        self.assertEqual(gate.taken, ["c.1"])
        self.assertIs(gate.forgotten[0], gate.waiting[0])


class RoutingCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.default, self.laser = ScriptedRepeater(), ScriptedRepeater()
        self.routing = RoutingRepeater(
            FixedWay("default", self.default),
            {"CO2": FixedWay("laser", self.laser)},
            {"default": self.default, "laser": self.laser},
            Clock(),
        )


class RoutingTests(RoutingCase):
    def test_each_type_goes_to_its_processor(self) -> None:
        verifyObject(ICommandRepeater, self.routing)
        self.routing.get_response("CO2", "Enable", "10.0.0.1")
        self.routing.get_response("System", "Open A", "10.0.0.1", RequestContext(1.0))
        self.assertEqual(self.laser.requests, [("CO2", "Enable", "10.0.0.1", None)])
        self.assertEqual(self.default.requests, [("System", "Open A", "10.0.0.1", 1.0)])

    def test_all_of_them_are_told_who_is_gone(self) -> None:
        reply = self.routing.get_response("CO2", "Enable", "10.0.0.1")
        self.routing.asker_gone(reply)
        self.routing.session_ended("5e55", "10.0.0.1")
        self.routing.reply_taken("c.1")
        for repeater in (self.default, self.laser):
            self.assertEqual((repeater.forgotten, repeater.sessions), ([reply], ["5e55"]))
            self.assertEqual(repeater.taken, ["c.1"])

    def test_all_of_them_must_pass_the_test(self) -> None:
        test = self.routing.test_connection()
        self.default.tests[0].callback(None)
        self.assertNoResult(test)
        self.laser.tests[0].callback(None)
        self.assertIsNone(self.successResultOf(test))

    def test_the_first_failure_is_the_tests(self) -> None:
        test = self.routing.test_connection()
        self.laser.tests[0].errback(PychronCommunicationError("there", "gone"))
        self.failureResultOf(test, PychronCommunicationError)
