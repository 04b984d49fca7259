"""A reader is written to at once, and then only so often."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state.pace import APART, Pace


class PaceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.writes: list[float] = []
        self.pace = Pace(lambda: self.writes.append(self.clock.seconds()), self.clock, APART)

    def test_the_first_at_once_and_the_rest_together(self) -> None:
        for _ in range(5):
            self.pace.go()
        self.assertEqual(self.writes, [0.0])
        self.clock.advance(APART)
        self.assertEqual(self.writes, [0.0, APART])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_at_once_again_after_a_rest(self) -> None:
        self.pace.go()
        self.clock.advance(1.0)
        self.pace.go()
        self.assertEqual(self.writes, [0.0, 1.0])

    def test_nothing_after_the_stop(self) -> None:
        self.pace.go()
        self.pace.go()
        self.pace.stop()
        self.clock.advance(1.0)
        self.assertEqual(self.writes, [0.0])
