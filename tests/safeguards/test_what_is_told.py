"""What the log tells of what keeps hardware safe: each time, and with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import OutcomeUnknownError, ValveActuationError
from pychron_comms.interfaces import Move, Part
from pychron_comms.safeguards.holds import Holds
from pychron_comms.safeguards.interlocks import Broken
from pychron_comms.safeguards.kept_rules import PERIOD, KeptRules
from pychron_comms.safeguards.lease_records import LeaseRecords, WrittenLease
from pychron_comms.safeguards.rules import Rule
from pychron_comms.safeguards.unsafe_parts import FIRST, MOST
from tests.doubles import ScriptedCall
from tests.safeguards.lease_case import ME, OTHER, LeaseCase
from tests.safeguards.test_unsafe_parts import FailingCase


def told(act: Callable[[], object]) -> list[str]:
    with capturedLogs() as events:
        act()
    return [str(formatEvent(each)) for each in events]


class HoldTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.holds = Holds(self.clock)

    def hold(self, name: str, seconds: float) -> Any:
        return self.holds.hold(name, [Move("line", "A")], [], seconds)

    def test_one_that_ran_out_is_told_and_one_that_never_began_is_not(self) -> None:
        self.hold("Open", 5.0)
        self.hold("Close", 2.5)
        self.assertEqual(told(lambda: self.clock.advance(2.5)), [])
        self.assertEqual(
            told(lambda: self.clock.advance(2.5)),
            ["Open has not ended in 5 s; its interlocks are kept no longer"],
        )

    def test_one_that_was_released_is_not(self) -> None:
        hold = self.hold("Open", 5.0)
        hold.release()
        hold.release()
        self.assertEqual(told(lambda: self.clock.advance(9.0)), [])

    def test_one_without_time_ends_at_once_and_hinders_nobody(self) -> None:
        for seconds in (0.0, -1.0):
            self.hold("Open", seconds)
            self.clock.advance(0)
            self.assertTrue(self.hold("Open", 0.5).granted.called)
            self.clock.advance(0.5)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_ends_while_another_is_told_is_not_told_of(self) -> None:
        first, second, third = (self.hold("Open", 5.0) for _ in range(3))
        order: list[str] = []

        def goes(name: str, ends: Any) -> Callable[[object], None]:
            def granted(result: object) -> None:
                order.append(name)
                ends.release()

            return granted

        second.granted.addCallback(goes("second", second))
        third.granted.addCallback(goes("third", third))
        first.release()
        self.assertEqual(order, ["second", "third"])
        self.assertEqual(self.clock.getDelayedCalls(), [])


class KeptRuleTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.answers: list[Deferred[Broken | None]] = []
        self.made_safe: list[tuple[str, str]] = []
        line = object()
        parts = [Part("System:V", line, "V"), Part("System:W", line, "W")]
        rules = [Rule(each, lambda call: False, [], "", kept=parts) for each in ("one", "two")]
        self.rules = KeptRules(rules, self.ask, self.make_safe, self.clock)
        self.rules.stop()
        self.rules.start()
        self.addCleanup(self.rules.stop)

    def ask(self, rule: Rule) -> Deferred[Broken | None]:
        self.answers.append(Deferred())
        return self.answers[-1]

    def make_safe(self, part: Part, why: str) -> None:
        self.made_safe.append((part.name, why))

    def test_each_part_of_the_broken_one_is_made_safe_and_why_is_told(self) -> None:
        broken = Broken("V only if A is closed", told=True)
        self.assertEqual(
            told(lambda: self.answers[1].callback(broken)),
            ["made safe, since it holds no more: V only if A is closed"],
        )
        self.assertEqual(self.made_safe, [(name, broken.why) for name in ("System:V", "System:W")])

    def test_one_that_is_slow_holds_up_no_other(self) -> None:
        for _ in range(3):
            self.answers[-1].callback(None)
            self.clock.advance(PERIOD)
        self.assertEqual(len(self.answers), 5)

    def test_a_test_with_a_bug_is_logged_and_the_rule_is_looked_at_again(self) -> None:
        self.assertEqual(
            [
                line.partition("\n")[0]
                for line in told(lambda: self.answers[0].errback(ZeroDivisionError()))
            ],
            ["how a rule stands cannot be told"],
        )
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.answers[1].callback(None)
        self.clock.advance(PERIOD)
        self.assertEqual(len(self.answers), 4)
        self.answers[2].callback(Broken("it says True", told=True))
        self.assertEqual(len(self.made_safe), 2)


class LeaseTests(LeaseCase):
    def test_each_that_lapses_is_told_and_counted(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.leases.claim(self.stage, OTHER, 20, "s1")
        self.assertEqual(
            told(lambda: self.clock.advance(10)),
            [f"the lease of {ME} on System:A lapses: it has run out"],
        )
        self.assertEqual(
            told(lambda: self.leases.session_ended("s1")),
            [f"the lease of {OTHER} on CO2:stage lapses: the connection of its owner is lost"],
        )
        self.assertEqual(self.lapses.value, 2)

    def test_one_whose_part_is_no_more_is_told(self) -> None:
        records = LeaseRecords()
        records.leases["Old:A"] = WrittenLease("Old:A", ME, 0.0, 9.0, bound=False)
        records.unsafe["Old:B"] = "smoke"
        self.assertEqual(
            told(lambda: self.leases.recall(records, lambda name: None)),
            [f"there is no Old:{each} any more, which was leased" for each in "BA"],
        )
        self.assertEqual((self.made_safe, self.held()), ([], []))

    def test_all_of_one_connection_lapse_and_none_twice(self) -> None:
        for part in (self.valve, self.stage, self.all_line):
            self.leases.claim(part, ME, 10, "s1")
        self.assertEqual(len(told(lambda: self.leases.session_ended("s1"))), 3)
        self.assertEqual((self.held(), self.lapses.value), ([], 3))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class UnsafePartTests(FailingCase):
    def test_the_first_failure_and_the_end_of_it_are_told(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        lines = told(lambda: self.clock.pump([10, FIRST, 2 * FIRST]))
        self.assertEqual(
            [line.partition("\n")[0] for line in lines[1:]],
            ["System:A could not be made safe; it is tried again"],
        )
        self.works = True
        self.assertEqual(
            told(lambda: self.clock.advance(4 * FIRST)), ["System:A is unsafe no more: OK"]
        )
        self.flushLoggedErrors(ValveActuationError)

    def test_of_what_may_be_undone_no_bug_is_told(self) -> None:
        self.error = OutcomeUnknownError("made safe, and Open still runs")
        self.leases.claim(self.valve, ME, 10)
        self.assertEqual(
            told(lambda: self.clock.pump([10, FIRST]))[1:],
            [
                "System:A is not known to be safe: outcome unknown: made safe, and Open still runs;"
                " it is tried again"
            ],
        )
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_its_trouble_is_of_its_first_failure_and_the_last_reason(self) -> None:
        self.clock.advance(5)
        self.unsafe.add(self.valve, "smoke")
        self.clock.advance(FIRST)
        self.unsafe.add(self.stage, "fire")
        troubles = self.unsafe.troubles()
        self.assertEqual([each.part for each in troubles], [self.valve, self.stage])
        self.assertEqual([each.why for each in troubles], ["smoke", "fire"])
        self.assertEqual([each.since for each in troubles], [1_000_005, 1_000_005 + FIRST])
        self.flushLoggedErrors(ValveActuationError)

    def test_a_new_reason_is_the_one_that_is_carried_on_and_begins_its_pauses_anew(self) -> None:
        self.unsafe.add(self.valve, "smoke")
        self.clock.pump([FIRST, 2 * FIRST, 4 * FIRST])
        self.unsafe.add(self.valve, "fire")
        self.assertEqual([each["why"] for each in self.unsafe.carried()], ["fire"])
        tries = len(self.made_safe)
        self.clock.advance(FIRST)
        self.assertEqual(len(self.made_safe), tries + 1)
        self.clock.advance(2 * FIRST)
        self.assertEqual(len(self.made_safe), tries + 2)
        self.flushLoggedErrors(ValveActuationError)

    def test_who_acts_on_others_or_makes_safe_takes_over_nothing(self) -> None:
        self.unsafe.add(self.valve, "smoke")
        for target, safe in (("B", False), ("A", True)):
            call = ScriptedCall("Move", manager=self.line, target=target, sender=OTHER, safe=safe)
            self.unsafe.goes_on(call)
        self.assertEqual(len(self.unsafe.troubles()), 1)
        self.clock.advance(FIRST)
        self.assertEqual(len(self.made_safe), 2)
        self.flushLoggedErrors(ValveActuationError)

    def test_one_is_taken_over_and_the_others_are_tried_on(self) -> None:
        for part in (self.valve, self.stage):
            self.unsafe.add(part, "smoke")
        call = ScriptedCall("Open", manager=self.line, target="A", sender=OTHER)
        self.assertEqual(
            told(lambda: self.unsafe.goes_on(call)),
            [f"System:A is unsafe no more: left to {OTHER}: Open"],
        )
        self.clock.advance(FIRST)
        self.assertEqual(
            [name for name, _ in self.made_safe], ["System:A", "CO2:stage", "CO2:stage"]
        )
        self.flushLoggedErrors(ValveActuationError)

    def test_the_longest_pause_is_not_passed(self) -> None:
        self.unsafe.add(self.valve, "smoke")
        self.clock.pump([FIRST] * 1000)
        tries = len(self.made_safe)
        self.clock.pump([FIRST] * round(10 * MOST / FIRST))
        self.assertEqual(len(self.made_safe) - tries, 10)
        self.flushLoggedErrors(ValveActuationError)


class SeveralTests(LeaseCase):
    """One part that is made safe for several reasons at a time: the last result tells."""

    def setUp(self) -> None:
        super().setUp()
        self.results: list[Deferred[object]] = []

    def make_safe(self, part: Part, why: str) -> Deferred[object]:
        self.results.append(Deferred())
        return self.results[-1]

    def test_of_three(self) -> None:
        for why in ("one", "two", "three"):
            self.unsafe.add(self.valve, why)
        self.results[0].callback(None)
        self.results[2].callback(None)
        self.assertEqual((self.events(), len(list(self.unsafe.carried()))), ([], 1))
        self.results[1].errback(ValveActuationError("A", "close"))
        self.assertEqual(self.events(), ["unsafe"])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.flushLoggedErrors(ValveActuationError)
        self.clock.advance(FIRST)
        self.results[3].callback(None)
        self.assertEqual(self.events(), ["unsafe", "safe"])

    def test_what_nothing_makes_safe_is_written_down_as_that(self) -> None:
        self.unsafe.add(self.valve, "smoke")
        self.results[0].callback([])
        (record,) = self.journal.records()
        self.assertEqual(record["reply"], "nothing is known to make it safe")

    def test_what_fails_after_the_stop_is_left_to_the_next_process(self) -> None:
        self.unsafe.add(self.valve, "smoke")
        self.unsafe.stop()
        self.results[0].errback(ValveActuationError("A", "close"))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.events(), ["unsafe"])
        self.flushLoggedErrors(ValveActuationError)
