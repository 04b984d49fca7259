"""What people do about alarms: it is written down, it outlives the process, and it ends."""

from __future__ import annotations

import json

from twisted.internet.defer import maybeDeferred
from twisted.logger import capturedLogs, formatEvent

from pychron_comms.alarms.handler import AlarmCommands
from pychron_comms.alarms.newcomers import MISSING
from pychron_comms.alarms.notifiers.service import Notifiers
from pychron_comms.errors import (
    InvalidArgumentsError,
    InvalidCommandError,
    JournalError,
    NotPermittedError,
)
from pychron_comms.interfaces import Severity
from pychron_comms.safeguards.roles import EVERYONE_OPERATES, Roles
from pychron_comms.wire.context import OBSERVE, PLAIN
from tests.alarms.alarm_case import GAUGE, BoardCase, gauge, limit

SENDER = "10.0.0.5"


class AcknowledgeTests(BoardCase):
    def test_a_latched_alarm_stays_until_somebody_has_seen_it(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.show(gauge())
        self.assertEqual(self.state(), ("latched", Severity.OK, "major"))
        self.assertEqual(self.successResultOf(self.board.acknowledge("IG", "Jo", SENDER)), 1)
        self.assertEqual(self.state(), ("ok", Severity.OK, "ok"))

    def test_one_that_has_been_seen_ends_by_itself(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.board.acknowledge("IG", "Jo", SENDER)
        self.assertEqual(self.state(), ("acknowledged", Severity.MAJOR, "major"))
        self.assertEqual(self.alarm().details["by"], "Jo")
        self.show(gauge())
        self.assertEqual(self.state(), ("ok", Severity.OK, "ok"))

    def test_what_grows_worse_is_to_be_seen_again(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.board.acknowledge("IG", "Jo", SENDER)
        self.lose()
        self.assertEqual(self.state(), ("active", Severity.INVALID, "invalid"))

    def test_it_is_written_down_with_who_did_it(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.board.acknowledge("IG", "Jo", SENDER)
        *_, record = self.journal.records()
        said = {name: record[name] for name in ("what", "alarm", "by", "sender")}
        self.assertEqual(
            said, {"what": "acknowledged", "alarm": "IG", "by": "Jo", "sender": SENDER}
        )
        self.assertEqual(self.written(), ["raised", "acknowledged"])

    def test_what_cannot_be_written_down_does_not_count(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.journal.failing = "no space left"
        self.failureResultOf(self.board.acknowledge("IG", "Jo", SENDER), JournalError)
        self.failureResultOf(self.board.shelve("IG", 60.0, "Jo", "", SENDER), JournalError)
        self.assertEqual(self.state()[0], "active")

    def test_an_alarm_is_raised_all_the_same(self) -> None:
        self.begin(limit(), items=[gauge()])
        self.journal.failing = "no space left"
        self.show(gauge(2e-6))
        self.assertEqual(self.state()[0], "active")
        self.assertEqual(self.notices(), ["raised"])

    def test_an_unknown_name_is_a_mistake(self) -> None:
        self.begin(limit())
        with self.assertRaises(InvalidArgumentsError):
            self.board.acknowledge("GI", "Jo", SENDER)


class ShelveTests(BoardCase):
    def test_nobody_is_told_until_its_time_is_over(self) -> None:
        self.begin(limit(), items=[gauge()])
        self.board.shelve("IG", 60.0, "Jo", "the gauge is out", SENDER)
        self.show(gauge(2e-6))
        self.assertEqual(self.state(), ("shelved", Severity.MAJOR, "major"))
        self.assertEqual(self.alarm().details["shelved_until"], 1e9 + 60.0)
        self.assertEqual(self.notices(), [])
        self.clock.advance(60.0)
        self.assertEqual(self.state()[0], "active")
        self.assertEqual(self.notices(), ["unshelved"])
        self.assertEqual(self.written(), ["shelved", "raised", "unshelved"])

    def test_it_can_be_ended_before(self) -> None:
        self.begin(limit(), items=[gauge()])
        self.board.shelve("IG", 60.0, "Jo", "", SENDER)
        self.assertEqual(self.successResultOf(self.board.unshelve("IG", "Jo", SENDER)), 1)
        self.assertEqual(self.successResultOf(self.board.unshelve("IG", "Jo", SENDER)), 0)
        self.assertEqual(self.state()[0], "ok")


class RestartTests(BoardCase):
    def test_what_was_seen_and_what_is_shelved_is_known_again(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.board.acknowledge("IG", "Jo", SENDER)
        self.board.shelve("IG", 60.0, "Ann", "", SENDER)
        self.told.clear()
        self.clock.advance(10.0)
        self.begin(limit())
        self.assertEqual(self.state()[0], "shelved")
        self.clock.advance(50.0)
        self.assertEqual(self.state(), ("acknowledged", Severity.MAJOR, "major"))
        self.assertEqual(self.notices(), [])

    def test_also_where_all_that_was_written_has_been_dropped(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.show(gauge())
        self.journal.turn()
        self.begin(limit())
        self.assertEqual(self.state(), ("latched", Severity.OK, "major"))

    def test_it_is_not_over_because_its_item_has_not_come_yet(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.board.acknowledge("IG", "Anna", SENDER)
        self.board.stop()
        self.told.clear()
        self.stream.withdraw(GAUGE)
        self.begin(limit())
        self.assertEqual(self.state()[0], "acknowledged")
        self.show(gauge(3e-6))
        self.assertEqual((self.state()[0], self.notices()), ("acknowledged", []))
        self.show(gauge())
        self.assertEqual(self.notices(), ["cleared"])

    def test_the_log_says_who_has_seen_it(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        with capturedLogs() as logged:
            self.show(gauge())
            self.board.acknowledge("IG", "Jo", "10.0.0.5")
        said = [formatEvent(each) for each in logged]
        self.assertIn("alarm IG acknowledged by Jo", said[-1] or "")
        self.assertNotRegex(said[-1] or "", r": $")

    def test_one_whose_item_never_comes_is_missed(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.board.stop()
        self.stream.withdraw(GAUGE)
        self.begin(limit())
        self.clock.advance(MISSING)
        self.clock.advance(0)
        self.assertEqual(self.state()[:2], ("active", Severity.INVALID))

    def test_a_rule_that_is_gone_is_forgotten(self) -> None:
        self.begin(limit(), items=[gauge(2e-6)])
        self.board.stop()
        self.assertEqual(list(self.begin()), [])


class CommandTests(BoardCase):
    def commands(self, roles: Roles = EVERYONE_OPERATES) -> AlarmCommands:
        return AlarmCommands(self.begin(limit(), items=[gauge(2e-6)]), Notifiers({}), roles)

    def ask(self, commands: AlarmCommands, line: str) -> str:
        return str(self.successResultOf(maybeDeferred(commands.answer, line, SENDER, PLAIN)))

    def test_they_are_done_and_counted(self) -> None:
        commands = self.commands()
        self.assertEqual(self.ask(commands, "Acknowledge IG 'Jo Doe'"), "1")
        self.assertEqual(self.alarm().details["by"], "Jo Doe")
        self.assertEqual(self.ask(commands, "Shelve IG 60 Jo"), "1")
        self.assertEqual(self.ask(commands, "Unshelve IG Jo"), "1")
        self.assertIn("Shelve name seconds by [why]", self.ask(commands, "Help"))

    def test_the_list_has_all_that_is_known(self) -> None:
        (shown,) = json.loads(self.ask(self.commands(), "List"))
        self.assertEqual(
            (shown["name"], shown["state"], shown["item"]), ("IG", "active", "device/gc/IG")
        )

    def test_who_may_only_look_may_list(self) -> None:
        commands = self.commands(Roles({}, OBSERVE))
        commands.answer("List", SENDER, PLAIN)
        for line in ("Acknowledge IG Jo", "Shelve IG 60 Jo", "Unshelve IG Jo", "Test mail"):
            with self.assertRaises(NotPermittedError):
                commands.answer(line, SENDER, PLAIN)
        with self.assertRaises(NotPermittedError):
            self.commands().answer("Acknowledge IG Jo", SENDER, PLAIN._replace(role=OBSERVE))

    def test_what_is_no_command_is_told(self) -> None:
        commands = self.commands()
        with self.assertRaises(InvalidCommandError) as caught:
            commands.answer("Acknowlege IG Jo", SENDER, PLAIN)
        self.assertIn("did you mean Acknowledge?", str(caught.exception))
        for line in ("Shelve IG 0 Jo", "Shelve IG 999999 Jo", "Acknowledge IG", "Test mail"):
            with self.assertRaises(InvalidArgumentsError):
                commands.answer(line, SENDER, PLAIN)
