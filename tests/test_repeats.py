"""A command that a client sends again is run once, and the reply finds who still waits."""

from __future__ import annotations

import errno
import json
import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import OutcomeUnknownError, PychronCommunicationError
from pychron_comms.server.desk import RequestDesk
from pychron_comms.server.launch import Launcher
from pychron_comms.server.messaging_handler import MessagingHandler
from pychron_comms.server.repeats import Asked, RepeatGuard
from pychron_comms.wire import WireOptions
from tests.doubles import ScriptedRepeater

DESCRIPTION = json.dumps(
    {
        "commands": [
            {"name": "GetPosition", "aliases": ["Where"], "effect": "read", "safe": "never"},
            {"name": "Open", "aliases": [], "effect": "actuate", "safe": "never"},
            {"name": "Close", "aliases": [], "effect": "actuate", "safe": "always"},
            {"name": "SetPower", "aliases": [], "effect": "idempotent", "safe": "sometimes"},
        ]
    }
)
OPEN = Asked("System", "Open A", "10.0.0.1")


class Repeater(ScriptedRepeater):
    """Keeps what acts apart from what asks for a description."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptions: list[Deferred[str]] = []

    def get_response(
        self, request_type: str, data: str, sender: str, within: float | None = None
    ) -> Deferred[str]:
        if data == "Describe":
            self.descriptions.append(Deferred())
            return self.descriptions[-1]
        return super().get_response(request_type, data, sender, within)

    @property
    def sent(self) -> list[str]:
        return [data for _, data, _, _ in self.requests]


class GuardTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, self.clock)

    def ask(self, connection: object, asked: Asked = OPEN) -> Deferred[str]:
        return self.guard.get_response(asked, connection)

    def test_a_copy_by_another_connection_joins_the_first(self) -> None:
        first, copy = self.ask("one"), self.ask("two")
        self.repeater.waiting[0].callback("OK")
        self.assertEqual((self.successResultOf(first), self.successResultOf(copy)), ("OK", "OK"))
        self.assertEqual(self.repeater.sent, ["Open A"])

    def test_a_copy_shares_a_failure_too(self) -> None:
        first, copy = self.ask("one"), self.ask("two")
        self.repeater.waiting[0].errback(OutcomeUnknownError("lost"))
        self.failureResultOf(first, OutcomeUnknownError)
        self.failureResultOf(copy, OutcomeUnknownError)

    def test_what_one_connection_sends_twice_is_meant_twice(self) -> None:
        self.ask("one")
        self.ask("one")
        self.assertEqual(self.repeater.sent, ["Open A", "Open A"])
        for waiting in self.repeater.waiting:
            waiting.callback("OK")

    def test_another_computer_is_no_copy(self) -> None:
        self.ask("one")
        self.ask("two", OPEN._replace(sender="10.0.0.2"))
        self.assertEqual(len(self.repeater.sent), 2)

    def test_the_same_command_after_the_reply_is_a_new_one(self) -> None:
        self.ask("one")
        self.repeater.waiting[0].callback("OK")
        self.ask("two")
        self.assertEqual(len(self.repeater.sent), 2)

    def test_an_undelivered_reply_answers_who_asks_again(self) -> None:
        self.guard.keep(OPEN, "OK", 0)
        self.clock.advance(4.9)
        self.assertEqual(self.successResultOf(self.ask("two")), "OK")
        self.assertEqual(self.repeater.sent, [])
        self.ask("three")
        self.assertEqual(self.repeater.sent, ["Open A"])

    def test_an_undelivered_failure_does_so_too(self) -> None:
        self.guard.keep(OPEN, Failure(OutcomeUnknownError("lost")), 0)
        self.failureResultOf(self.ask("two"), OutcomeUnknownError)

    def test_a_reply_is_kept_for_a_moment_only(self) -> None:
        self.guard.keep(OPEN, "OK", 0)
        self.clock.advance(5)
        self.ask("two")
        self.assertEqual(self.repeater.sent, ["Open A"])

    def test_who_asks_something_else_no_longer_waits_for_it(self) -> None:
        self.guard.keep(OPEN, "OK", 0)
        self.ask("two", OPEN._replace(data="Close A"))
        self.ask("three")
        self.assertEqual(self.repeater.sent, ["Close A", "Open A"])

    def test_another_computers_replies_are_kept_meanwhile(self) -> None:
        self.guard.keep(OPEN, "OK", 0)
        self.ask("two", Asked("System", "Close A", "10.0.0.2"))
        self.assertEqual(self.successResultOf(self.ask("three")), "OK")

    def test_nothing_is_kept_where_told_so(self) -> None:
        guard = RepeatGuard(self.repeater, self.clock, keep=0)
        guard.keep(OPEN, "OK", 0)
        guard.get_response(OPEN, "two")
        self.assertEqual(self.repeater.sent, ["Open A"])


class KnowledgeTests(SynchronousTestCase):
    """What passes by the guard, as the processor describes its commands."""

    def setUp(self) -> None:
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, Clock())

    def takes(self, data: str, tagged: bool = False) -> bool:
        return self.guard.takes(OPEN._replace(data=data), tagged)

    def learn(self) -> None:
        self.takes("Open A")
        self.repeater.descriptions[0].callback(DESCRIPTION)

    def ask(self, data: str, connection: str) -> None:
        asked = OPEN._replace(data=data)
        if self.guard.takes(asked, False):
            self.guard.get_response(asked, connection)
        else:
            self.repeater.get_response(*asked)

    def test_until_it_is_told_every_command_is_taken_to_act(self) -> None:
        self.assertTrue(self.takes("GetPosition"))
        self.repeater.descriptions[0].callback(DESCRIPTION)
        for data in ("GetPosition", "Where", '{"command": "GetPosition"}', "Close A"):
            self.assertFalse(self.takes(data), msg=data)
        for data in ("Open A", '{"command": "Open"}', "{", "|", "Nonsense", "SetPower 0"):
            self.assertTrue(self.takes(data), msg=data)
        self.assertEqual(len(self.repeater.descriptions), 1)

    def test_who_puts_tags_on_a_command_sees_to_it_alone(self) -> None:
        self.assertFalse(self.takes("Open A", tagged=True))

    def test_it_asks_again_after_the_processor_was_down(self) -> None:
        self.takes("Open A")
        self.repeater.descriptions[0].errback(PychronCommunicationError("there", "down"))
        self.takes("Open A")
        self.repeater.descriptions[1].callback(DESCRIPTION)
        self.assertFalse(self.takes("GetPosition"))

    def test_a_type_that_does_not_describe_itself_acts_always(self) -> None:
        self.takes("Open A")
        self.repeater.descriptions[0].callback("ERROR 003 : invalid command: Describe")
        self.assertTrue(self.takes("GetPosition"))
        self.assertEqual(len(self.repeater.descriptions), 1)

    def test_what_makes_safe_is_always_run(self) -> None:
        self.learn()
        self.ask("Close A", "one")
        self.ask("Close A", "two")
        self.assertEqual(self.repeater.sent, ["Close A", "Close A"])

    def test_what_may_make_safe_is_a_copy_while_nothing_else_was_asked(self) -> None:
        self.learn()
        self.ask("SetPower 0", "one")
        self.ask("GetPosition", "other")
        self.ask("SetPower 0", "two")
        self.assertEqual(self.repeater.sent, ["SetPower 0", "GetPosition"])

    def test_what_may_make_safe_is_run_again_after_something_else(self) -> None:
        self.learn()
        self.ask("SetPower 0", "one")
        self.ask("SetPower 50", "other")
        self.ask("SetPower 0", "two")
        self.assertEqual(self.repeater.sent, ["SetPower 0", "SetPower 50", "SetPower 0"])

    def test_what_only_acts_stays_a_copy_whatever_else_was_asked(self) -> None:
        self.learn()
        self.ask("Open A", "one")
        self.ask("Close A", "other")
        self.ask("Open A", "two")
        self.assertEqual(self.repeater.sent, ["Open A", "Close A"])

    def test_a_kept_reply_that_may_make_safe_is_over_after_something_else(self) -> None:
        self.learn()
        power = OPEN._replace(data="SetPower 0")
        self.guard.keep(power, "OK", self.guard.counted(power))
        self.ask("SetPower 50", "other")
        self.guard.keep(power, "OK", self.guard.counted(power) - 1)
        self.ask("SetPower 0", "two")
        self.assertEqual(self.repeater.sent, ["SetPower 50", "SetPower 0"])


class Socket:
    """Tells whether the other end has reset the connection."""

    def __init__(self, error: int) -> None:
        self.error = error

    def getsockopt(self, level: int, option: int) -> int:
        assert (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR)
        return self.error


class Transport(StringTransport):
    error = 0

    def getHandle(self) -> Any:
        return Socket(self.error)


class DeliveryTests(SynchronousTestCase):
    """What a connection tells the guard of its replies."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, self.clock)
        launcher = Launcher([], None)  # type: ignore[arg-type]
        self.desk = RequestDesk("System", self.repeater, self.guard, launcher)

    def connect(self) -> tuple[MessagingHandler, Transport]:
        handler = MessagingHandler(self.desk, WireOptions(), self.clock)
        transport = Transport()
        handler.makeConnection(transport)
        return handler, transport

    def ask_and_answer(self, handler: MessagingHandler) -> None:
        handler.dataReceived(b"Open A\r")
        self.repeater.waiting[-1].callback("OK")

    def asked_again(self) -> bytes:
        """What a client reads that asks again on a connection of its own."""
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        return transport.value()

    def test_the_original_clients_copies_are_answered_by_one_run(self) -> None:
        first, _ = self.connect()
        first.dataReceived(b"Open A\r")
        first.readConnectionLost()
        second, transport = self.connect()
        second.dataReceived(b"Open A\r")
        self.repeater.waiting[0].callback("OK")
        self.assertEqual((transport.value(), self.repeater.sent), (b"OK\r\n", ["Open A"]))

    def test_a_reply_to_a_lost_connection_is_kept(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.connectionLost(Failure(ConnectionDone()))
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(self.asked_again(), b"OK\r\n")
        self.assertEqual(self.repeater.sent, ["Open A"])

    def test_a_reply_that_was_reset_unread_is_kept(self) -> None:
        handler, _ = self.connect()
        self.ask_and_answer(handler)
        handler.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.asked_again(), b"OK\r\n")

    def test_a_reply_that_was_read_is_not(self) -> None:
        handler, _ = self.connect()
        self.ask_and_answer(handler)
        handler.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.asked_again(), b"")

    def test_who_asks_on_has_read_the_reply_before(self) -> None:
        handler, _ = self.connect()
        self.ask_and_answer(handler)
        handler.dataReceived(b"@id=1 GetPosition\r")
        handler.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.asked_again(), b"")

    def test_who_has_closed_has_read_the_reply_before(self) -> None:
        handler, _ = self.connect()
        self.ask_and_answer(handler)
        handler.readConnectionLost()
        handler.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.asked_again(), b"")

    def test_who_only_stopped_sending_has_its_reply(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        self.repeater.waiting[0].callback("OK")
        self.assertFalse(transport.disconnecting)
        self.clock.advance(0.2)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.asked_again(), b"")

    def test_who_has_gone_after_it_stopped_sending_has_not(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        transport.error = errno.EPIPE
        self.repeater.waiting[0].callback("OK")
        self.clock.advance(0.2)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.asked_again(), b"OK\r\n")

    def test_a_connection_that_ends_in_doubt_leaves_no_timer(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"Open A\rOpen B\r")
        handler.readConnectionLost()
        for waiting in self.repeater.waiting:
            waiting.callback("OK")
        handler.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_replies_with_an_id_are_their_clients_own_affair(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"@id=1 Open A\r")
        handler.connectionLost(Failure(ConnectionLost()))
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(self.asked_again(), b"")

    def test_a_lost_connection_that_had_ended_closes_at_once(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        handler.connectionLost(Failure(ConnectionLost()))
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.asked_again(), b"OK\r\n")
