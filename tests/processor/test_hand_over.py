"""A manager's thread takes a call in its time or not at all."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import ExpiredError
from tests.doubles import ScriptedCall
from tests.executions import execution_of

UNTIL = 5.0


class HandOverTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.execution = execution_of(ScriptedCall("Open A"), clock=self.clock)
        self.execution.hand_over(Deferred, UNTIL)

    def test_it_is_taken_in_its_last_moment(self) -> None:
        self.clock.rightNow = UNTIL
        self.execution.take()
        self.assertTrue(self.execution.begun)

    def test_and_no_later_which_is_told_by_its_name(self) -> None:
        self.clock.rightNow = UNTIL + 0.001
        error = self.assertRaises(ExpiredError, self.execution.take)
        self.assertEqual(str(error), str(ExpiredError("Open A")))
        self.assertFalse(self.execution.begun)
