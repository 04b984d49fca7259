"""What a listener adds to a request: the session, the role, and whether it makes safe."""

from __future__ import annotations

import math
from typing import Any

from pychron_comms.errors import AnotherLaboratoryError, ExpiredError, NotPermittedError
from pychron_comms.handlers.factories import own_commands
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.resend.command_catalogue import CommandCatalogue
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.grammar import parse_request
from tests.doubles import UnaskedCatalogue
from tests.server.resend.resend_case import ConnectionCase


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

    def test_a_part_may_be_named_like_a_claim(self) -> None:
        self.ask(b"Open Claim\r")
        self.assertEqual(self.session(), "")
        self.assertTrue(self.repeater.context[-1].ask)

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
        self.dispatcher.answer(
            parse_request("Claim A 60 connection"), "10.0.0.1", Passing(self.dispatcher.reports)
        )
        self.assertEqual(self.session(), "")


class LyingTests(ConnectionCase):
    """What came while this process stood still."""

    def within(self, heard_before: float) -> float | None:
        handler, transport = self.connect()
        transport.socket.heard_before = heard_before
        handler.dataReceived(b"@id=1;within=2 Open A\r")
        return self.repeater.context[-1].within

    def test_the_time_of_its_sender_counts_from_when_it_came(self) -> None:
        self.loop.may_have_lain = 7.0
        self.assertEqual(self.within(heard_before=1.5), 0.5)
        self.assertEqual(self.within(heard_before=6.0), -4.0)

    def test_and_where_nobody_can_tell_it_may_have_come_first_of_all(self) -> None:
        self.loop.may_have_lain = 1.5
        self.assertEqual(self.within(heard_before=math.inf), 0.5)

    def test_what_is_read_as_it_comes_has_all_of_it(self) -> None:
        self.assertEqual(self.within(heard_before=math.inf), 2.0)


class ReadOnlyTests(ConnectionCase):
    """A listener at which nobody does more than its role allows."""

    def ask_at(self, role: str, line: str) -> Any:
        dispatcher = RequestDispatcher(
            "System",
            self.repeater,
            UnaskedCatalogue(self.repeater, self.clock),
            self.dispatcher.reports,
            launcher=Launcher(["true"], None),  # type: ignore[arg-type]
            role=role,
            stream=StateStream("s1", lambda: 0.0),
            metrics=self.metrics,
        )
        client = Passing(self.dispatcher.reports)
        return dispatcher.answer(parse_request(line), "10.0.0.1", client)

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

    def test_whoever_looks_may_have_the_metrics(self) -> None:
        self.metrics.gauge("made_up", "A number.", lambda: 7.0)
        self.assertIn("made_up 7", self.ask_at("observe", "Metrics"))
        self.assertEqual(self.repeater.requests, [])

    def test_nothing_is_launched_there(self) -> None:
        self.assertRaises(NotPermittedError, self.ask_at, "observe", "RemoteLaunch")

    def test_copies_of_what_is_refused_there_are_not_asked_about(self) -> None:
        for role, ask in (("observe", ""), ("operate", "server-2.1"), ("", "server-3.1")):
            self.ask_at(role, "Open A")
            self.assertEqual(self.asks()[-1], ask, msg=role)


class WhichLaboratoryTests(ConnectionCase):
    def ask_at(self, name: str, line: str) -> Any:
        dispatcher = RequestDispatcher(
            "System",
            self.repeater,
            UnaskedCatalogue(self.repeater, self.clock),
            self.dispatcher.reports,
            launcher=Launcher([], None),  # type: ignore[arg-type]
            stream=StateStream("s1", lambda: 0.0),
            metrics=self.metrics,
            name=name,
        )
        client = Passing(self.dispatcher.reports)
        return dispatcher.answer(parse_request(line), "127.0.0.1", client)

    def test_what_is_meant_for_another_is_refused_whatever_it_is(self) -> None:
        for name in ("/b/lab.toml", ""):
            for command in ("Open A", "Close A", "PychronReady", "GetValveState A", "Metrics"):
                line = f"@id=1;lab=/a/lab.toml {command}"
                self.assertRaises(AnotherLaboratoryError, self.ask_at, name, line)
        self.assertEqual(self.repeater.requests, [])

    def test_what_is_meant_for_this_one_or_for_any_is_done(self) -> None:
        for line in ("@id=1;lab=/b/lab.toml Open A", "@id=1 Open A", "Open A"):
            self.ask_at("/b/lab.toml", line)
        self.assertEqual(len(self.repeater.requests), 3)


class SafeTests(ConnectionCase):
    """What makes safe goes its own way."""

    has_gone = False

    def ask_for(self, line: str) -> RequestContext:
        dispatcher = RequestDispatcher(
            "CO2",
            self.repeater,
            CommandCatalogue(self.repeater, self.clock, own_commands()),
            self.dispatcher.reports,
            launcher=Launcher([], None),  # type: ignore[arg-type]
            stream=StateStream("s1", lambda: 0.0),
            metrics=self.metrics,
        )
        client = Passing(self.dispatcher.reports)
        refusal = ExpiredError(line) if self.has_gone else None
        self.patch(client, "refusal", lambda command: refusal)
        dispatcher.answer(parse_request(line), "10.0.0.1", client)
        return self.repeater.context[-1]

    def test_it_has_room_of_its_own_and_is_never_a_copy(self) -> None:
        context = self.ask_for("Disable")
        self.assertEqual((context.safe, context.ask), (True, ""))
        self.assertTrue(self.ask_for("@id=1;key=k Disable").safe)

    def test_so_has_what_makes_safe_with_its_values(self) -> None:
        self.assertTrue(self.ask_for("SetLaserPower 0").safe)

    def test_it_is_done_for_who_went_while_the_server_stood_still(self) -> None:
        self.has_gone = True
        for line in ("Disable", "SetLaserPower 0", "SetLaserPower 0.0"):
            self.assertTrue(self.ask_for(line).safe, msg=line)
        self.assertRaises(ExpiredError, self.ask_for, "SetLaserPower 5")

    def test_nothing_else_has(self) -> None:
        for line in ("SetLaserPower 5", "Enable", "GetPosition"):
            self.assertFalse(self.ask_for(line).safe, msg=line)
        self.assertTrue(self.ask_for("Enable").ask)
        self.assertFalse(self.ask_for("GetPosition").ask)
