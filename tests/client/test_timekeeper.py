"""One timer for many ends."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link.timekeeper import Timekeeper


class Guest:
    """Is over when its time has come, or when it leaves."""

    def __init__(self, keeper: Timekeeper, end: float) -> None:
        self.keeper = keeper
        self.end = end
        self.is_over = False
        self.expired_at: float | None = None
        keeper.add(self)

    def expire(self) -> None:
        self.expired_at = self.keeper.now()
        self.leave()

    def leave(self) -> None:
        self.is_over = True
        self.keeper.one_is_over()


class TimekeeperTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.keeper = Timekeeper(self.clock)

    def guests(self, *ends: float) -> list[Guest]:
        return [Guest(self.keeper, end) for end in ends]

    def test_each_expires_at_its_own_end_in_whatever_order_they_came(self) -> None:
        guests = self.guests(3.0, 1.0, 2.0, 1.0)
        self.clock.pump([0.5] * 8)
        self.assertEqual([guest.expired_at for guest in guests], [3.0, 1.0, 2.0, 1.0])

    def test_what_is_over_does_not_expire(self) -> None:
        early, late = self.guests(1.0, 2.0)
        early.leave()
        self.clock.pump([0.5] * 4)
        self.assertEqual((early.expired_at, late.expired_at), (None, 2.0))

    def test_there_is_one_timer_and_none_when_all_are_over(self) -> None:
        guests = self.guests(1.0, 2.0, 0.5)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for guest in guests:
            guest.leave()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.guests(3.0)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_what_is_over_is_not_kept(self) -> None:
        (last,) = self.guests(10.0)
        for _ in range(1000):
            (guest,) = self.guests(5.0)
            guest.leave()
        self.assertLess(len(self.keeper._queue), 300)
        self.clock.advance(10)
        self.assertEqual(last.expired_at, 10.0)

    def test_the_queue_is_cleared_when_most_of_it_is_over_and_that_is_much(self) -> None:
        for count, most in ((250, 128), (1000, 500)):
            self.keeper = Timekeeper(self.clock)
            guests = self.guests(*[5.0] * count)
            for guest in guests[:most]:
                guest.leave()
            self.assertEqual(len(self.keeper._queue), count)
            guests[most].leave()
            self.assertEqual(len(self.keeper._queue), count - most - 1)

    def test_a_guest_may_come_while_others_expire(self) -> None:
        (first,) = self.guests(1.0)
        came: list[Guest] = []
        self.patch(first, "leave", lambda: (Guest.leave(first), came.extend(self.guests(1.5))))
        self.guests(4.0)
        self.clock.pump([1.0, 0.5])
        self.assertEqual(came[0].expired_at, 1.5)
