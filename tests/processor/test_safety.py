"""What makes safe: in its turn, light first, and done again after what was older."""

from __future__ import annotations

import math
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from pychron_comms.errors import NoResponseError, OutcomeUnknownError, ShuttingDownError
from pychron_comms.interfaces import Effect, ILaserManager, Move
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.runners import ReactorRunner
from tests.doubles import ScriptedCall
from tests.executions import submitted


class Repeated(ScriptedCall):
    """Each run is another Deferred for the test to fire."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.works: list[Deferred[str]] = []

    def run(self) -> Any:
        self.runs += 1
        self.works.append(Deferred())
        return self.works[-1]


class LaneCase(SynchronousTestCase):
    width: float = 1

    def setUp(self) -> None:
        self.clock = Clock()
        self.queue = ManagerQueue(ReactorRunner(), self.clock, limit=1, width=self.width)

    def submit(self, call: ScriptedCall, within: float | None = None) -> Any:
        return submitted(self.queue, call, within)

    def closes(self, count: int) -> tuple[list[Repeated], list[Any]]:
        calls = [Repeated("Close", safe=True, target=str(each)) for each in range(count)]
        return calls, [self.submit(call) for call in calls]


class TurnTests(LaneCase):
    def test_one_at_a_time_and_all_of_them_whatever_it_takes(self) -> None:
        calls, replies = self.closes(24)
        for number, (call, reply) in enumerate(zip(calls, replies, strict=True)):
            self.assertEqual(sum(each.runs for each in calls), number + 1)
            self.clock.advance(0.3)
            call.works[0].callback("OK")
            self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_its_time_begins_when_it_does(self) -> None:
        calls, replies = self.closes(2)
        self.clock.advance(4.9)
        calls[0].works[0].callback("OK")
        self.clock.advance(4.9)
        self.assertNoResult(replies[1])
        self.clock.advance(0.1)
        self.failureResultOf(replies[1], OutcomeUnknownError)
        self.successResultOf(replies[0])

    def test_only_one_that_is_late_is_logged_as_such(self) -> None:
        calls, _ = self.closes(3)
        for number, said in enumerate(([], ["Close begins 1.0 s late"], [])):
            self.clock.advance(3.0)
            with capturedLogs() as logs:
                calls[number].works[0].callback("OK")
            self.assertEqual([str(formatEvent(each)) for each in logs], said)

    def test_one_that_begins_in_its_last_moment_is_not_late(self) -> None:
        calls, replies = self.closes(2)
        replies[0].addErrback(Failure.trap, OutcomeUnknownError)
        self.clock.advance(5.0)
        with capturedLogs() as logs:
            calls[0].works[0].callback("OK")
        self.assertEqual((len(calls[1].works), logs), (1, []))

    def test_who_waits_in_vain_for_one_that_waited_is_told_how_long(self) -> None:
        calls, replies = self.closes(2)
        calls[0].works[0].callback("OK")
        self.clock.advance(5.0)
        error = self.failureResultOf(replies[1], OutcomeUnknownError)
        self.assertEqual(str(error.value), "outcome unknown: Close did not end in 5 s")
        self.assertTrue(calls[1].works[0].called)

    def test_one_that_comes_after_its_time_is_run(self) -> None:
        for within in (0.0, -3.0, math.nan):
            close = ScriptedCall("Close", "OK", safe=True)
            with capturedLogs() as logs:
                self.assertEqual(self.submit(close, within), "OK")
            told = [formatEvent(each) for each in logs]
            self.assertEqual(told, ["Close comes after its time, and is run"])
        with capturedLogs() as logs:
            self.submit(ScriptedCall("Close", "OK", safe=True), 0.001)
        self.assertEqual(logs, [])

    def test_and_has_all_its_time_then(self) -> None:
        for within in (0.0, -3.0):
            call = Repeated("Close", safe=True)
            reply = self.submit(call, within)
            self.clock.advance(4.9)
            self.assertNoResult(reply)
            self.clock.advance(0.1)
            self.failureResultOf(reply, OutcomeUnknownError)

    def test_it_is_run_while_stopping(self) -> None:
        calls, replies = self.closes(2)
        stopped = self.queue.stop()
        self.assertRaises(ShuttingDownError, self.submit, ScriptedCall("Open", "OK"))
        late = ScriptedCall("Close", "OK", safe=True)
        reply = self.submit(late)
        for call in calls:
            call.works[0].callback("OK")
        self.assertEqual([self.successResultOf(each) for each in [*replies, reply]], ["OK"] * 3)
        self.successResultOf(stopped)

    def test_it_is_done_for_whoever_asked(self) -> None:
        calls, replies = self.closes(2)
        self.assertFalse(self.queue.forget(replies[1]))
        replies[1].addErrback(lambda failure: None).cancel()
        calls[0].works[0].callback("OK")
        self.assertEqual(calls[1].runs, 1)

    def test_a_full_queue_does_not_refuse_it(self) -> None:
        self.submit(ScriptedCall("Open", Deferred(), target="A"))
        self.submit(ScriptedCall("Open", "OK", target="B"))
        _, (reply,) = self.closes(1)
        self.assertNoResult(reply)

    def test_one_that_fails_lets_the_next_one_go(self) -> None:
        calls, replies = self.closes(2)
        calls[0].works[0].errback(NoResponseError())
        self.failureResultOf(replies[0], NoResponseError)
        self.assertEqual(calls[1].runs, 1)

    def test_a_long_lane_of_quick_ones_needs_no_deep_stack(self) -> None:
        (slow,), _ = self.closes(1)
        replies = [self.submit(ScriptedCall("Close", "OK", safe=True)) for _ in range(2000)]
        slow.works[0].callback("OK")
        self.assertEqual(self.successResultOf(replies[-1]), "OK")

    def test_ordinary_commands_wait_for_all_of_them(self) -> None:
        calls, _ = self.closes(2)
        opening = ScriptedCall("Open", "OK", target="9")
        self.submit(opening)
        calls[0].works[0].callback("OK")
        self.assertEqual(opening.runs, 0)
        calls[1].works[0].callback("OK")
        self.assertEqual(opening.runs, 1)

    def test_what_came_after_it_is_not_dropped_when_its_turn_comes(self) -> None:
        calls, _ = self.closes(2)
        opening = ScriptedCall("Open", "OK", target="1")
        reply = self.submit(opening)
        for call in calls:
            call.works[0].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_nobody_is_told_201_of_one_whose_thread_has_still_to_take_it(self) -> None:
        class Stalled(ReactorRunner):
            """As threads of a process that stands still."""

            def run(self, handler: Any, call: Any, take: Any) -> Any:
                return stalled.addCallback(lambda _: ReactorRunner.run(self, handler, call, take))

        stalled: Deferred[Any] = Deferred()
        self.queue = ManagerQueue(Stalled(), self.clock)
        reply = self.submit(ScriptedCall("Close", "OK", safe=True))
        self.clock.advance(6)
        self.assertNoResult(reply)
        stalled.callback(None)
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_who_asked_is_told_201_a_while_after_its_thread_took_it_late(self) -> None:
        class Late(ReactorRunner):
            """Its thread takes a call late, and the driver does not come back."""

            def run(self, handler: Any, call: Any, take: Any) -> Any:
                takes.append(take)
                return Deferred()

        takes: list[Any] = []
        self.queue = ManagerQueue(Late(), self.clock)
        reply = self.submit(ScriptedCall("Close", "OK", safe=True))
        self.clock.advance(5)
        takes[0]()
        self.clock.advance(4.9)
        self.assertNoResult(reply)
        self.clock.advance(0.1)
        self.failureResultOf(reply, OutcomeUnknownError)

    def test_light_goes_first(self) -> None:
        laser: Any = type("Laser", (), {})()
        directlyProvides(laser, ILaserManager)
        calls = [
            Repeated("StopDrive", safe=True, manager=laser, target=target)
            for target in ("stage", "stage", "output")
        ]
        for call in calls:
            self.submit(call)
        calls[0].works[0].callback("OK")
        self.assertEqual([call.runs for call in calls], [1, 0, 1])


class WidthTests(LaneCase):
    width = 3

    def test_as_many_at_a_time_as_the_manager_takes(self) -> None:
        calls, _ = self.closes(8)
        self.assertEqual([call.runs for call in calls], [1, 1, 1, 0, 0, 0, 0, 0])
        calls[1].works[0].callback("OK")
        self.assertEqual([call.runs for call in calls], [1, 1, 1, 1, 0, 0, 0, 0])


class LastWordTests(LaneCase):
    """Something that acts on the same part had begun before."""

    def setUp(self) -> None:
        super().setUp()
        self.opening = ScriptedCall("Open", Deferred(), target="A")
        self.opened = self.submit(self.opening)
        self.close = Repeated("Close", safe=True, target="A")

    def test_it_is_done_again_before_its_ok(self) -> None:
        reply = self.submit(self.close)
        self.close.works[0].callback("OK")
        self.assertNoResult(reply)
        self.opening.result.callback("OK")
        self.assertEqual(self.close.runs, 2)
        self.assertNoResult(reply)
        self.close.works[1].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_also_where_the_older_one_ends_first(self) -> None:
        reply = self.submit(self.close)
        self.opening.result.callback("OK")
        self.assertEqual(self.close.runs, 1)
        self.close.works[0].callback("OK")
        self.close.works[1].callback("OK")
        self.assertEqual((self.successResultOf(reply), self.close.runs), ("OK", 2))

    def test_one_that_the_busy_hardware_refuses_is_done_when_that_has_ended(self) -> None:
        reply = self.submit(self.close)
        with capturedLogs() as logs:
            self.close.works[0].errback(NoResponseError())
            self.assertNoResult(reply)
            self.opening.result.callback("OK")
        self.close.works[1].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")
        name = self.opening.name
        self.assertEqual(
            [formatEvent(each) for each in logs],
            [
                f"not made safe while {name} runs: no response from device",
                f"made safe again: {name} ended after it",
            ],
        )

    def test_one_that_is_refused_then_too_has_failed(self) -> None:
        reply = self.submit(self.close)
        for work in range(2):
            self.close.works[work].errback(NoResponseError())
            if not work:
                self.opening.result.callback("OK")
        self.failureResultOf(reply, NoResponseError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_safe_state_that_is_refused_is_done_then_as_well(self) -> None:
        done: list[str] = []

        def put_out() -> None:
            done.append("asked")
            if len(done) == 1:
                raise NoResponseError

        safe = self.queue.make_safe([Move("manager", "")], put_out, "the stop")
        self.opening.result.callback("OK")
        self.successResultOf(safe)
        self.assertEqual(done, ["asked", "asked"])

    def test_nothing_that_waits_comes_between(self) -> None:
        self.submit(self.close)
        later = ScriptedCall("Open", "OK", target="A")
        self.submit(later)
        self.close.works[0].callback("OK")
        self.opening.result.callback("OK")
        self.assertEqual((self.close.runs, later.runs), (2, 0))
        self.close.works[1].callback("OK")
        self.assertEqual(later.runs, 1)

    def test_what_acts_on_another_part_does_not_matter(self) -> None:
        close = ScriptedCall("Close", "OK", safe=True, target="B")
        self.assertEqual(self.successResultOf(self.submit(close)), "OK")
        self.assertEqual(close.runs, 1)

    def test_a_read_does_not_matter(self) -> None:
        self.opening.result.callback("OK")
        self.submit(ScriptedCall("Get", Deferred(), effect=Effect.READ))
        close = ScriptedCall("Close", "OK", safe=True, target="A")
        self.assertEqual(self.successResultOf(self.submit(close)), "OK")

    def test_while_it_waits_others_are_made_safe(self) -> None:
        self.submit(self.close)
        self.close.works[0].callback("OK")
        other = ScriptedCall("Close", "OK", safe=True, target="B")
        self.assertEqual(self.successResultOf(self.submit(other)), "OK")

    def test_one_that_hangs_is_told_of_and_it_is_done_again_all_the_same(self) -> None:
        class Stubborn(ReactorRunner):
            def abandon(self, work: Deferred[str]) -> None:
                """As a thread: it goes on."""

        self.opening.result.callback("OK")
        self.queue = ManagerQueue(Stubborn(), self.clock)
        opening = ScriptedCall("Open", Deferred(), target="A")
        opened = self.submit(opening)
        reply = self.submit(self.close)
        self.close.works[0].callback("OK")
        self.clock.advance(5)
        self.failureResultOf(opened, OutcomeUnknownError)
        error = self.failureResultOf(reply, OutcomeUnknownError)
        self.assertEqual(
            str(error.value),
            "outcome unknown: Close did not end in 5 s: Open began before it and still runs; "
            "it is done again then",
        )
        opening.result.callback("OK")
        self.assertEqual(self.close.runs, 2)
        self.close.works[1].callback("OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_where_it_hangs_itself_then_that_is_told(self) -> None:
        reply = self.submit(self.close)
        self.close.works[0].callback("OK")
        self.opening.result.callback("OK")
        self.clock.advance(5)
        error = self.failureResultOf(reply, OutcomeUnknownError)
        self.assertEqual(str(error.value), "outcome unknown: Close did not end in 5 s")
        self.assertTrue(self.close.works[1].called)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_ends_after_its_asker_left_leaves_no_timer(self) -> None:
        self.opening.result.callback("OK")
        reply = self.submit(self.close, within=1.0)
        self.clock.advance(1)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.close.works[0].callback("OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_at_the_stop_it_waits_for_it_no_longer(self) -> None:
        done: list[str] = []
        self.opened.addErrback(Failure.trap, OutcomeUnknownError)
        self.queue.stop()
        parts = [Move("manager", "")]
        safe = self.queue.make_safe(parts, lambda: done.append("safe"), "the stop")
        self.assertNoResult(safe)
        self.queue.give_up_running()
        self.successResultOf(safe)
        self.assertEqual(done, ["safe", "safe"])
