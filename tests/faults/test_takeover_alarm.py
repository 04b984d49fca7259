"""An alarm of a test's own is lifted, whatever befalls the broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.faults.takeovers.alarm import OwnAlarm


class Control:
    """Ends with a code when the test says so."""

    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code


class AlarmTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.controls: list[Control] = []
        self.alarm = OwnAlarm(self, self.clock.callLater, 5.0)

    def begin_control(self, *words: str) -> Any:
        self.told.append(words[-1])
        self.controls.append(Control())
        return self.controls[-1]

    def end(self, code: int) -> None:
        self.controls[-1].code = code
        self.clock.advance(0.2)

    def test_it_lasts_as_long_as_it_should(self) -> None:
        self.controls[0].code = 0
        self.clock.advance(4.9)
        self.assertEqual(len(self.told), 1)
        self.clock.advance(0.1)
        self.assertEqual([float(each) > 0.5 for each in self.told], [False, True])
        self.assertFalse(self.alarm.is_over)
        self.end(0)
        self.assertTrue(self.alarm.is_over)

    def test_it_is_lifted_only_when_it_was_struck(self) -> None:
        """Whoever strikes it may be slow."""
        self.clock.advance(8.0)
        self.assertEqual(len(self.told), 1)
        self.end(0)
        self.assertEqual(len(self.told), 2)

    def test_a_history_that_is_given_up_waits_until_it_is_lifted(self) -> None:
        """Else the next ones meet it, at the same broker."""

        def run(seconds: float, until: Callable[[], bool]) -> None:
            end = self.clock.seconds() + seconds
            while not until() and self.clock.seconds() < end:
                self.end(0)

        self.alarm.wait_until_over(run)
        self.assertTrue(self.alarm.is_over)
        self.assertEqual(len(self.told), 2)
        self.assertLess(self.clock.seconds(), 6.0)

    def test_a_broker_that_was_away_is_told_again(self) -> None:
        self.controls[0].code = 69
        self.clock.advance(5.0)
        for _ in range(3):
            self.end(69)
        self.assertEqual(len(self.told), 5)
        self.assertFalse(self.alarm.is_over)
        self.end(0)
        self.assertTrue(self.alarm.is_over)
        self.clock.advance(60)
        self.assertEqual(len(self.told), 5)
