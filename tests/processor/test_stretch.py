"""Of reads that come together the gate is asked once for each manager, and anew after a wait."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import ExpiredError, NotPermittedError
from pychron_comms.interfaces import Effect, ICall
from pychron_comms.processor.known_reads import KnownRead
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.doubles import Heard, IdleHardware, ScriptedCall, ScriptedHandler, gate_around

VALVES, LASER = object(), object()


class Repeatable(ScriptedCall):
    """A read that is the same for everybody."""

    def __init__(self, result: Any = "", manager: object = VALVES, deadline: float = 5.0) -> None:
        name = f"Get{result}"
        super().__init__(name, result, effect=Effect.READ, manager=manager, deadline=deadline)

    def again(self, sender: str, context: RequestContext) -> Repeatable:
        self.sender, self.context = sender, context
        return self


class Rule:
    """Says no where it is told to, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.refused: object = None

    def check(self, call: ICall) -> None:
        self.asked += 1
        if call.manager is self.refused:
            raise NotPermittedError("that one")


class StretchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.rule = Rule()
        self.gate: Any = gate_around({}, IdleHardware(), Clock(), rules=[self.rule])
        self.heard = Heard()

    def ask(self, *calls: Repeatable, context: RequestContext = PLAIN) -> list[object]:
        """What each is told; a Deferred for what is to come."""
        reads = [KnownRead(self.gate, ScriptedHandler(), each, each.name) for each in calls]
        self.gate.ask_all(reads, "10.0.0.5", context, self.heard)
        told = dict(self.heard.told)
        return [told[at] for at in range(len(calls))]

    def test_what_is_read_of_one_manager_is_asked_about_once(self) -> None:
        self.assertEqual(self.ask(*[Repeatable(each) for each in "ABC"]), ["A", "B", "C"])
        self.assertEqual(self.rule.asked, 1)

    def test_what_is_read_of_another_is_asked_about_too(self) -> None:
        self.rule.refused = LASER
        valve, laser, again = self.ask(Repeatable("A"), Repeatable("5", LASER), Repeatable("B"))
        self.assertEqual((valve, again), ("A", "B"))
        self.assertIsInstance(laser, NotPermittedError)
        self.assertEqual(self.rule.asked, 3)

    def test_what_comes_together_later_is_asked_about_anew(self) -> None:
        self.ask(Repeatable("A"), Repeatable("B"))
        self.rule.refused = VALVES
        for told in self.ask(Repeatable("A"), Repeatable("B")):
            self.assertIsInstance(told, NotPermittedError)

    def test_behind_one_that_takes_its_time_the_next_one_waits(self) -> None:
        slow: Deferred[str] = Deferred()
        calls = [Repeatable("A"), Repeatable(slow), Repeatable("B")]
        first, *later = self.ask(*calls)
        self.assertEqual(first, "A")
        self.assertEqual([each.runs for each in calls], [1, 1, 0])
        slow.callback("5")
        self.assertEqual([self.successResultOf(each) for each in later], ["5", "B"])  # type: ignore[arg-type]

    def test_so_it_does_where_the_first_one_passed_what_waits(self) -> None:
        """Something acts there as soon as its interlocks are tested: that may be at any moment."""
        self.gate.queue_of(VALVES)._clearing = ScriptedJob()
        self.ask(Repeatable("A"), Repeatable("B"), Repeatable("C"))
        self.assertEqual(self.rule.asked, 3)

    def test_one_that_fails_is_told_so_and_no_other_is(self) -> None:
        wrong = NotPermittedError("this")
        self.assertEqual(
            self.ask(Repeatable("A"), Repeatable(wrong), Repeatable("B")), ["A", wrong, "B"]
        )

    def test_what_was_on_its_way_for_long_has_its_own_time_each(self) -> None:
        told = self.ask(
            Repeatable("A"), Repeatable("B", deadline=1.0), context=PLAIN._replace(age=2.0)
        )
        self.assertEqual(told[0], "A")
        self.assertIsInstance(told[1], ExpiredError)


class ScriptedJob:
    """Acts, and waits for its interlocks."""

    cleared = False
