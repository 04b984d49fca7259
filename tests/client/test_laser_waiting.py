"""Waits: polls, deadlines, ways to cancel, progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Unpack

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.waiting import (
    DeadlinePassedError,
    Progress,
    WaitCancelledError,
    WaitOptions,
)
from pychron_comms.errors import OutcomeUnknownError
from tests.asking import clock_waiter


class WaitTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.polls: list[float] = []
        self.stops = 0

    def busy_until(self, end: float) -> Callable[[], bool]:
        def goes_on() -> bool:
            self.polls.append(self.clock.seconds())
            return self.clock.seconds() < end

        return goes_on

    def wait(self, goes_on: Callable[[], bool], **options: Unpack[WaitOptions]) -> None:
        clock_waiter(self.clock).until_over("the move", goes_on, self.stop, **options)

    def stop(self) -> None:
        self.stops += 1

    def test_two_negatives_in_a_row(self) -> None:
        self.wait(self.busy_until(0.5))
        self.assertEqual(self.polls, [0.0, 0.25, 0.5, 0.75])

    def test_a_late_start_is_not_taken_for_the_end(self) -> None:
        answers = iter([False, True, True, False, True, False, False])
        self.wait(lambda: next(answers))
        self.assertEqual(list(answers), [])

    def test_no_deadline(self) -> None:
        self.wait(self.busy_until(5000.0), deadline=None)
        self.assertGreater(self.clock.seconds(), 5000.0)

    def test_deadline(self) -> None:
        """It is met to the point, and the hardware goes on."""
        error = self.assertRaises(
            DeadlinePassedError, self.wait, self.busy_until(9.0), deadline=1.1
        )
        self.assertEqual(self.clock.seconds(), 1.1)
        self.assertEqual(str(error), "the move took longer than 1.1 s")
        self.assertIsInstance(error, TimeoutError)
        self.assertEqual(self.stops, 0)

    def test_cancelled_by_an_event(self) -> None:
        cancel = threading.Event()
        self.clock.callLater(0.6, cancel.set)
        self.assertRaises(WaitCancelledError, self.wait, self.busy_until(9.0), cancel=cancel)
        self.assertEqual((self.clock.seconds(), self.stops), (0.75, 0))

    def test_cancelled_by_a_function_before_it_began(self) -> None:
        error = self.assertRaises(
            WaitCancelledError, self.wait, self.busy_until(9.0), cancel=lambda: True
        )
        self.assertEqual(str(error), "cancelled while waiting for the move")
        self.assertEqual(self.polls, [])

    def test_a_function_that_does_not_cancel(self) -> None:
        self.wait(self.busy_until(0.5), cancel=lambda: False)
        self.assertEqual(len(self.polls), 4)

    def test_stop_on_cancel(self) -> None:
        """A cancelled, an interrupted and a late wait each stop the hardware."""

        def interrupted() -> bool:
            raise KeyboardInterrupt

        for error, goes_on, options in (
            (WaitCancelledError, self.busy_until(9.0), WaitOptions(cancel=lambda: True)),
            (KeyboardInterrupt, interrupted, WaitOptions()),
            (DeadlinePassedError, self.busy_until(9.0), WaitOptions(deadline=1.0)),
        ):
            self.stops = 0
            options["stop_on_cancel"] = True
            self.assertRaises(error, self.wait, goes_on, **options)
            self.assertEqual((error, self.stops), (error, 1))

    def test_an_interrupt_leaves_the_hardware_alone(self) -> None:
        def interrupted() -> bool:
            raise KeyboardInterrupt

        self.assertRaises(KeyboardInterrupt, self.wait, interrupted)
        self.assertEqual(self.stops, 0)

    def test_an_error_is_no_end_of_the_move(self) -> None:
        def lost() -> bool:
            raise OutcomeUnknownError("GetDriveMoving")

        self.assertRaises(OutcomeUnknownError, self.wait, lost, stop_on_cancel=True)
        self.assertEqual(self.stops, 0)

    def test_progress(self) -> None:
        told: list[Progress] = []
        self.wait(self.busy_until(0.25), progress=told.append, deadline=3.0)
        self.assertEqual(told, [Progress("the move", elapsed, 3.0) for elapsed in (0.0, 0.25)])
