"""What makes safe: in its turn, light first, and done again after what was older."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from zope.interface import directlyProvides

from pychron_comms.errors import NoResponseError, OutcomeUnknownError
from pychron_comms.interfaces import Effect, ILaserManager, Move
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.runners import ReactorRunner
from tests.doubles import ScriptedCall
from tests.processor.queue_case import QueueCase, Repeated


class TurnTests(QueueCase):
    def test_one_at_a_time_and_all_of_them_whatever_it_takes(self) -> None:
        calls, replies = self.closes(24)
        for number, (call, reply) in enumerate(zip(calls, replies, strict=True)):
            self.assertEqual(sum(each.runs for each in calls), number + 1)
            self.clock.advance(0.3)
            call.works[0].callback("OK")
            self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.clock.getDelayedCalls(), [])

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


class WidthTests(QueueCase):
    width = 3

    def test_as_many_at_a_time_as_the_manager_takes(self) -> None:
        calls, _ = self.closes(8)
        self.assertEqual([call.runs for call in calls], [1, 1, 1, 0, 0, 0, 0, 0])
        calls[1].works[0].callback("OK")
        self.assertEqual([call.runs for call in calls], [1, 1, 1, 1, 0, 0, 0, 0])


class LastWordTests(QueueCase):
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

    def test_so_is_one_that_its_driver_says_is_cancelled(self) -> None:
        reply = self.submit(self.close)
        self.close.works[0].errback(CancelledError())
        self.assertNoResult(reply)
        self.opening.result.callback("OK")
        self.close.works[1].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")

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
        error = self.failureResultOf(safe, OutcomeUnknownError)
        self.assertEqual(str(error.value), "outcome unknown: made safe, and Open still runs")
        self.assertEqual(done, ["safe", "safe"])

    def test_a_command_is_not_told_ok_of_what_still_runs_at_the_stop(self) -> None:
        self.opened.addErrback(Failure.trap, OutcomeUnknownError)
        reply = self.submit(self.close)
        self.close.works[0].callback("OK")
        self.queue.stop()
        self.queue.give_up_running()
        self.close.works[1].callback("OK")
        self.failureResultOf(reply, OutcomeUnknownError)
