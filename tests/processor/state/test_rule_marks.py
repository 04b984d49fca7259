"""What the rules of a configuration guard, as watchers see it."""

from __future__ import annotations

import gc
from typing import Any, cast

from twisted.internet.defer import Deferred, FirstError, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.state.rule_marks import APART, RuleMarks
from tests import guarded_laboratory
from tests.guarded_laboratory import A_CLOSED, LaboratoryCase, rule

#: Seconds in which what has changed is seen: a look at each manager, and one at the rules.
SEEN = 2.5


class Rule:
    moves = ()


class PaceTests(SynchronousTestCase):
    def test_rules_are_asked_again_when_their_pause_is_over_and_not_before(self) -> None:
        clock = Clock()
        asked: list[object] = []

        def test(rule: Any) -> Any:
            asked.append(rule)
            return succeed(None)

        rules: Any = [Rule()]
        marks = RuleMarks(
            rules, test, path_of=lambda move: "", changed=lambda path: None, clock=clock
        )
        clock.advance(APART)
        for wait, count in ((0.0, 1), (APART / 2, 1), (APART / 2, 2)):
            clock.advance(wait)
            marks.look()
            self.assertEqual(len(asked), count)

    def test_one_with_a_bug_is_told_and_they_are_asked_again(self) -> None:
        clock, rules = Clock(), cast(Any, [Rule()])
        answers: list[Deferred[None]] = []

        def test(rule: Any) -> Deferred[None]:
            answers.append(Deferred())
            return answers[-1]

        marks = RuleMarks(
            rules, test, path_of=lambda move: "", changed=lambda path: None, clock=clock
        )
        marks.look()
        clock.advance(2 * APART)
        # It is under way.
        marks.look()
        self.assertEqual(len(answers), 1)
        with capturedLogs() as logs:
            answers[0].errback(ZeroDivisionError())
        self.assertEqual(
            [str(formatEvent(each)).partition("\n")[0] for each in logs],
            ["how the rules stand cannot be told"],
        )
        # Once, with what it was.
        del answers[0]
        gc.collect()
        (told,) = self.flushLoggedErrors(FirstError, ZeroDivisionError)
        self.assertIn("ZeroDivisionError", str(told.value))
        del told
        logs.clear()
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])
        marks.look()
        self.assertEqual(len(answers), 1)


class RuleMarkTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.patch(guarded_laboratory, "UNWATCHED", "")

    def rule_of(self, path: str) -> object:
        """None where nothing guards it."""
        self.clock.pump([0.05] * int(SEEN / 0.05))
        item = self.gate.stream.get(path)
        assert item is not None, path
        return item.details.get("rule")

    def valve(self, name: str) -> object:
        return self.rule_of(f"System/valve/{name}")

    def test_it_says_why_it_may_not_and_nothing_while_it_may(self) -> None:
        self.start(rule("System|Open V", A_CLOSED, reason="no gas to the pump"))
        self.assertEqual(self.valve("V"), "")
        self.assertEqual(self.reply("System|Open A"), "OK")
        why = str(self.valve("V"))
        self.assertIn(A_CLOSED, why)
        self.assertIn("no gas to the pump", why)
        self.assertEqual(self.reply("System|Close A"), "OK")
        self.assertEqual(self.valve("V"), "")

    def test_what_no_rule_is_for_says_nothing(self) -> None:
        self.start(rule("System|Open V", A_CLOSED))
        self.assertIsNone(self.valve("B"))
        self.start()
        self.assertIsNone(self.valve("V"))

    def test_what_cannot_be_told_is_in_the_way(self) -> None:
        self.start(rule("System|Open V", "Hardware|Read slow < 1"))
        self.assertIn("cannot be told", str(self.valve("V")))

    def test_other_parts_are_guarded_too_and_so_is_any_value(self) -> None:
        for command, path in (("CO2|Enable", "CO2/enabled"), ("CO2|SetLaserPower", "CO2/power")):
            self.start(rule(command, "System|GetIndicatorState V is True"))
            self.assertIn("GetIndicatorState V is True", str(self.rule_of(path)))

    def test_of_two_rules_the_one_that_does_not_hold_is_told(self) -> None:
        never = "System|GetIndicatorState B is True"
        self.start(rule("System|Open V", A_CLOSED) + rule("System|Open V", never))
        self.assertIn(never, str(self.valve("V")))

    def test_it_asks_no_more_often_than_it_may(self) -> None:
        self.start(rule("System|Open V", "Hardware|Read slow < 1"))
        self.clock.pump([0.05] * 20)
        asked = len(self.slow.readings)
        for _ in range(50):
            self.reply("System|Open A")
            self.reply("System|Close A")
            self.clock.advance(0.01)
        self.assertLessEqual(len(self.slow.readings) - asked, 3)
