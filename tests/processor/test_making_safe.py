"""What makes safe beside a manager's queue: past what waits, with its own time, whoever asked."""

from __future__ import annotations

import math
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from pychron_comms.errors import OutcomeUnknownError, OvertakenError, ShuttingDownError
from pychron_comms.interfaces import Effect, Move
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.runners import ReactorRunner
from tests.doubles import ScriptedCall
from tests.processor.queue_case import QueueCase, Repeated


class CommandTests(QueueCase):
    def test_what_makes_safe_passes_the_queue(self) -> None:
        self.occupy()
        self.submit(ScriptedCall("GetX", "1", effect=Effect.READ))
        disable = ScriptedCall("Disable", "off", safe=True)
        self.submit(disable)
        self.assertEqual(disable.runs, 1)

    def test_what_waited_to_actuate_is_dropped_when_something_makes_safe(self) -> None:
        busy, _ = self.occupy()
        enable = ScriptedCall("Enable", "OK")
        reply = self.submit(enable)
        self.submit(ScriptedCall("Disable", "off", safe=True))
        self.failureResultOf(reply, OvertakenError)
        busy.result.callback("")
        self.assertEqual(enable.runs, 0)

    def test_only_the_same_part_is_overtaken(self) -> None:
        busy, _ = self.occupy()
        replies = {
            target: self.submit(ScriptedCall("Open", "OK", target=target)) for target in "AB"
        }
        read = self.submit(ScriptedCall("Get", "1", effect=Effect.READ, target="A"))
        self.submit(ScriptedCall("Close", "OK", safe=True, target="A"))
        self.failureResultOf(replies["A"], OvertakenError)
        busy.result.callback("")
        self.assertEqual(self.successResultOf(replies["B"]), "OK")
        self.assertEqual(self.successResultOf(read), "1")

    def test_an_ordinary_command_waits_for_one_that_makes_safe(self) -> None:
        closing = ScriptedCall("Close", Deferred(), safe=True)
        self.submit(closing)
        call = ScriptedCall("Open", "OK")
        reply = self.submit(call)
        self.assertEqual(call.runs, 0)
        closing.result.callback("")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_as_many_at_a_time_as_its_manager_takes_which_is_one_unless_it_says_more(self) -> None:
        for options, runs in (({}, [1, 0, 0]), ({"width": 2}, [1, 1, 0])):
            self.queue = ManagerQueue(ReactorRunner(), self.clock, **options)
            calls, _ = self.closes(3)
            self.assertEqual([call.runs for call in calls], runs)

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
        self.occupy(target="A")
        for target in "BCD":
            self.submit(ScriptedCall("Open", "OK", target=target))
        _, (reply,) = self.closes(1)
        self.assertNoResult(reply)

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


class TimeTests(QueueCase):
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

    def test_nor_of_one_that_had_waited_for_its_turn(self) -> None:
        class Late(ReactorRunner):
            """Its threads take what they are given late."""

            def run(self, handler: Any, call: Any, take: Any) -> Any:
                takes.append(take)
                works.append(Deferred())
                return works[-1]

        takes: list[Any] = []
        works: list[Deferred[str]] = []
        self.queue = ManagerQueue(Late(), self.clock, width=1)
        _, replies = self.closes(2)
        takes[0]()
        works[0].callback("OK")
        self.clock.advance(6)
        self.assertNoResult(replies[1])
        takes[1]()
        works[1].callback("OK")
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK", "OK"])
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


class StateTests(QueueCase):
    def test_it_is_done_beside_what_runs(self) -> None:
        busy, _ = self.occupy()
        done: list[str] = []
        safe = self.queue.make_safe([Move("manager", "")], lambda: done.append("safe"), "a lapse")
        self.assertEqual((done, busy.result.called), (["safe"], False))
        busy.result.callback("")
        self.successResultOf(safe)
        # It had begun before.
        self.assertEqual(done, ["safe", "safe"])

    def test_what_waited_to_act_on_the_part_is_dropped(self) -> None:
        busy, _ = self.occupy()
        replies = {
            target: self.submit(ScriptedCall("Move", "OK", target=target))
            for target in ("stage/x", "output")
        }
        self.queue.make_safe([Move("manager", "stage")], lambda: None, "a lapse")
        failure = self.failureResultOf(replies["stage/x"], OvertakenError)
        self.assertIn("Move was dropped when a lapse made safe", str(failure.value))
        busy.result.callback("")
        self.assertEqual(self.successResultOf(replies["output"]), "OK")

    def test_a_failure_is_its_own(self) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        self.failureResultOf(
            self.queue.make_safe([Move("manager", "")], broken, "a lapse"), ZeroDivisionError
        )
