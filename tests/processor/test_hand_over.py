"""A manager's thread takes a call in its time or not at all."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import ExpiredError
from pychron_comms.processor.execution.hand_over import HandOver
from pychron_comms.processor.execution.runners import ReactorRunner
from tests.doubles import ScriptedCall, ScriptedHandler
from tests.executions import KeptRecord, execution_of

UNTIL = 5.0


class Held(ReactorRunner):
    """Its thread takes a call when the test says so."""

    take: Any

    def run(self, handler: Any, call: Any, take: Any) -> Any:
        self.take = take
        return Deferred()


class HandOverTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.runner = Held()
        call = ScriptedCall("Open A", "OK")
        self.execution = execution_of(call, KeptRecord())
        HandOver(self.runner, self.clock).run(ScriptedHandler(call), call, self.execution, UNTIL)

    def test_it_is_taken_in_its_last_moment(self) -> None:
        self.clock.rightNow = UNTIL
        self.runner.take()
        self.assertTrue(self.execution.begun)

    def test_and_no_later_which_is_told_by_its_name(self) -> None:
        self.clock.rightNow = UNTIL + 0.001
        error = self.assertRaises(ExpiredError, self.runner.take)
        self.assertEqual(str(error), str(ExpiredError("Open A")))
        self.assertFalse(self.execution.begun)
