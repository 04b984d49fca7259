"""Nothing comes: for too long, or because this process itself stood still."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state.patience import MOMENT, STOOD_STILL, Patience


class PatienceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.over: list[float] = []
        self.patience = Patience(self.clock, lambda: self.over.append(self.clock.seconds()))

    def test_it_is_over_when_nothing_comes(self) -> None:
        self.patience.wait(2.0)
        self.clock.pump([0.25] * 20)
        self.assertEqual(self.over, [2.0])

    def test_what_comes_begins_it_anew(self) -> None:
        self.patience.wait(2.0)
        self.clock.advance(1.5)
        self.patience.wait(2.0)
        self.clock.pump([0.25] * 20)
        self.assertEqual(self.over, [3.5])

    def test_who_stood_still_looks_first_what_lies_there(self) -> None:
        self.patience.wait(2.0)
        self.clock.advance(2.0 + STOOD_STILL + 0.1)
        self.assertEqual(self.over, [])
        # It had been there all the time.
        self.patience.wait(2.0)
        self.clock.advance(1.9)
        self.assertEqual(self.over, [])

    def test_and_then_knows_that_there_is_nothing(self) -> None:
        self.patience.wait(2.0)
        self.clock.advance(5.0)
        self.clock.advance(MOMENT)
        self.assertEqual(self.over, [5.0 + MOMENT])

    def test_it_ends(self) -> None:
        self.patience.stop()
        self.patience.wait(2.0)
        self.patience.stop()
        self.patience.stop()
        self.clock.advance(2.0)
        self.assertEqual((self.over, self.clock.getDelayedCalls()), ([], []))
