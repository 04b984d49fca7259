"""Whose turn it is at a manager when commands come while others end, begin, or are cleared."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Effect, Move
from pychron_comms.processor.execution.execution import Execution
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.processor.execution.sealed_queue import SealedQueue
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.rules import Condition, Rule
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.executions import KeptRecord, submitted


class AskedOnTests(SynchronousTestCase):
    """A client that asks on as soon as it is answered."""

    def setUp(self) -> None:
        self.queue = ManagerQueue(ReactorRunner(), Clock())

    def test_it_comes_behind_those_who_wait(self) -> None:
        busy = ScriptedCall("Busy", Deferred())
        waiting = ScriptedCall("Waiting", Deferred(), sender="10.0.0.2")
        next_one = ScriptedCall("Next", "OK")
        first: Any = submitted(self.queue, busy)
        submitted(self.queue, waiting)
        replies: list[Any] = []
        first.addCallback(lambda _: replies.append(submitted(self.queue, next_one)))
        busy.result.callback("OK")
        self.assertEqual((waiting.runs, next_one.runs), (1, 0))
        waiting.result.callback("OK")
        self.assertEqual(self.successResultOf(replies[0]), "OK")

    def test_so_does_its_read(self) -> None:
        busy = ScriptedCall("Busy", Deferred())
        waiting = ScriptedCall("Waiting", Deferred())
        read = ScriptedCall("Get", "1", effect=Effect.READ)
        first: Any = submitted(self.queue, busy)
        submitted(self.queue, waiting)
        first.addCallback(lambda _: submitted(self.queue, read))
        busy.result.callback("OK")
        self.assertEqual((waiting.runs, read.runs), (1, 0))
        waiting.result.callback("OK")
        self.assertEqual(read.runs, 1)

    def test_one_that_is_asked_while_another_begins_does_not_run_that_again(self) -> None:
        queue = SealedQueue(ReactorRunner(), Clock())
        inner = ScriptedCall("Inner", "in")
        replies: list[Any] = []

        class Asking(ScriptedCall):
            def run(self) -> Any:
                if not self.runs:
                    replies.append(submitted(queue, inner))
                return super().run()

        outer = Asking("Outer", "out")
        replies.append(submitted(queue, outer))
        self.assertEqual((outer.runs, inner.runs), (1, 1))
        self.assertEqual([self.successResultOf(each) for each in replies], ["in", "out"])

    def test_a_thousand_that_are_written_at_once_need_no_deep_stack(self) -> None:
        queue = SealedQueue(ReactorRunner(), Clock(), limit=3000)
        left = 2000

        class Asking(ScriptedCall):
            def run(self) -> Any:
                nonlocal left
                left -= 1
                if left:
                    submitted(queue, Asking("Again", "OK"))
                return super().run()

        self.assertEqual(self.successResultOf(submitted(queue, Asking("First", "OK"))), "OK")  # type: ignore[arg-type]
        self.assertEqual(left, 0)


class ClearedTests(SynchronousTestCase):
    """Two gauges: that of A says at once or later; there is no rule for B."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.queue = ManagerQueue(ReactorRunner(), self.clock)
        self.gauges: list[Deferred[str]] = []
        self.interlocks = Interlocks(self.read, self.clock)
        gauge = ScriptedHandler(ScriptedCall("Gauge", effect=Effect.READ))
        condition = Condition("Gauge is 1", Move("gauge", ""), gauge, "Gauge", "is", "1")
        self.interlocks.keep([Rule("Open A", lambda call: call.target == "A", [condition], "")])

    def read(self, handler: object, call: object, ahead: bool) -> Deferred[str]:
        self.gauges.append(Deferred())
        return self.gauges[-1]

    def submit(self, call: ScriptedCall) -> Any:
        execution = Execution(call, KeptRecord(), AccessRules(), self.interlocks, Clock())
        return self.queue.submit(ScriptedHandler(call), call, None, execution)

    def look(self, name: str, result: Any = "1") -> tuple[ScriptedCall, Any]:
        read = ScriptedCall(name, result, effect=Effect.READ)
        return read, self.queue.read(ScriptedHandler(read), read)

    def test_one_that_waited_is_cleared_when_its_turn_has_come(self) -> None:
        moving = ScriptedCall("Move B", Deferred(), target="B")
        opening = ScriptedCall("Open A", "OK", target="A")
        self.submit(moving)
        reply = self.submit(opening)
        self.assertEqual(self.gauges, [])
        moving.result.callback("OK")
        self.assertEqual((len(self.gauges), opening.runs), (1, 0))
        self.gauges[0].callback("1")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_one_that_is_not_cleared_lets_the_next_begin(self) -> None:
        moving = ScriptedCall("Move B", Deferred(), target="B")
        openings = [ScriptedCall("Open A", "OK", target="A") for _ in range(2)]
        self.submit(moving)
        replies = [self.submit(each) for each in openings]
        moving.result.callback("OK")
        self.gauges[0].callback("0")
        self.failureResultOf(replies[0])
        self.gauges[1].callback("1")
        self.assertEqual(self.successResultOf(replies[1]), "OK")
        self.assertEqual([each.runs for each in openings], [0, 1])

    def test_reads_that_wait_go_on_meanwhile_and_nothing_else(self) -> None:
        first, _ = self.look("Get 1", Deferred())
        opening = ScriptedCall("Open A", "OK", target="A")
        self.submit(opening)
        closing = ScriptedCall("Move B", "OK", target="B")
        self.submit(closing)
        second, reply = self.look("Get 2")
        first.result.callback("1")
        self.assertEqual(self.successResultOf(reply), "1")
        self.assertEqual((opening.runs, closing.runs, second.runs), (0, 0, 1))
        self.gauges[0].callback("1")
        self.assertEqual((opening.runs, closing.runs), (1, 1))

    def test_behind_one_that_is_clear_a_read_waits(self) -> None:
        first, _ = self.look("Get 1", Deferred())
        opening = ScriptedCall("Open A", Deferred(), target="A")
        self.submit(opening)
        moving = ScriptedCall("Move B", Deferred(), target="B")
        self.submit(moving)
        first.result.callback("1")
        read, _ = self.look("Get 2", Deferred())
        self.gauges[0].callback("1")
        later, _ = self.look("Get 3")
        self.assertEqual((opening.runs, later.runs), (0, 0))
        read.result.callback("1")
        self.assertEqual((opening.runs, later.runs, moving.runs), (1, 0, 0))
        opening.result.callback("OK")
        moving.result.callback("OK")
        self.assertEqual((moving.runs, later.runs), (1, 1))
