"""Where the journal waits for the disk, commands of one turn of the reactor wait together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import (
    ExpiredError,
    InterlockError,
    JournalError,
    NotPermittedError,
    OutcomeUnknownError,
    OvertakenError,
    ShuttingDownError,
)
from pychron_comms.interfaces import Effect, Move
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.processor.execution.sealed_queue import LOOK_EVERY, SealedQueue
from pychron_comms.safeguards.rules import Condition, Rule
from pychron_comms.wire.context import RequestContext
from tests.doubles import IdleHardware, ScriptedCall, ScriptedHandler, gate_around
from tests.executions import KeptRecord, execution_of, submitted
from tests.processor import test_manager_queue
from tests.processor.key_case import Mood
from tests.stepped_disk import SteppedDisk

PARTS = "ABC"


class SealedCase(SynchronousTestCase):
    """``Open A`` and ``Close A`` and their like end at once, and ``Move A`` when the test says."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.disk = SteppedDisk()
        self.turn = self.disk.turn
        self.journal = MemoryJournal(self.clock.seconds, turns=self.disk.turns)
        self.mood = Mood()
        self.log: list[str] = []
        self.calls = {
            f"{word} {part}": self.call(word, part) for word in ("Open", "Close") for part in PARTS
        }
        self.calls |= {f"Move {part}": Logged(self.log, f"Move {part}", part) for part in PARTS}
        for part in PARTS:
            self.calls[f"Move {part}"].result = Deferred()
        self.calls["Read"] = Logged(self.log, "Read", "", effect=Effect.READ)
        self.gate = self.new_gate()
        # A manager is known to answer at once when it has done so.
        self.ask("Open C")
        self.turn()
        self.turn()
        self.log.clear()
        self.begun = self.numbers()

    def new_gate(self, *rules: Rule) -> Any:
        handler = ScriptedHandler(*self.calls.values())
        return gate_around(
            {"System": handler},
            IdleHardware(),
            self.clock,
            rules=[self.mood],
            journal=self.journal,
            interlocks=rules,
        )

    def call(self, word: str, part: str) -> ScriptedCall:
        return Logged(self.log, f"{word} {part}", part, safe=word == "Close")

    def ask(self, command: str, **context: Any) -> Any:
        return self.gate.process_server_request(
            "System", command, "10.0.0.1", RequestContext(**context)
        )

    def numbers(self) -> int:
        return len(list(self.journal.records()))

    def written(self) -> list[str]:
        """Events since the set-up, each begin with its command, each end with its reply."""
        records = list(self.journal.records())[self.begun :]
        return [f"{each['event']} {each.get('command', each.get('reply'))}" for each in records]


class Logged(ScriptedCall):
    def __init__(self, log: list[str], name: str, part: str, **options: Any) -> None:
        super().__init__(name, "OK", target=part, **options)
        self.log = log

    def run(self) -> Any:
        self.log.append(self.name)
        return super().run()


class Waits(KeptRecord):
    """``told`` is when the disk has its begin."""

    told: Callable[[Exception | None], None]

    def seal(self, told: Callable[[Exception | None], None]) -> None:
        self.told = told


class GroupTests(SealedCase):
    def test_nothing_runs_before_the_begins_of_its_turn_are_written(self) -> None:
        replies = [self.ask(command) for command in ("Open A", "Close B", "Open B")]
        self.assertEqual((self.written(), self.log), ([], []))
        self.turn()
        begins = ["begin Open A", "begin Close B", "begin Open B"]
        self.assertEqual(self.written(), begins)
        self.assertEqual(self.log, ["Open A", "Close B", "Open B"])
        for each in replies:
            self.assertNoResult(each)

    def test_who_asked_is_answered_when_the_end_is_written(self) -> None:
        replies = [self.ask("Open A"), self.ask("Open B")]
        self.turn()
        self.turn()
        self.assertEqual(self.written()[2:], ["end OK", "end OK"])
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK", "OK"])
        self.assertEqual((self.disk.later, self.disk.is_busy), ([], False))

    def test_each_end_names_its_own_begin(self) -> None:
        for command in ("Open A", "Open B"):
            self.ask(command)
        self.turn()
        self.turn()
        one, other, *ends = list(self.journal.records())[self.begun :]
        self.assertEqual([each["of"] for each in ends], [one["n"], other["n"]])

    def test_whoever_asks_the_same_again_is_answered_then_too(self) -> None:
        replies = [self.ask("Move A", key="k"), self.ask("Move A", key="k")]
        self.turn()
        self.calls["Move A"].result.callback("moved")
        for each in replies:
            self.assertNoResult(each)
        self.turn()
        self.assertEqual([self.successResultOf(each) for each in replies], ["moved", "moved"])

    def test_all_that_is_asked_keeps_its_order(self) -> None:
        commands = ["Open A", "Read", "Close A", "Read", "Open A", "Close A"]
        replies = [self.ask(command) for command in commands]
        self.turn()
        self.turn()
        self.assertEqual(self.log, commands)
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK"] * 6)

    def test_of_thousands_none_is_lost(self) -> None:
        replies = [self.ask("Open A") for _ in range(3000)]
        replies += [self.ask("Read") for _ in range(3000)]
        self.turn()
        self.turn()
        self.assertEqual({self.successResultOf(each) for each in replies}, {"OK"})

    def test_reads_of_an_idle_manager_are_answered_at_once(self) -> None:
        self.assertEqual(self.ask("Read"), "OK")

    def test_a_read_behind_what_is_not_written_yet_has_its_time_from_when_it_was_asked(
        self,
    ) -> None:
        self.ask("Move A").addErrback(Failure.trap, OutcomeUnknownError)
        hasty, patient = self.ask("Read", within=1.0), self.ask("Read", within=4.0)
        self.clock.advance(0.4)
        self.turn()
        self.clock.advance(0.5)
        self.assertNoResult(hasty)
        self.clock.advance(0.1)
        self.failureResultOf(hasty, ExpiredError)
        self.clock.advance(2.9)
        self.assertNoResult(patient)
        self.clock.advance(0.1)
        self.failureResultOf(patient, ExpiredError)
        self.assertEqual(self.log.count("Read"), 0)

    def test_a_read_that_waits_behind_what_runs_has_its_own_time(self) -> None:
        self.ask("Move A")
        self.turn()
        hasty, patient = self.ask("Read", within=1.0), self.ask("Read", within=3.0)
        self.clock.advance(1.0)
        self.failureResultOf(hasty, ExpiredError)
        self.assertNoResult(patient)


class WidthTests(SynchronousTestCase):
    def test_as_many_are_made_safe_at_a_time_as_of_any_queue(self) -> None:
        queue = SealedQueue(ReactorRunner(), Clock(), width=3)
        closes = [ScriptedCall("Close", Deferred(), safe=True, target=part) for part in PARTS]
        for call in closes:
            submitted(queue, call)
        self.assertEqual([call.runs for call in closes], [1, 1, 1])


class DroppedTests(SynchronousTestCase):
    def test_what_has_waited_too_long_can_be_begun_by_nobody_any_more(self) -> None:
        clock = Clock()
        queue = SealedQueue(ReactorRunner(), clock)
        call, record = ScriptedCall("Open"), Waits()
        execution = execution_of(call, record, clock)
        reply = queue.submit(ScriptedHandler(call), call, 1.0, execution)
        clock.pump([LOOK_EVERY] * 4)
        self.failureResultOf(reply, ExpiredError)
        self.assertRaises(ExpiredError, execution.take)


class ManyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.queue = SealedQueue(ReactorRunner(), self.clock)
        self.first = Waits()

    def submit(self, record: KeptRecord) -> Any:
        call = ScriptedCall("Open", "OK")
        execution = execution_of(call, record, self.clock)
        return self.queue.submit(ScriptedHandler(call), call, 1.0, execution)

    def test_that_need_not_wait_for_the_disk_any_more_are_as_deep_as_one(self) -> None:
        replies = [self.submit(self.first), *(self.submit(KeptRecord()) for _ in range(3000))]
        self.first.told(None)
        self.assertEqual({self.successResultOf(each) for each in replies}, {"OK"})

    def test_have_one_timer(self) -> None:
        for _ in range(10):
            self.submit(self.first).addErrback(Failure.trap, ExpiredError)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.pump([LOOK_EVERY] * 5)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class AheadTests(test_manager_queue.AheadTests):
    """As of any queue: what a command elsewhere waits for."""

    def setUp(self) -> None:
        super().setUp()
        self.queue = SealedQueue(ReactorRunner(), self.clock, limit=3)


class DiskTests(SealedCase):
    def test_what_cannot_be_written_is_not_run_unless_it_makes_safe(self) -> None:
        opening, closing = self.ask("Open A"), self.ask("Close B")
        self.journal.failing = "no space"
        self.turn()
        self.failureResultOf(opening, JournalError)
        self.assertEqual(self.log, ["Close B"])
        self.turn()
        self.assertEqual(self.successResultOf(closing), "OK")

    def test_an_end_that_cannot_be_written_is_told_all_the_same(self) -> None:
        reply = self.ask("Open A")
        self.turn()
        self.journal.failing = "no space"
        self.turn()
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_what_was_forbidden_meanwhile_never_begins_and_that_is_written(self) -> None:
        reply = self.ask("Open A")
        self.mood.bad = True
        self.turn()
        self.turn()
        self.failureResultOf(reply, NotPermittedError)
        self.assertEqual(self.log, [])
        self.assertEqual(self.written(), ["begin Open A", "end ERROR 208 : not permitted: not now"])

    def test_what_expires_meanwhile_never_begins(self) -> None:
        reply = self.ask("Open A", within=0.5, key="k")
        self.clock.advance(0.5)
        self.turn()
        self.turn()
        self.failureResultOf(reply, ExpiredError)
        self.assertEqual(self.log, [])
        # It is known not to have begun.
        self.assertRaises(ExpiredError, self.ask, "Open A", key="k")

    def test_what_has_expired_already_is_no_begin(self) -> None:
        self.assertRaises(ExpiredError, self.ask, "Open A", within=0.0)
        self.turn()
        self.assertEqual(self.written(), ["refused Open A"])

    def test_the_last_that_makes_safe_before_the_end_is_written_and_done(self) -> None:
        self.successResultOf(self.gate.stopService())
        reply = self.ask("Close A")
        self.gate.close()
        self.assertEqual(self.log, ["Close A"])
        self.assertIn("begin Close A", self.written())
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_a_stop_drops_what_waits_for_the_disk_and_does_what_makes_safe(self) -> None:
        opening, closing = self.ask("Open A"), self.ask("Close B")
        stopped = self.gate.stopService()
        self.failureResultOf(opening, ShuttingDownError)
        self.assertRaises(ShuttingDownError, self.ask, "Open B")
        self.assertNoResult(stopped)
        self.turn()
        self.turn()
        self.assertEqual((self.log, self.successResultOf(closing)), (["Close B"], "OK"))
        self.successResultOf(stopped)


class SlowTests(SealedCase):
    """The manager takes its time, so that commands wait for their turn behind the disk."""

    def test_what_waits_behind_a_slow_one_does_not_stand_as_begun(self) -> None:
        self.ask("Move A")
        self.turn()
        second, third = self.ask("Open B"), self.ask("Open A")
        self.turn()
        self.assertEqual(self.written(), ["begin Move A"])
        self.calls["Move A"].result.callback("moved")
        for _ in range(3):
            self.turn()
        self.assertEqual([self.successResultOf(each) for each in (second, third)], ["OK", "OK"])

    def test_nor_what_comes_in_the_same_turn_once_it_is_known_to_be_slow(self) -> None:
        for part in "AB":
            self.ask(f"Move {part}")
            self.turn()
            self.calls[f"Move {part}"].result.callback("moved")
            self.turn()
        self.calls["Move A"].result = Deferred()
        before = len(self.written())
        self.ask("Move A")
        second = self.ask("Open B")
        self.turn()
        self.turn()
        self.assertEqual(self.written()[before:], ["begin Move A"])
        self.calls["Move A"].result.callback("moved")
        for _ in range(2):
            self.turn()
        self.assertEqual(self.successResultOf(second), "OK")

    def test_nothing_is_run_before_its_begin_is_written_while_no_one_knows_how_slow_it_is(
        self,
    ) -> None:
        self.gate = self.new_gate()
        replies = [self.ask("Open A"), self.ask("Open B")]
        self.turn()
        self.assertEqual((self.written(), self.log), (["begin Open A"], ["Open A"]))
        self.turn()
        self.assertEqual(self.written()[1:], ["end OK", "begin Open B"])
        self.assertEqual(self.log, ["Open A", "Open B"])
        self.turn()
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK", "OK"])

    def test_each_that_waits_behind_it_has_its_own_time(self) -> None:
        self.ask("Move A").addErrback(Failure.trap, OutcomeUnknownError)
        self.turn()
        hasty, patient, third = (
            self.ask(command, within=within)
            for command, within in (("Open A", 1.0), ("Open B", 4.0), ("Open C", None))
        )
        for seconds, expired in ((1.0, hasty), (3.0, patient), (1.0, third)):
            self.clock.advance(seconds - 0.1)
            self.assertNoResult(expired)
            self.clock.advance(0.1)
            self.failureResultOf(expired, ExpiredError)
        self.assertEqual(self.log, ["Move A"])

    def test_its_time_in_the_queue_is_what_the_disk_has_left_of_it(self) -> None:
        self.ask("Move A").addErrback(Failure.trap, OutcomeUnknownError)
        opening = self.ask("Open B", within=3.0)
        self.clock.advance(1.0)
        self.turn()
        for seconds in (1.9, 0.1):
            self.assertNoResult(opening)
            self.clock.advance(seconds)
            self.turn()
        self.failureResultOf(opening, ExpiredError)

    def test_what_nobody_waits_for_any_more_is_not_begun(self) -> None:
        self.ask("Move A")
        forgotten = self.ask("Open B")
        self.turn()
        self.gate.asker_gone(forgotten)
        self.turn()
        self.failureResultOf(forgotten, ExpiredError)
        self.calls["Move A"].result.callback("moved")
        self.assertEqual(self.log, ["Move A"])

    def test_who_waits_elsewhere_is_not_taken_for_one_of_this_queue(self) -> None:
        self.ask("Move A")
        self.turn()
        queue = self.gate._queues.of("manager")
        self.assertFalse(queue.forget(Deferred()))
        waiting = queue.read(ScriptedHandler(), self.calls["Read"])
        self.assertTrue(queue.forget(waiting))
        self.failureResultOf(waiting, ExpiredError)

    def test_what_is_done_at_once_beside_it_is_answered_when_that_is_written(self) -> None:
        self.calls["Close A"].result = Deferred()
        self.ask("Close A")
        self.turn()
        reply = self.ask("Close B")
        self.turn()
        self.assertEqual(self.log, ["Close A", "Close B"])
        self.assertNoResult(reply)
        self.turn()
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_what_was_to_follow_is_overtaken_by_what_makes_safe(self) -> None:
        self.ask("Move A")
        opening = self.ask("Open B")
        self.turn()
        closing = self.ask("Close B")
        self.turn()
        self.turn()
        self.failureResultOf(opening, OvertakenError)
        self.assertEqual(self.successResultOf(closing), "OK")
        self.assertEqual(self.log, ["Move A", "Close B"])

    def test_a_safe_state_waits_for_nothing_and_drops_what_would_undo_it(self) -> None:
        dropped, other = self.ask("Open A"), self.ask("Open B")
        queue = self.gate._queues.of("manager")
        done = queue.make_safe([Move("manager", "A")], lambda: self.log.append("safe"), "a lapse")
        self.assertEqual(self.log, ["safe"])
        self.successResultOf(done)
        told = str(self.failureResultOf(dropped, OvertakenError).value)
        self.assertEqual(told, "overtaken: Open A was dropped when a lapse made safe")
        self.turn()
        self.turn()
        self.assertEqual((self.log, self.successResultOf(other)), (["safe", "Open B"], "OK"))
        self.assertIn("end ERROR 210 : overtaken", "".join(self.written())[:200])

    def test_a_rule_is_tested_before_the_begin_is_written(self) -> None:
        gauge = ScriptedHandler(Logged(self.log, "Gauge", "", effect=Effect.READ, manager="gauge"))
        condition = Condition("x", Move("gauge", ""), gauge, "Gauge", "is", "never")
        rule = Rule("Open A", lambda call: call.target == "A", [condition], "")
        self.gate = self.new_gate(rule)
        self.failureResultOf(self.ask("Open A"), InterlockError)
        self.turn()
        self.assertEqual(self.log, ["Gauge"])
        self.assertEqual(self.written(), ["refused Open A"])
