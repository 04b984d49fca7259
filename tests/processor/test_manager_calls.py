"""What managers take over their calls is counted by manager, reads apart from what acts."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Effect
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution import runners
from pychron_comms.processor.execution.manager_calls import ManagerCalls
from pychron_comms.processor.execution.runners import ReactorRunner, ThreadRunner, unwatched
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.help_texts import unfinished
from tests.processor.test_runners import DirectReactor, HandCrankedPool

NAME = "pychron_comms_manager_call_seconds"


class ManagerCallTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.calls = ManagerCalls(self.metrics, self.clock)
        self.laser = object()
        self.calls.watch({"CO2": self.laser})
        self.work: Deferred[str] = Deferred()
        self.runner = ReactorRunner(self.calls.watch_of(self.laser))

    def told(self, what: str, operation: str) -> float:
        sample = f'{NAME}_{what}{{manager="CO2",operation="{operation}"}} '
        found = [each for each in self.metrics.text().splitlines() if each.startswith(sample)]
        return float(found[0].removeprefix(sample))

    def begin(self, effect: Effect = Effect.ACTUATE) -> Deferred[str]:
        call = ScriptedCall("Enable", self.work, effect=effect)
        done = self.runner.run(ScriptedHandler(), call, lambda: None)
        assert isinstance(done, Deferred)
        return done

    def test_a_call_is_timed_until_it_has_ended(self) -> None:
        done = self.begin()
        self.clock.advance(0.75)
        self.assertEqual(self.told("count", "act"), 0)
        self.work.callback("OK")
        self.assertEqual(self.successResultOf(done), "OK")
        self.assertEqual((self.told("count", "act"), self.told("sum", "act")), (1, 0.75))
        self.assertEqual(self.told("count", "read"), 0)
        self.assertEqual(unfinished(self.metrics), {})

    def test_reads_are_apart(self) -> None:
        self.begin(Effect.READ)
        self.work.callback("3")
        self.assertEqual((self.told("count", "read"), self.told("count", "act")), (1, 0))

    def test_one_that_is_answered_at_once_is_not(self) -> None:
        """It ran in the reactor's thread, whose lag tells what that took."""
        call = ScriptedCall("Enable", "OK")
        self.assertEqual(self.runner.run(ScriptedHandler(), call, lambda: None), "OK")
        self.assertEqual(self.told("count", "act"), 0)

    def test_what_makes_safe_is_timed_and_one_that_fails_too(self) -> None:
        done = self.runner.call(lambda: self.work)
        self.clock.advance(2.0)
        self.work.errback(KeyError("no"))
        self.failureResultOf(done, KeyError)
        self.assertEqual((self.told("count", "act"), self.told("sum", "act")), (1, 2.0))

    def test_in_a_thread_with_what_it_waits_for_that(self) -> None:
        self.patch(runners, "_DaemonThreadPool", HandCrankedPool)
        watch = self.calls.watch_of(self.laser)
        runner: Any = ThreadRunner("laser", DirectReactor(), watch=watch)  # type: ignore[arg-type]
        runner.run(ScriptedHandler(), ScriptedCall("Enable", "OK"), None)
        runner.call(lambda: None)
        self.clock.advance(1.0)
        runner._work.jobs.pop()()
        self.assertEqual((self.told("count", "act"), self.told("sum", "act")), (1, 1.0))
        self.clock.advance(2.0)
        runner._safety.jobs.pop()()
        self.assertEqual((self.told("count", "act"), self.told("sum", "act")), (2, 4.0))

    def test_one_that_is_given_up_has_ended(self) -> None:
        done = self.begin()
        self.clock.advance(3.0)
        self.runner.abandon(done)
        self.failureResultOf(done)
        self.assertEqual(self.told("sum", "act"), 3.0)

    def test_one_without_a_name_is_not_timed(self) -> None:
        self.assertIs(self.calls.watch_of(object()), unwatched)
