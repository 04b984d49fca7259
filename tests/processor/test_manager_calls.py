"""What managers take over their calls is counted by manager, reads apart from what acts."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Effect, ICall, IRequestHandler
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution.manager_calls import ManagerCalls
from pychron_comms.processor.execution.runners import ReactorRunner, Take
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.help_texts import unfinished

NAME = "pychron_comms_manager_call_seconds"


class SlowRunner:
    """Its calls end when a test says so."""

    def __init__(self) -> None:
        self.work: Deferred[str] = Deferred()
        self.stopped = False

    def run(self, handler: IRequestHandler, call: ICall, take: Take) -> Deferred[str]:
        return self.work

    def call(self, function: Callable[[], object]) -> Deferred[object]:
        return self.work

    def abandon(self, work: Deferred[str]) -> None:
        work.cancel()

    def stop(self) -> None:
        self.stopped = True


class ManagerCallTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.calls = ManagerCalls(self.metrics, self.clock)
        self.laser = object()
        self.calls.watch({"CO2": self.laser})
        self.slow = SlowRunner()
        self.runner = self.calls.timed(self.laser, self.slow)

    def told(self, what: str, operation: str) -> float:
        sample = f'{NAME}_{what}{{manager="CO2",operation="{operation}"}} '
        found = [each for each in self.metrics.text().splitlines() if each.startswith(sample)]
        return float(found[0].removeprefix(sample))

    def run_on(self, runner: object, call: ScriptedCall) -> object:
        return runner.run(ScriptedHandler(), call, lambda: None)  # type: ignore[attr-defined]

    def test_a_call_is_timed_until_it_has_ended(self) -> None:
        done = self.run_on(self.runner, ScriptedCall("Enable", "OK"))
        self.clock.advance(0.75)
        self.assertEqual(self.told("count", "act"), 0)
        self.slow.work.callback("OK")
        self.assertEqual(self.successResultOf(done), "OK")
        self.assertEqual((self.told("count", "act"), self.told("sum", "act")), (1, 0.75))
        self.assertEqual(self.told("count", "read"), 0)
        self.assertEqual(unfinished(self.metrics), {})

    def test_reads_are_apart(self) -> None:
        self.run_on(self.runner, ScriptedCall("ReadLaserPower", "3", effect=Effect.READ))
        self.slow.work.callback("3")
        self.assertEqual((self.told("count", "read"), self.told("count", "act")), (1, 0))

    def test_one_that_is_answered_at_once_is_not(self) -> None:
        """It ran in the reactor's thread, whose lag tells what that took."""
        runner = self.calls.timed(self.laser, ReactorRunner())
        self.assertEqual(self.run_on(runner, ScriptedCall("Enable", "OK")), "OK")
        self.assertEqual(self.told("count", "act"), 0)

    def test_one_that_fails_is_timed_too(self) -> None:
        done = self.runner.call(lambda: None)
        self.clock.advance(2.0)
        self.slow.work.errback(KeyError("no"))
        self.failureResultOf(done, KeyError)
        self.assertEqual((self.told("count", "act"), self.told("sum", "act")), (1, 2.0))

    def test_one_that_is_given_up_has_ended(self) -> None:
        done = self.run_on(self.runner, ScriptedCall("Enable", "OK"))
        self.clock.advance(3.0)
        assert isinstance(done, Deferred)
        self.runner.abandon(done)
        self.failureResultOf(done)
        self.assertEqual(self.told("sum", "act"), 3.0)

    def test_it_stops(self) -> None:
        self.runner.stop()
        self.assertTrue(self.slow.stopped)

    def test_one_without_a_name_is_not_timed(self) -> None:
        self.assertIs(self.calls.timed(object(), self.slow), self.slow)
