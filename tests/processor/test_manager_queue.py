"""A manager's queue: one at a time, in order, in time, and what makes safe passes it."""

from __future__ import annotations

import math
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import (
    ExpiredError,
    OutcomeUnknownError,
    QueueFullError,
    ShuttingDownError,
)
from pychron_comms.interfaces import Effect, Move
from pychron_comms.processor.execution import manager_queue
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.runners import ReactorRunner, Take
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.executions import submitted
from tests.processor.queue_case import QueueCase

LINE = [Move("manager", "")]


class OrderTests(QueueCase):
    def test_an_idle_manager_answers_at_once_without_a_deferred(self) -> None:
        self.assertEqual(self.submit(ScriptedCall("Read", 3)), "3")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_call_waits_for_the_one_before(self) -> None:
        busy, first = self.occupy()
        call = ScriptedCall("Open", "OK")
        second = self.submit(call)
        self.assertEqual(call.runs, 0)
        busy.result.callback("done")
        self.assertEqual(self.successResultOf(first), "done")
        self.assertEqual(self.successResultOf(second), "OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_waiting_calls_run_in_order_one_at_a_time(self) -> None:
        busy, _ = self.occupy()
        slow = ScriptedCall("Slow", Deferred())
        last = ScriptedCall("Last", "z")
        slow_reply, last_reply = self.submit(slow), self.submit(last)
        busy.result.callback("")
        self.assertEqual((slow.runs, last.runs), (1, 0))
        slow.result.callback("y")
        self.assertEqual(self.successResultOf(slow_reply), "y")
        self.assertEqual(self.successResultOf(last_reply), "z")

    def test_a_waiting_call_that_raises_fails_alone(self) -> None:
        busy, _ = self.occupy()
        bad = self.submit(ScriptedCall("Bad", ValueError("no")))
        good = self.submit(ScriptedCall("Good", "1"))
        busy.result.callback("")
        self.failureResultOf(bad, ValueError)
        self.assertEqual(self.successResultOf(good), "1")

    def test_a_long_queue_of_quick_calls_needs_no_deep_stack(self) -> None:
        queue = ManagerQueue(ReactorRunner(), self.clock, limit=2000)
        busy = ScriptedCall("Busy", Deferred())
        submitted(queue, busy)
        calls = [ScriptedCall("Quick", _fired("1")) for _ in range(2000)]
        replies = [submitted(queue, call) for call in calls]
        busy.result.callback("")
        self.assertEqual(self.successResultOf(replies[-1]), "1")

    def test_a_full_queue_refuses_with_203(self) -> None:
        self.patch(manager_queue, "ASSURED", 0)
        self.occupy()
        for _ in range(3):
            self.submit(ScriptedCall("Open", "OK"))
        with self.assertRaises(QueueFullError):
            self.submit(ScriptedCall("Open", "OK"))


class SharedReadTests(QueueCase):
    def read(self) -> ScriptedCall:
        return ScriptedCall("GetPosition", "1,2,3", effect=Effect.READ)

    def test_the_same_read_that_waits_is_run_once(self) -> None:
        busy, _ = self.occupy()
        one, two = self.read(), self.read()
        replies = [self.submit(one), self.submit(two)]
        busy.result.callback("")
        self.assertEqual([self.successResultOf(reply) for reply in replies], ["1,2,3"] * 2)
        self.assertEqual((one.runs, two.runs), (1, 0))

    def test_what_one_hears_of_it_may_end_what_another_waits_for(self) -> None:
        busy, _ = self.occupy()
        replies = [self.submit(self.read()) for _ in range(3)]
        # As the connection does that ends while the first reply is written.
        replies[0].addBoth(lambda _: replies[1].cancel())
        stopped = self.queue.stop()
        self.failureResultOf(replies[1], CancelledError)
        self.failureResultOf(replies[2], ShuttingDownError)
        busy.result.callback("")
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_another_read_in_between_does_not_matter(self) -> None:
        busy, _ = self.occupy()
        one, two = self.read(), self.read()
        self.submit(one)
        self.submit(ScriptedCall("Other", "", effect=Effect.READ))
        self.submit(two)
        busy.result.callback("")
        self.assertEqual((one.runs, two.runs), (1, 0))

    def test_a_read_is_not_answered_from_before_a_change(self) -> None:
        busy, _ = self.occupy()
        one, two = self.read(), self.read()
        self.submit(one)
        self.submit(ScriptedCall("SetX", "OK"))
        self.submit(two)
        busy.result.callback("")
        self.assertEqual((one.runs, two.runs), (1, 1))

    def test_one_asker_that_gives_up_does_not_cost_the_other(self) -> None:
        busy, _ = self.occupy()
        one = self.read()
        hasty, patient = self.submit(one, 1.0), self.submit(self.read(), 3.0)
        self.clock.advance(1)
        self.failureResultOf(hasty, ExpiredError)
        busy.result.callback("")
        self.assertEqual(self.successResultOf(patient), "1,2,3")

    def test_one_asker_that_gives_up_does_not_end_a_read_that_runs(self) -> None:
        busy, _ = self.occupy()
        work: Deferred[str] = Deferred()
        one = ScriptedCall("GetPosition", work, effect=Effect.READ)
        hasty, patient = self.submit(one, 1.0), self.submit(self.read(), 3.0)
        busy.result.callback("")
        self.clock.advance(1)
        self.failureResultOf(hasty, OutcomeUnknownError)
        work.callback("1,2,3")
        self.assertEqual(self.successResultOf(patient), "1,2,3")


class LeavingTests(QueueCase):
    def test_what_nobody_waits_for_any_more_is_not_begun(self) -> None:
        busy, _ = self.occupy()
        call = ScriptedCall("Open", "OK")
        reply = self.submit(call)
        reply.cancel()
        self.failureResultOf(reply, CancelledError)
        busy.result.callback("")
        self.assertEqual((call.runs, self.clock.getDelayedCalls()), (0, []))

    def test_what_has_begun_goes_on_when_its_asker_leaves(self) -> None:
        busy, reply = self.occupy()
        reply.cancel()
        self.failureResultOf(reply, CancelledError)
        self.assertFalse(busy.result.called)
        busy.result.callback("done")


class ForgettingTests(QueueCase):
    """Who asked has gone, and somebody has told so."""

    def test_what_waits_is_dropped(self) -> None:
        busy, _ = self.occupy()
        call = ScriptedCall("Open", "OK")
        reply = self.submit(call)
        self.assertTrue(self.queue.forget(reply))
        failure = self.failureResultOf(reply, ExpiredError)
        self.assertIn("Open: who asked has gone", str(failure.value))
        busy.result.callback("")
        self.assertEqual((call.runs, self.clock.getDelayedCalls()), (0, []))

    def test_what_runs_is_not(self) -> None:
        busy, reply = self.occupy()
        self.assertFalse(self.queue.forget(reply))
        busy.result.callback("done")
        self.assertEqual(self.successResultOf(reply), "done")

    def test_what_is_not_known_here_is_nothing(self) -> None:
        self.occupy()
        self.submit(ScriptedCall("Open", "OK"))
        self.assertFalse(self.queue.forget(Deferred()))

    def test_a_read_that_somebody_else_waits_for_is_still_run(self) -> None:
        busy, _ = self.occupy()
        read = ScriptedCall("Get", "1", effect=Effect.READ)
        gone, stays = self.submit(read), self.submit(ScriptedCall("Get", effect=Effect.READ))
        self.assertTrue(self.queue.forget(gone))
        self.failureResultOf(gone, ExpiredError)
        busy.result.callback("")
        self.assertEqual(self.successResultOf(stays), "1")


class StandingStillTests(QueueCase):
    """Of a process that stood still, what runs may end before the timers that are due are called.

    A clock that advances by more than one timer calls the first of them as late as that.
    """

    def setUp(self) -> None:
        super().setUp()
        busy, _ = self.occupy()
        self.clock.callLater(0.5, busy.result.callback, "done")

    def test_what_waited_past_its_time_meanwhile_is_not_begun(self) -> None:
        call = ScriptedCall("Open", "OK")
        late, next_one = self.submit(call, 1.0), self.submit(ScriptedCall("Get", "1"), 3.0)
        self.clock.advance(2)
        self.failureResultOf(late, ExpiredError)
        self.assertEqual((call.runs, self.clock.getDelayedCalls()), (0, []))
        self.assertEqual(self.successResultOf(next_one), "1")

    def test_nor_is_what_waited_until_the_very_moment(self) -> None:
        call = ScriptedCall("Open", "OK")
        late = self.submit(call, 0.75)
        self.clock.rightNow = 0.75
        self.clock.advance(0)
        self.failureResultOf(late, ExpiredError)
        self.assertEqual(call.runs, 0)

    def test_what_a_thread_was_handed_before_is_not_taken_past_its_time(self) -> None:
        handed: list[tuple[Take, Deferred[str]]] = []

        class Threaded(ReactorRunner):
            def run(self, handler: Any, call: Any, take: Take) -> Deferred[str]:
                work: Deferred[str] = Deferred()
                handed.append((take, work))
                return work

        queue = ManagerQueue(Threaded(), self.clock)
        first, second = (submitted(queue, ScriptedCall("Open", "OK"), 1.0) for _ in range(2))
        take, work = handed[0]
        take()
        # The thread goes on before the timers do.
        self.clock.rightNow += 0.6
        work.callback("OK")
        self.assertEqual(self.successResultOf(first), "OK")
        self.clock.rightNow += 0.6
        take, work = handed[1]
        self.assertRaises(ExpiredError, take)
        work.errback(ExpiredError("Open"))
        self.failureResultOf(second, ExpiredError)
        submitted(queue, ScriptedCall("Open", "OK"), 1.0)
        self.clock.rightNow += 1.1
        self.assertRaises(ExpiredError, handed[2][0])

    def test_a_read_is_for_those_who_have_time_left(self) -> None:
        read = ScriptedCall("Get", "1", effect=Effect.READ)
        late, early = self.submit(read, 1.0), self.submit(read, 3.0)
        self.clock.advance(2)
        self.failureResultOf(late, ExpiredError)
        self.assertEqual(self.successResultOf(early), "1")


class AheadTests(QueueCase):
    """Reads that a command elsewhere waits for."""

    def look(self, read: ScriptedCall) -> Any:
        return self.queue.read(ScriptedHandler(read), read, ahead=True)

    def test_it_is_run_before_what_waits_and_after_what_runs(self) -> None:
        busy, _ = self.occupy()
        opening = ScriptedCall("Open", Deferred())
        self.submit(opening)
        read = ScriptedCall("Get", Deferred(), effect=Effect.READ)
        reply = self.look(read)
        self.assertEqual(read.runs, 0)
        busy.result.callback("")
        self.assertEqual((read.runs, opening.runs), (1, 0))
        read.result.callback("1")
        self.assertEqual((self.successResultOf(reply), opening.runs), ("1", 1))

    def test_it_has_room_where_the_queue_is_full(self) -> None:
        busy, _ = self.occupy()
        for _ in range(3):
            self.submit(ScriptedCall("Open", "OK"))
        reply = self.look(ScriptedCall("Get", "1", effect=Effect.READ))
        busy.result.callback("")
        self.assertEqual(self.successResultOf(reply), "1")

    def test_it_waits_for_nothing_that_makes_safe(self) -> None:
        self.submit(ScriptedCall("Close", Deferred(), safe=True))
        self.assertEqual(self.look(ScriptedCall("Get", "1", effect=Effect.READ)), "1")

    def test_one_that_nobody_waits_for_any_more_is_ended(self) -> None:
        read = ScriptedCall("Get", Deferred(), effect=Effect.READ)
        self.look(read).addErrback(lambda failure: failure.trap(CancelledError)).cancel()
        self.assertTrue(read.result.called)
        opening = ScriptedCall("Open", "OK")
        self.submit(opening)
        self.assertEqual(opening.runs, 1)


class QueuesTests(SynchronousTestCase):
    def test_each_manager_has_one_queue_however_it_compares(self) -> None:
        class Same:
            def __eq__(self, other: object) -> bool:
                return True

            __hash__ = None  # type: ignore[assignment]

        queues = Queues(lambda manager: ManagerQueue(ReactorRunner(), Clock()))
        one, two = Same(), Same()
        self.assertIs(queues.of(one), queues.of(one))
        self.assertIsNot(queues.of(one), queues.of(two))
        self.assertEqual(len(list(queues)), 2)


class DeadlineTests(QueueCase):
    def test_what_expires_while_it_waits_is_never_run(self) -> None:
        busy, _ = self.occupy(deadline=9.0)
        call = ScriptedCall("Open", "OK", deadline=2.0)
        reply = self.submit(call)
        self.clock.advance(2)
        self.failureResultOf(reply, ExpiredError)
        busy.result.callback("")
        self.assertEqual(call.runs, 0)

    def test_the_askers_time_counts_where_it_is_shorter(self) -> None:
        self.occupy()
        reply = self.submit(ScriptedCall("Open", "OK"), within=0.5)
        self.clock.advance(0.5)
        self.failureResultOf(reply, ExpiredError)

    def test_a_command_whose_time_has_passed_is_not_begun(self) -> None:
        call = ScriptedCall("Open", "OK")
        for within in (0.0, -1.0, math.nan):
            error = self.assertRaises(ExpiredError, self.submit, call, within=within)
            self.assertEqual(str(error), "expired before it was begun: Open")
        self.assertEqual(call.runs, 0)

    def test_what_never_ends_is_given_up_as_unknown_and_frees_the_manager(self) -> None:
        busy, reply = self.occupy(deadline=5.0)
        after = self.submit(ScriptedCall("Read", "1", deadline=60.0))
        self.clock.advance(5)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.assertEqual(self.successResultOf(after), "1")
        self.assertTrue(busy.result.called)

    def test_what_its_asker_did_not_wait_for_has_its_own_time_to_end(self) -> None:
        busy, reply = self.occupy(deadline=5.0)
        after = self.submit(ScriptedCall("Read", "1", deadline=60.0))
        busy.result.callback("")
        self.successResultOf(after)
        self.successResultOf(reply)
        for within in (1.0, 4.5):
            hasty = ScriptedCall("Hasty", Deferred(), deadline=5.0)
            given_up = self.submit(hasty, within=within)
            self.clock.advance(within)
            self.failureResultOf(given_up, OutcomeUnknownError)
            self.clock.advance(5.0 - within - 0.1)
            self.assertFalse(hasty.result.called)
            self.clock.advance(0.1)
            self.assertTrue(hasty.result.called)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_ends_after_its_asker_left_leaves_no_timer(self) -> None:
        busy, _ = self.occupy(deadline=5.0)
        hasty = ScriptedCall("Hasty", Deferred(), deadline=9.0)
        busy.result.callback("")
        given_up = self.submit(hasty, within=1.0)
        self.clock.advance(1)
        self.failureResultOf(given_up, OutcomeUnknownError)
        hasty.result.callback("OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_work_that_cannot_be_ended_keeps_its_manager(self) -> None:
        class Stubborn(ReactorRunner):
            def abandon(self, work: Deferred[str]) -> None:
                """As a thread: it goes on."""

        self.queue = ManagerQueue(Stubborn(), self.clock)
        busy, reply = self.occupy(deadline=5.0)
        after = ScriptedCall("Open", "OK", deadline=60.0)
        waiting = self.submit(after)
        self.clock.advance(5)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.assertEqual(after.runs, 0)
        busy.result.callback("at last")
        self.assertEqual(self.successResultOf(waiting), "OK")


class StopTests(QueueCase):
    def test_stopping_fails_what_waits_and_lets_what_runs_end(self) -> None:
        busy, first = self.occupy()
        second = self.submit(ScriptedCall("Open", "OK"))
        stopped = self.queue.stop()
        self.failureResultOf(second, ShuttingDownError)
        self.assertNoResult(stopped)
        busy.result.callback("done")
        self.assertEqual(self.successResultOf(first), "done")
        self.successResultOf(stopped)

    def test_a_stopped_queue_takes_no_more(self) -> None:
        self.successResultOf(self.queue.stop())
        with self.assertRaises(ShuttingDownError) as caught:
            self.submit(ScriptedCall("Open", "OK"))
        self.assertIn("Open", str(caught.exception))


def _fired(text: str) -> Deferred[str]:
    result: Deferred[str] = Deferred()
    result.callback(text)
    return result
