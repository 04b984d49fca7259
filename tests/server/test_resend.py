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

from pychron_comms.errors import (
    ExpiredError,
    NotPermittedError,
    OutcomeUnknownError,
    PychronCommunicationError,
)
from pychron_comms.observability.metrics import Metrics
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.messaging_handler import (
    LINGER,
    MessagingHandler,
    is_unacknowledged,
)
from pychron_comms.server.resend.guard import GONE, KEEP, Asked, RepeatGuard
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.grammar import parse_request
from tests.doubles import ScriptedRepeater
from tests.listening import connections, shared

DESCRIPTION = json.dumps(
    {
        "commands": [
            {"name": "GetPosition", "aliases": ["Where"], "effect": "read", "safe": "never"},
            {
                "name": "Open",
                "aliases": [],
                "effect": "actuate",
                "safe": "never",
                "arguments": [{"name": "name"}],
                "target": "name",
            },
            {
                "name": "Close",
                "aliases": [],
                "effect": "actuate",
                "safe": "always",
                "arguments": [{"name": "name"}],
                "target": "name",
            },
            {"name": "SetPower", "aliases": [], "effect": "idempotent", "safe": "sometimes"},
            {
                "name": "SetXY",
                "aliases": [],
                "effect": "idempotent",
                "safe": "never",
                "arguments": [{"name": "x"}, {"name": "y"}],
                "target": "stage",
            },
            {
                "name": "SetGain",
                "aliases": [],
                "effect": "idempotent",
                "safe": "never",
                "arguments": [{"name": "detector"}, {"name": "gain"}],
                "target": "detector",
            },
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
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        if data == "Describe":
            self.descriptions.append(Deferred())
            return self.descriptions[-1]
        return super().get_response(request_type, data, sender, context)

    @property
    def sent(self) -> list[str]:
        return [data for _, data, _, _ in self.requests]


class GuardTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, self.clock, shared(self.clock).log)

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
        guard = RepeatGuard(self.repeater, self.clock, shared(self.clock).log, keep=0)
        guard.keep(OPEN, "OK", 0)
        guard.get_response(OPEN, "two")
        self.assertEqual(self.repeater.sent, ["Open A"])


class ConnectionCase(SynchronousTestCase):
    """Connections of one listener."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, self.clock, shared(self.clock).log)
        launcher = Launcher([], None)  # type: ignore[arg-type]
        self.dispatcher = RequestDispatcher(
            "System", self.repeater, self.guard, launcher, metrics=Metrics()
        )

    def connect(
        self, dispatcher: RequestDispatcher | None = None
    ) -> tuple[MessagingHandler, Transport]:
        handler = MessagingHandler(dispatcher or self.dispatcher, connections(self.clock))
        transport = Transport()
        handler.makeConnection(transport)
        return handler, transport

    def ask(self, line: bytes = b"Open A\r") -> MessagingHandler:
        handler, _ = self.connect()
        handler.dataReceived(line)
        return handler

    def lose(self, handler: MessagingHandler) -> None:
        handler.connectionLost(Failure(ConnectionDone()))

    def dropped(self, count: int = 1) -> list[Deferred[str]]:
        self.assertEqual(self.repeater.forgotten, self.repeater.waiting[:count])
        return self.repeater.forgotten


class GoneTests(ConnectionCase):
    """A client that has gone, and what it asked."""

    def test_its_command_is_dropped_after_a_moment(self) -> None:
        self.lose(self.ask())
        self.clock.advance(GONE - 0.01)
        self.dropped(0)
        self.clock.advance(0.01)
        self.dropped()

    def test_not_where_somebody_has_asked_again(self) -> None:
        handler = self.ask()
        self.lose(handler)
        self.clock.advance(0.5)
        self.ask()
        self.clock.advance(10)
        self.dropped(0)

    def test_it_is_when_that_one_has_gone_too(self) -> None:
        first, second = self.ask(), self.ask()
        self.lose(first)
        self.clock.advance(5)
        self.lose(second)
        self.clock.advance(GONE)
        self.dropped()

    def test_not_where_it_has_been_answered_meanwhile(self) -> None:
        handler = self.ask()
        self.lose(handler)
        self.repeater.waiting[0].callback("OK")
        self.clock.advance(GONE)
        self.dropped(0)

    def test_what_runs_all_the_same_leaves_its_reply_for_who_asks_again(self) -> None:
        self.lose(self.ask())
        self.clock.advance(GONE)
        self.dropped()
        # It ran already: telling the processor changes nothing.
        self.repeater.waiting[0].callback("OK")
        again, transport = self.connect()
        again.dataReceived(b"Open A\r")
        self.assertEqual((transport.value(), self.repeater.sent), (b"OK\r\n", ["Open A"]))

    def test_what_was_dropped_is_run_for_who_asks_again(self) -> None:
        self.lose(self.ask())
        self.clock.advance(GONE)
        self.repeater.waiting[0].callback(
            "ERROR 202 : expired before it was begun: Open: who asked has gone"
        )
        self.ask()
        self.assertEqual(self.repeater.sent, ["Open A", "Open A"])

    def test_a_failure_that_says_so_is_not_kept_either(self) -> None:
        self.lose(self.ask())
        self.repeater.waiting[0].errback(ExpiredError("Open"))
        self.ask()
        self.assertEqual(self.repeater.sent, ["Open A", "Open A"])

    def test_a_command_with_tags_is_dropped_too(self) -> None:
        self.lose(self.ask(b"@id=1;key=k Open A\r"))
        self.clock.advance(GONE)
        self.dropped()

    def test_each_command_of_a_connection_is(self) -> None:
        self.lose(self.ask(b"Open A\rOpen A\r@id=1 Open A\r"))
        self.clock.advance(GONE)
        self.assertEqual(
            {id(each) for each in self.repeater.forgotten},
            {id(each) for each in self.repeater.waiting},
        )
        self.assertEqual(len(self.repeater.waiting), 3)

    def test_who_stops_sending_may_be_gone_too(self) -> None:
        handler = self.ask()
        handler.readConnectionLost()
        self.clock.advance(GONE)
        self.dropped()
        # And is told of it, where it is not.
        self.repeater.waiting[0].callback("ERROR 202 : expired before it was begun: Open")
        self.assertIn(b"ERROR 202", handler.transport.value())

    def test_one_that_is_gone_in_two_steps_is_gone_once(self) -> None:
        first = self.ask()
        first.readConnectionLost()
        self.ask()
        self.lose(first)
        self.clock.advance(10)
        self.dropped(0)


class SessionTests(ConnectionCase):
    """Claims may be bound to their connection; nothing else knows of it."""

    def session(self, number: int = -1) -> str:
        return self.repeater.context[number].session

    def test_only_a_claim_tells_its_connection(self) -> None:
        handler = self.ask(b"Open A\r@id=1 Open A\r")
        self.assertEqual([context.session for context in self.repeater.context], ["", ""])
        handler.dataReceived(b"Claim A 60 connection\r")
        self.assertRegex(self.session(), "^[0-9a-f]{16}$")
        handler.dataReceived(b'@id=2 {"command": "Claim", "name": "A", "seconds": 6}\r')
        self.assertEqual(self.session(-1), self.session(-2))
        self.ask(b"Claim A 60 connection\r")
        self.assertNotEqual(self.session(-1), self.session(-2))

    def test_its_end_is_told_once_and_only_where_something_was_claimed(self) -> None:
        self.lose(self.ask())
        self.assertEqual(self.repeater.sessions, [])
        self.lose(self.ask(b"Claim A 60 connection\r"))
        self.assertEqual(self.repeater.sessions, [self.session()])

    def test_who_sends_no_more_has_ended_it_whatever_it_still_waits_for(self) -> None:
        handler = self.ask(b"Claim A 60 connection\rOpen A\r")
        handler.readConnectionLost()
        self.assertEqual(self.repeater.sessions, [self.session(0)])
        self.lose(handler)
        self.assertEqual(len(self.repeater.sessions), 1)

    def test_who_names_a_session_of_its_own_is_not_believed(self) -> None:
        self.ask(b"@id=1;session=other Open A\r")
        self.assertEqual(self.session(), "")

    def test_a_datagram_has_none(self) -> None:
        self.dispatcher.answer(parse_request("Claim A 60 connection"), "10.0.0.1", Passing())
        self.assertEqual(self.session(), "")


class ReadOnlyTests(ConnectionCase):
    """A listener at which nobody does more than its role allows."""

    def ask_at(self, role: str, line: str) -> Any:
        dispatcher = RequestDispatcher(
            "System",
            self.repeater,
            self.guard,
            Launcher(["true"], None),  # type: ignore[arg-type]
            role=role,
            metrics=Metrics(),
        )
        return dispatcher.answer(parse_request(line), "10.0.0.1", Passing())

    def test_its_role_goes_with_every_command(self) -> None:
        for line in ("Open A", "GetPosition", "@id=1;key=k Open A", "Claim A 60"):
            self.ask_at("observe", line)
            self.assertEqual(self.repeater.context[-1].role, "observe", msg=line)
        self.assertEqual(self.repeater.context[2].key, "k")

    def test_a_tag_can_only_lower_it(self) -> None:
        for listener, tag, expected in (
            ("observe", "admin", "observe"),
            ("admin", "observe", "observe"),
            ("", "operate", "operate"),
            ("operate", "admin", "operate"),
        ):
            self.ask_at(listener, f"@role={tag} Open A")
            self.assertEqual(self.repeater.context[-1].role, expected, msg=f"{listener} {tag}")

    def test_nothing_is_launched_there(self) -> None:
        self.assertRaises(NotPermittedError, self.ask_at, "observe", "RemoteLaunch")

    def test_its_commands_are_no_copies_of_those_of_another_listener(self) -> None:
        self.ask()
        self.ask_at("observe", "Open A")
        self.assertEqual(self.repeater.sent, ["Open A", "Open A"])


class KnowledgeTests(SynchronousTestCase):
    """What passes by the guard, as the processor describes its commands."""

    def setUp(self) -> None:
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, Clock(), shared(Clock()).log)

    def takes(self, data: str) -> bool:
        return not self.guard.passes(OPEN._replace(data=data))

    def learn(self) -> None:
        self.takes("Open A")
        self.repeater.descriptions[0].callback(DESCRIPTION)

    def ask(self, data: str, connection: str) -> None:
        asked = OPEN._replace(data=data)
        if self.guard.passes(asked):
            self.repeater.get_response(*asked)
        else:
            self.guard.get_response(asked, connection)

    def test_until_it_is_told_every_command_is_taken_to_act(self) -> None:
        self.assertTrue(self.takes("GetPosition"))
        self.repeater.descriptions[0].callback(DESCRIPTION)
        for data in ("GetPosition", "Where", '{"command": "GetPosition"}', "Close A"):
            self.assertFalse(self.takes(data), msg=data)
        for data in ("Open A", '{"command": "Open"}', "{", "|", "Nonsense", "SetPower 0"):
            self.assertTrue(self.takes(data), msg=data)
        self.assertEqual(len(self.repeater.descriptions), 1)

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


class PartTests(SynchronousTestCase):
    """A kept reply is over when something new is asked of the same part."""

    def setUp(self) -> None:
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, Clock(), shared(Clock()).log)
        self.guard.passes(OPEN)
        self.repeater.descriptions[0].callback(DESCRIPTION)

    def is_over(self, kept: str, new: str, sender: str = OPEN.sender) -> bool:
        first = OPEN._replace(data=kept)
        self.guard.keep(first, "OK", self.guard.counted(first))
        asked = OPEN._replace(data=new, sender=sender)
        if not self.guard.passes(asked):
            self.guard.get_response(asked, "another")
        before = len(self.repeater.sent)
        self.guard.get_response(first, "again")
        return len(self.repeater.sent) > before

    def test_what_is_closed_since_is_opened_anew(self) -> None:
        self.assertTrue(self.is_over("Open A", "Close A"))

    def test_another_part_is_another_matter(self) -> None:
        for kept, new in (
            ("Open A", "Close B"),
            ("Open A", '{"command": "Open", "name": "B"}'),
            ("Open A", "SetXY 1 2"),
            ("SetGain H1,2", "SetGain (H2, 2)"),
            ("SetXY 1 2", "SetGain H1 2"),
        ):
            self.assertFalse(self.is_over(kept, new), (kept, new))

    def test_the_same_part_is_not_whatever_the_form(self) -> None:
        for kept, new in (
            ("Open A", 'Open "A" '),
            ("Open A", '{"command": "Close", "name": "A"}'),
            ("SetXY 1 2", "SetXY 2 2"),
            ("SetGain H1 2", "SetGain (H1, 3)"),
        ):
            self.assertTrue(self.is_over(kept, new), (kept, new))

    def test_where_the_part_is_not_known_it_may_be_any(self) -> None:
        for kept, new in (
            ("Open A", "SetPower 5"),
            ("Open A", "Nonsense"),
            ("Open A", '{"command": "Open"}'),
            ("SetGain H1 2", "SetGain"),
        ):
            self.assertTrue(self.is_over(kept, new), (kept, new))

    def test_another_computers_wish_is_not_ones_own(self) -> None:
        self.assertFalse(self.is_over("Open A", "Close A", sender="10.0.0.2"))


class LateCopyTests(ConnectionCase):
    """A bad line may bring the first copy last."""

    def know(self) -> None:
        self.guard.passes(OPEN)
        self.repeater.descriptions[0].callback(DESCRIPTION)

    def answered(self) -> None:
        handler = self.ask()
        self.repeater.waiting[-1].callback("OK")
        handler.connectionLost(Failure(ConnectionDone()))

    def test_the_first_command_of_an_older_connection_is_a_copy(self) -> None:
        late, transport = self.connect()
        self.clock.advance(1.03)
        self.answered()
        self.clock.advance(0.5)
        late.dataReceived(b"Open A\r")
        self.assertEqual((transport.value(), self.repeater.sent), (b"OK\r\n", ["Open A"]))

    def test_it_is_whatever_was_asked_since(self) -> None:
        self.know()
        late, transport = self.connect()
        self.clock.advance(1.03)
        self.answered()
        self.ask(b"Close A\r")
        late.dataReceived(b"Open A\r")
        self.assertEqual((transport.value(), self.repeater.sent[-1]), (b"OK\r\n", "Close A"))

    def test_a_later_command_of_one_that_was_silent_is_too(self) -> None:
        late, transport = self.connect()
        late.dataReceived(b"Open B\r")
        self.repeater.waiting[0].callback("OK")
        self.clock.advance(1.03)
        self.answered()
        late.dataReceived(b"Open A\r")
        self.assertEqual(transport.value(), b"OK\r\nOK\r\n")
        self.assertEqual(self.repeater.sent, ["Open B", "Open A"])

    def test_that_is_not_where_something_was_asked_since(self) -> None:
        self.know()
        late, _ = self.connect()
        late.dataReceived(b"Open B\r")
        self.clock.advance(1.03)
        self.answered()
        self.ask(b"Close A\r")
        late.dataReceived(b"Open A\r")
        self.assertEqual(self.repeater.sent, ["Open B", "Open A", "Close A", "Open A"])

    def test_nor_is_one_that_has_said_something_since(self) -> None:
        late, _ = self.connect()
        self.clock.advance(1.03)
        self.answered()
        self.clock.advance(0.1)
        late.dataReceived(b"Open B\rOpen A\r")
        self.assertEqual(self.repeater.sent, ["Open A", "Open B", "Open A"])

    def test_that_of_a_younger_one_is_not(self) -> None:
        self.answered()
        self.clock.advance(0.5)
        self.ask()
        self.assertEqual(self.repeater.sent, ["Open A", "Open A"])

    def test_nor_one_that_comes_much_later(self) -> None:
        late, _ = self.connect()
        self.clock.advance(1.03)
        self.answered()
        self.clock.advance(KEEP)
        late.dataReceived(b"Open A\r")
        self.assertEqual(self.repeater.sent, ["Open A", "Open A"])

    def test_what_was_answered_is_not_remembered_for_ever(self) -> None:
        self.answered()
        self.clock.advance(KEEP)
        self.ask(b"Open B\r")
        self.repeater.waiting[-1].callback("OK")
        self.assertEqual([each.data for each in self.guard._answered], ["Open B"])


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


class AcknowledgedTests(SynchronousTestCase):
    """What a socket tells of what was written to it."""

    def setUp(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        for each in (self.ours, self.theirs):
            self.addCleanup(each.close)

    def test_what_is_gone_or_no_socket_tells_nothing(self) -> None:
        self.ours.close()
        self.assertFalse(is_unacknowledged(self.ours))
        self.assertFalse(is_unacknowledged(None))

    def test_what_is_not_read_yet_is_not_acknowledged(self) -> None:
        self.ours.sendall(b"OK")
        self.assertTrue(is_unacknowledged(self.ours))
        self.theirs.recv(10)
        self.assertFalse(is_unacknowledged(self.ours))


class DeliveryTests(SynchronousTestCase):
    """What a connection tells the guard of its replies."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.repeater = Repeater()
        self.guard = RepeatGuard(self.repeater, self.clock, shared(self.clock).log)
        launcher = Launcher([], None)  # type: ignore[arg-type]
        self.dispatcher = RequestDispatcher(
            "System", self.repeater, self.guard, launcher, metrics=Metrics()
        )

    def connect(self) -> tuple[MessagingHandler, Transport]:
        handler = MessagingHandler(self.dispatcher, connections(self.clock))
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
        self.clock.advance(LINGER)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.asked_again(), b"")

    def test_who_has_gone_after_it_stopped_sending_has_not(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        transport.error = errno.EPIPE
        self.repeater.waiting[0].callback("OK")
        self.clock.advance(LINGER)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.asked_again(), b"OK\r\n")

    def test_a_connection_that_ends_in_doubt_leaves_no_timer(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"Open A\rOpen B\r")
        handler.readConnectionLost()
        for waiting in self.repeater.waiting:
            waiting.callback("OK")
        handler.connectionLost(Failure(ConnectionLost()))
        self.clock.advance(GONE)
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
        self.clock.advance(GONE)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.asked_again(), b"OK\r\n")
