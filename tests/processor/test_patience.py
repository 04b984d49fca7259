"""How long somebody waits for the disk."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.execution.patience import Patience


class PatienceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.patience = Patience(self.clock, 0.25)
        self.told: list[str] = []

    def wait(self, name: str) -> None:
        self.patience.end_in_time(lambda: self.told.append(name))

    def fails(self) -> None:
        raise LookupError("a bug")

    def test_each_is_told_after_its_own_time(self) -> None:
        self.wait("first")
        self.clock.advance(0.125)
        self.wait("second")
        self.clock.advance(0.125)
        self.assertEqual(self.told, ["first"])
        self.clock.advance(0.125)
        self.assertEqual(self.told, ["first", "second"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_bug_that_meets_one_keeps_it_from_nobody_else(self) -> None:
        self.patience.end_in_time(self.fails)
        self.wait("second")
        self.clock.advance(0.25)
        self.assertEqual(len(self.flushLoggedErrors(LookupError)), 1)
        self.wait("third")
        self.clock.advance(0.25)
        self.assertEqual(self.told, ["second", "third"])
