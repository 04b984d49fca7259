"""Nothing acts behind a fence that has shut, wherever it came from."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import NotOwnerError
from pychron_comms.interfaces import Effect
from pychron_comms.processor.execution.fenced import FencedRunner
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.safeguards.fence import LeasedFence
from tests.doubles import ScriptedCall, ScriptedHandler


class FencedRunnerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.fence = LeasedFence(1.0, self.clock.seconds)
        self.fence.open("1.a", 2.0)
        self.runner = FencedRunner(ReactorRunner(), self.fence)
        self.taken = 0

    def run_call(self, call: ScriptedCall) -> object:
        def take() -> None:
            self.taken += 1

        return self.runner.run(ScriptedHandler(), call, take)

    def test_it_runs_while_the_fence_is_open(self) -> None:
        self.assertEqual(self.run_call(ScriptedCall("Open A", "OK")), "OK")
        self.assertEqual(self.taken, 1)

    def test_nothing_is_taken_that_acts_once_it_is_shut(self) -> None:
        self.clock.advance(2.0)
        call = ScriptedCall("Open A", "OK")
        self.assertRaises(NotOwnerError, self.run_call, call)
        self.assertEqual((call.runs, self.taken), (0, 0))

    def test_what_makes_safe_has_its_while_and_no_more(self) -> None:
        self.clock.advance(2.5)
        self.assertEqual(self.run_call(ScriptedCall("Close A", "OK", safe=True)), "OK")
        self.assertEqual(self.successResultOf(self.runner.call(lambda: "safe")), "safe")
        self.clock.advance(0.5)
        call = ScriptedCall("Close A", "OK", safe=True)
        self.assertRaises(NotOwnerError, self.run_call, call)
        self.failureResultOf(self.runner.call(lambda: "safe"), NotOwnerError)
        self.assertEqual(call.runs, 0)

    def test_reads_need_no_ownership(self) -> None:
        self.clock.advance(9.0)
        call = ScriptedCall("GetValveState A", "True", effect=Effect.READ)
        self.assertEqual((self.run_call(call), self.taken), ("True", 1))

    def test_what_nobody_waits_for_is_given_up_behind_the_fence_too(self) -> None:
        call = ScriptedCall("Move A", Deferred())
        reply = self.run_call(call)
        assert isinstance(reply, Deferred)
        self.runner.abandon(reply)
        self.failureResultOf(reply, CancelledError)
