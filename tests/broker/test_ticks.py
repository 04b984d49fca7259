"""What is done over and over goes on."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.ticks import Ticks


class TicksTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.ticked = 0
        self.ticks = Ticks(self.tick, 0.5, self.clock)

    def tick(self) -> None:
        self.ticked += 1
        if self.ticked == 1:
            raise RuntimeError("bug")

    def test_a_bug_is_logged_and_the_next_one_comes(self) -> None:
        self.ticks.start()
        self.assertEqual(self.ticked, 0)
        for _ in range(3):
            self.clock.advance(0.5)
        self.assertEqual(self.ticked, 3)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_who_has_stopped_ticks_no_more(self) -> None:
        self.ticks.stop()
        self.ticks.start()
        self.ticks.stop()
        self.ticks.stop()
        self.clock.advance(5)
        self.assertEqual(self.ticked, 0)
