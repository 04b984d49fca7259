"""Where calls run: the reactor's thread, or a manager's own."""

from __future__ import annotations

import math
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.errors import DriverEndError, ExpiredError
from pychron_comms.interfaces import IReactorManager, ISafeWidth
from pychron_comms.processor.execution import runners
from pychron_comms.processor.execution.runners import (
    ReactorRunner,
    ThreadRunner,
    runner_for,
    safe_width,
)
from tests.doubles import ScriptedCall, ScriptedHandler


class HandCrankedPool:
    """A thread pool whose work is done when the test says so."""

    def __init__(self, least: int, most: int, name: str) -> None:
        self.size = (least, most)
        self.name = name
        self.jobs: list[Callable[[], None]] = []
        self.started = self.stopped = False
        self.working: list[object] = []

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.stopped = True

    def callInThreadWithCallback(
        self, onResult: Callable[[bool, Any], None], function: Callable[[], Any]
    ) -> None:
        self.jobs.append(lambda: _work(onResult, function))


def _work(onResult: Callable[[bool, Any], None], function: Callable[[], Any]) -> None:
    try:
        result = function()
    except BaseException:
        onResult(False, Failure())
    else:
        onResult(True, result)


def _cancelled() -> None:
    """A driver that is made of asyncio, whose loop has ended."""
    raise CancelledError


class DirectReactor:
    """Calls from a thread arrive at once."""

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        function(*args)


class ThreadRunnerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(runners, "_DaemonThreadPool", HandCrankedPool)
        self.runner = ThreadRunner("laser", DirectReactor())  # type: ignore[arg-type]
        self.work: Any = self.runner._work
        self.safety: Any = self.runner._safety

    def run_call(
        self, call: ScriptedCall, take: Callable[[], None] = lambda: None
    ) -> Deferred[str]:
        return self.runner.run(ScriptedHandler(call), call, take)

    def test_threads_are_named_after_their_manager(self) -> None:
        self.assertEqual((self.work.name, self.safety.name), ("laser work", "laser safety"))

    def test_each_pool_has_one_thread(self) -> None:
        self.assertEqual((self.work.size, self.safety.size), ((0, 1), (0, 1)))

    def test_the_method_runs_in_the_managers_thread(self) -> None:
        call = ScriptedCall("Read", 5)
        reply = self.run_call(call)
        self.assertEqual(call.runs, 0)
        self.work.jobs.pop()()
        self.assertEqual(self.successResultOf(reply), "5")

    def test_it_is_taken_in_that_thread_and_run_only_then(self) -> None:
        def prevented() -> None:
            raise ExpiredError("Open")

        call = ScriptedCall("Open", "OK")
        reply = self.run_call(call, prevented)
        self.assertNoResult(reply)
        self.work.jobs.pop()()
        self.failureResultOf(reply, ExpiredError)
        self.assertEqual(call.runs, 0)

    def test_as_many_threads_make_safe_as_the_manager_says(self) -> None:
        runner: Any = ThreadRunner("valves", DirectReactor(), 4)  # type: ignore[arg-type]
        self.assertEqual((runner._work.size, runner._safety.size), ((0, 1), (0, 4)))

    def test_what_makes_safe_has_a_thread_of_its_own(self) -> None:
        self.run_call(ScriptedCall("SetX", 1))
        reply = self.run_call(ScriptedCall("Disable", "OK", safe=True))
        self.safety.jobs.pop()()
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(len(self.work.jobs), 1)

    def test_an_async_method_goes_on_in_the_reactor(self) -> None:
        async def method() -> int:
            return 7

        reply = self.run_call(ScriptedCall("Read", method()))
        self.work.jobs.pop()()
        self.assertEqual(self.successResultOf(reply), "7")

    def test_an_await_that_is_missing_keeps_the_manager_from_nobody(self) -> None:
        answer: Deferred[int] = Deferred()
        answer.callback(7)

        async def method() -> object:
            return answer

        reply = self.run_call(ScriptedCall("Read", method()))
        self.work.jobs.pop()()
        self.assertEqual(self.successResultOf(reply), "7")

    def test_what_would_end_the_thread_is_a_bug_as_any_other(self) -> None:
        reply = self.run_call(ScriptedCall("Read", CancelledError()))
        self.work.jobs.pop()()
        failure = self.failureResultOf(reply, DriverEndError)
        self.assertEqual(str(failure.value), "CancelledError()")

    def test_so_it_is_where_it_makes_safe(self) -> None:
        done = self.runner.call(_cancelled)
        self.safety.jobs.pop()()
        self.failureResultOf(done, DriverEndError)

    def test_making_safe_waits_for_no_work(self) -> None:
        self.run_call(ScriptedCall("SetX", 1))
        done = self.runner.call(lambda: "safe")
        self.safety.jobs.pop()()
        self.assertEqual(self.successResultOf(done), "safe")

    def test_work_cannot_be_abandoned(self) -> None:
        reply = self.run_call(ScriptedCall("Read", 5))
        self.runner.abandon(reply)
        self.assertNoResult(reply)

    def test_a_stuck_thread_does_not_hold_up_the_stop(self) -> None:
        self.work.working.append("a driver that hangs")
        self.runner.stop()
        self.assertEqual((self.work.stopped, self.safety.stopped), (False, True))


class ThreadKindTests(SynchronousTestCase):
    def test_a_driver_that_hangs_cannot_keep_the_process_alive(self) -> None:
        self.assertTrue(runners._DaemonThread(target=print).daemon)


class ReactorRunnerTests(SynchronousTestCase):
    def test_an_answer_that_is_there_is_returned(self) -> None:
        call = ScriptedCall("Read", 5)
        self.assertEqual(ReactorRunner().run(ScriptedHandler(call), call, lambda: None), "5")

    def test_making_safe_may_be_async(self) -> None:
        async def method() -> str:
            return "safe"

        self.assertEqual(self.successResultOf(ReactorRunner().call(method)), "safe")

    def test_what_would_end_the_process_is_a_bug_as_any_other(self) -> None:
        call = ScriptedCall("Read", SystemExit(3))
        with self.assertRaisesRegex(DriverEndError, r"^SystemExit\(3\)$"):
            ReactorRunner().run(ScriptedHandler(call), call, lambda: None)

    def test_so_it_is_where_it_makes_safe(self) -> None:
        async def method() -> None:
            _cancelled()

        self.failureResultOf(ReactorRunner().call(method), DriverEndError)
        self.failureResultOf(ReactorRunner().call(_cancelled), DriverEndError)

    def test_abandoned_work_is_cancelled(self) -> None:
        work: Deferred[str] = Deferred()
        runner = ReactorRunner()
        runner.abandon(work)
        runner.stop()
        self.failureResultOf(work)


class ChoiceTests(SynchronousTestCase):
    def test_a_manager_that_says_it_never_blocks_runs_in_the_reactor(self) -> None:
        @implementer(IReactorManager)
        class Quick:
            pass

        self.assertIsInstance(
            runner_for(Quick(), "quick", DirectReactor()),  # type: ignore[arg-type]
            ReactorRunner,
        )

    def test_any_other_manager_gets_a_thread(self) -> None:
        self.patch(runners, "_DaemonThreadPool", HandCrankedPool)
        self.assertIsInstance(
            runner_for(object(), "slow", DirectReactor()),  # type: ignore[arg-type]
            ThreadRunner,
        )

    def test_each_call_in_its_thread_is_watched(self) -> None:
        self.patch(runners, "_DaemonThreadPool", HandCrankedPool)
        watched: list[tuple[object, bool]] = []
        runner: Any = runner_for(
            object(),
            "slow",
            DirectReactor(),  # type: ignore[arg-type]
            lambda work, reads: watched.append((work, reads)),
        )
        call = ScriptedCall("Open", "OK")
        work = runner.run(ScriptedHandler(call), call, lambda: None)
        self.assertEqual(watched, [(work, False)])

    def test_it_makes_safe_as_many_at_a_time_as_its_manager_takes(self) -> None:
        @implementer(ISafeWidth)
        class Bus:
            safe_width = 3

        self.patch(runners, "_DaemonThreadPool", HandCrankedPool)
        runner: Any = runner_for(Bus(), "bus", DirectReactor())  # type: ignore[arg-type]
        self.assertEqual((runner._work.size, runner._safety.size), ((0, 1), (0, 3)))


class WidthTests(SynchronousTestCase):
    """How many commands that make safe a manager takes at a time."""

    def test_one_that_blocks_takes_one(self) -> None:
        self.assertEqual(safe_width(object()), 1)

    def test_one_that_never_blocks_takes_any_number(self) -> None:
        @implementer(IReactorManager)
        class Quick:
            pass

        self.assertEqual(safe_width(Quick()), math.inf)

    def test_what_a_manager_says_counts(self) -> None:
        @implementer(IReactorManager, ISafeWidth)
        class Bus:
            safe_width = 3

        self.assertEqual(safe_width(Bus()), 3)
