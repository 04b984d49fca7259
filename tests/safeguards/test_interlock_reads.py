"""Whose turn a rule's reads take: a test waits as any read, what is about to begin does not."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import InterlockError
from pychron_comms.interfaces import Effect, Move
from pychron_comms.safeguards.interlocks import READ_TIME, Interlocks
from pychron_comms.safeguards.rules import Condition, Rule
from tests.doubles import ScriptedCall, ScriptedHandler


class ReadsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[tuple[str, bool]] = []
        self.answers: dict[str, Any] = {"Gauge": "1", "Pump": "on"}
        self.interlocks = Interlocks(self.read, self.clock)
        self.rule = Rule(
            "Open A",
            lambda call: call.target == "A",
            [self.condition("Gauge", "1"), self.condition("Pump", "on")],
            "the pump",
        )
        self.interlocks.keep([self.rule])
        self.call: Any = ScriptedCall("Open A", target="A")

    def condition(self, name: str, wanted: str) -> Condition:
        read = ScriptedCall(name, effect=Effect.READ, manager=name)
        return Condition(name, Move(name, ""), ScriptedHandler(read), name, "is", wanted)

    def read(self, handler: Any, call: Any, ahead: bool) -> Any:
        self.asked.append((call.name, ahead))
        return self.answers[call.name]

    def test_what_is_only_tested_waits_its_turn(self) -> None:
        for test in (self.interlocks.test(self.call), self.interlocks.test_rule(self.rule)):
            self.successResultOf(test)
        self.assertEqual(self.asked, [("Gauge", False), ("Pump", False)] * 2)

    def test_what_is_to_begin_and_what_is_kept_are_read_ahead(self) -> None:
        self.successResultOf(self.interlocks.hold(self.call, 5.0)).release()
        self.assertIsNone(self.successResultOf(self.interlocks.broken(self.rule)))
        self.assertEqual(self.asked, [("Gauge", True), ("Pump", True)] * 2)

    def test_the_first_that_is_broken_is_told_and_no_more_is_read(self) -> None:
        self.answers["Gauge"] = "2"
        broken: Any = self.successResultOf(self.interlocks.broken(self.rule))
        self.assertTrue(broken.told)
        self.assertEqual(broken.why, "Open A only if Gauge, and it says 2; the pump")
        failure = self.failureResultOf(self.interlocks.test_rule(self.rule), InterlockError)
        self.assertIn(broken.why, str(failure.value))
        self.assertEqual([name for name, _ in self.asked], ["Gauge", "Gauge"])

    def test_one_that_does_not_answer_in_time_holds_back_and_is_not_told_as_broken(self) -> None:
        self.answers["Pump"] = Deferred()
        broken = self.interlocks.broken(self.rule)
        self.clock.advance(READ_TIME - 0.1)
        self.assertNoResult(broken)
        self.clock.advance(0.1)
        found: Any = self.successResultOf(broken)
        self.assertFalse(found.told)
        self.assertIn("cannot be told: no answer; the pump", found.why)
