"""What a command with interlocks holds back: those that move its parts, and nobody else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Move
from pychron_comms.safeguards.interlocks import READ_TIME, Interlocks
from pychron_comms.safeguards.rules import Condition, Rule
from pychron_comms.wire.context import RequestContext
from tests.doubles import ScriptedCall
from tests.guarded_laboratory import BAKEOUT, SLOW, LaboratoryCase, Slow, rule


class PartsTests(LaboratoryCase):
    """A hold is on the parts that a rule names, and on nothing else."""

    def setUp(self) -> None:
        super().setUp()
        self.start(
            rule("System|Open V", "Hardware|Read slow is 1")
            + rule("Hardware|Set bakeout_setpoint", f"{BAKEOUT} < 100")
            + rule("Hardware|Set slow", "Hardware|Read slow is 1")
            + rule("Hardware|Set other", "Hardware|Read slow is 1")
            + SLOW.replace("manager.slow", "manager.other")
        )
        self.other: Slow = self.gate._hardware.device("other")

    def test_what_has_no_part_in_common_does_not_wait(self) -> None:
        self.ask("System|Open V")
        self.assertEqual(self.reply("Hardware|Set bakeout_setpoint 50"), "OK")

    def test_a_read_of_the_same_manager_does_not_wait(self) -> None:
        opening = self.ask("System|Open V")
        self.assertEqual(self.reply("System|GetValveState V"), "False")
        self.assertNoResult(opening)

    def test_nor_behind_another_that_does(self) -> None:
        self.ask("System|Open V")
        behind = self.ask("System|Open A")
        self.assertEqual(self.reply("System|GetValveState V"), "False")
        self.assertNoResult(behind)

    def test_a_condition_may_read_what_its_command_moves(self) -> None:
        self.assertEqual(self.reply("Hardware|Set bakeout_setpoint 99"), "OK")
        setting = self.ask("Hardware|Set slow 2")
        self.slow.readings[0].callback(1)
        self.assertEqual(self.successResultOf(setting), "OK")
        self.assertEqual(self.slow.values, ["2"])

    def test_it_is_begun_in_its_turn_when_a_read_is_still_under_way(self) -> None:
        setting = self.ask("Hardware|Set other 2")
        reading = self.ask("Hardware|Read other")
        self.slow.readings[0].callback(1)
        # The read came before the command was clear, and keeps the manager; no later one does.
        later = self.ask("Hardware|Read other")
        self.assertEqual((len(self.other.readings), self.other.values), (1, []))
        self.other.readings[0].callback(1)
        self.assertEqual(self.successResultOf(setting), "OK")
        self.assertEqual(self.successResultOf(reading), "1")
        self.assertEqual(self.other.values, ["2"])
        self.other.readings[1].callback(7)
        self.assertEqual(self.successResultOf(later), "7")

    def test_one_that_is_clear_and_then_expires_lets_the_next_one_go(self) -> None:
        setting = self.ask("Hardware|Set other 2", context=RequestContext(within=1.0))
        self.ask("Hardware|Read other")
        self.slow.readings[0].callback(1)
        self.clock.advance(1)
        self.assertIn("ERROR 202", self.successResultOf(setting))
        self.other.readings[0].callback(1)
        after = self.ask("Hardware|Set other 3")
        self.slow.readings[1].callback(1)
        self.assertEqual(self.successResultOf(after), "OK")
        self.assertEqual(self.other.values, ["3"])

    def test_it_waits_for_one_that_moves_for_longer_than_a_read_may_take(self) -> None:
        moving: Deferred[None] = Deferred()
        self.patch(self.slow, "set", lambda value, sender: moving)
        self.ask("Hardware|Set slow 2")
        self.slow.readings[0].callback(1)
        opening = self.ask("System|Open V")
        self.clock.advance(READ_TIME + 1)
        self.assertNoResult(opening)
        moving.callback(None)
        self.slow.readings[1].callback(1)
        self.clock.advance(0.2)
        self.assertEqual(self.successResultOf(opening), "OK")

    def test_a_check_waits_its_turn(self) -> None:
        self.ask("Hardware|Read slow")
        check = self.ask("Hardware|Check Set slow 2")
        self.assertEqual(len(self.slow.readings), 1)
        self.slow.readings[0].callback(1)
        self.assertEqual(len(self.slow.readings), 2)
        self.slow.readings[1].callback(1)
        self.assertEqual(self.successResultOf(check), "OK")


class TurnTests(SynchronousTestCase):
    """Which reads of a condition pass what waits for its manager."""

    def setUp(self) -> None:
        self.reads: list[bool] = []
        self.interlocks = Interlocks(self.read, Clock())
        handler: Any = SimpleNamespace(prepare=lambda read, sender: read)
        condition = Condition("W is True", Move("other", "W"), handler, "GetW", "is", "True")
        self.interlocks.keep([Rule("Open V", lambda call: True, [condition], "")])

    def read(self, handler: object, call: object, ahead: bool) -> str:
        self.reads.append(ahead)
        return "True"

    def test_one_that_is_about_to_begin_does_and_one_that_only_asks_does_not(self) -> None:
        self.successResultOf(self.interlocks.hold(ScriptedCall("Open V"), 5.0)).release()
        self.successResultOf(self.interlocks.test(ScriptedCall("Open V")))
        self.assertEqual(self.reads, [True, False])
