"""A manager's queue while the next command waits for its interlocks."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import ExpiredError, OutcomeUnknownError, ShuttingDownError
from pychron_comms.interfaces import Effect, Move
from pychron_comms.processor.execution.execution import Execution
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.rules import Condition, Rule
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.executions import KeptRecord


class ClearingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.queue = ManagerQueue(ReactorRunner(), self.clock)
        self.gauge: Deferred[str] = Deferred()
        self.interlocks = Interlocks(
            lambda handler, read, ahead: self.gauge,  # type: ignore[arg-type, return-value]
            self.clock,
        )
        gauge = ScriptedHandler(ScriptedCall("Gauge", effect=Effect.READ))
        condition = Condition("Gauge is 1", Move("gauge", ""), gauge, "Gauge", "is", "1")
        rule = Rule("Open A", lambda call: call.target == "A", [condition], "")
        self.interlocks.keep([rule])
        self.guarded = ScriptedCall("Open A", "opened", target="A")
        self.first = self.submit(self.guarded, within=1.5)

    def submit(self, call: ScriptedCall, within: float | None = None) -> Any:
        execution = Execution(call, KeptRecord(), AccessRules(), self.interlocks, Clock())
        return self.queue.submit(ScriptedHandler(call), call, within, execution)

    def test_what_acts_waits_behind_it_whatever_is_read_meanwhile(self) -> None:
        after = ScriptedCall("Open B", "OK", target="B")
        second = self.submit(after)
        read = ScriptedCall("Read", Deferred(), effect=Effect.READ)
        reading = self.queue.read(ScriptedHandler(read), read)
        read.result.callback("5")
        assert isinstance(reading, Deferred)
        self.assertEqual(self.successResultOf(reading), "5")
        self.assertEqual((self.guarded.runs, after.runs), (0, 0))
        self.gauge.callback("1")
        self.assertEqual(self.successResultOf(self.first), "opened")
        self.assertEqual(self.successResultOf(second), "OK")

    def test_one_that_expires_behind_it_does_not_cost_it_its_turn(self) -> None:
        second = self.submit(ScriptedCall("Open B", "OK", target="B"), within=1.0)
        self.clock.advance(1.0)
        self.failureResultOf(second, ExpiredError)
        self.assertFalse(self.queue.is_still)
        self.gauge.callback("1")
        self.assertEqual(self.successResultOf(self.first), "opened")
        self.assertTrue(self.queue.is_still)

    def test_when_it_expires_itself_the_next_one_has_its_turn(self) -> None:
        second = self.submit(ScriptedCall("Open B", "OK", target="B"))
        self.clock.advance(1.5)
        self.failureResultOf(self.first, ExpiredError)
        self.assertEqual(self.successResultOf(second), "OK")
        self.assertEqual(self.guarded.runs, 0)

    def test_the_stop_names_each_that_it_fails(self) -> None:
        second = self.submit(ScriptedCall("Open B", "OK", target="B"))
        stopped = self.queue.stop()
        for reply, name in ((self.first, "Open A"), (second, "Open B")):
            failure = self.failureResultOf(reply, ShuttingDownError)
            self.assertIn(name, str(failure.value))
        self.successResultOf(stopped)


class SafeAtOnceTests(SynchronousTestCase):
    def test_one_that_never_ends_is_given_up_when_its_time_is_over(self) -> None:
        clock = Clock()
        queue = ManagerQueue(ReactorRunner(), clock)
        call = ScriptedCall("Close A", Deferred(), safe=True)
        interlocks = Interlocks(lambda handler, read, ahead: "", clock)
        execution = Execution(call, KeptRecord(), AccessRules(), interlocks, clock)
        reply: Any = queue.submit(ScriptedHandler(call), call, None, execution)
        clock.advance(call.deadline)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.assertTrue(call.result.called)
        self.assertTrue(queue.is_free)
