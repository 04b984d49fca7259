"""The parts that a command keeps: who waits for whom, and for how long."""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Move
from pychron_comms.safeguards.holds import Hold, Holds

LINE, HEATER = object(), object()
A, B, ALL = Move(LINE, "A"), Move(LINE, "B"), Move(LINE, "")
HEAT = Move(HEATER, "")


class HoldsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.holds = Holds(self.clock)

    def hold(self, moves: Move, *reads: Move, seconds: float = 5.0) -> Hold:
        return self.holds.hold("Open", [moves], reads, seconds)

    def granted(self, *holds: Hold) -> list[bool]:
        return [hold.granted.called for hold in holds]

    def test_those_with_no_part_in_common_go_together(self) -> None:
        self.assertEqual(self.granted(self.hold(A), self.hold(B), self.hold(HEAT)), [True] * 3)

    def test_one_waits_for_another_that_moves_what_it_moves_or_reads(self) -> None:
        first = self.hold(A)
        waiting = [self.hold(A), self.hold(HEAT, A), self.hold(HEAT, ALL)]
        self.assertEqual(self.granted(*waiting), [False] * 3)
        first.release()
        self.assertEqual(self.granted(*waiting), [True, False, False])

    def test_and_for_one_that_reads_what_it_moves(self) -> None:
        first, second = self.hold(HEAT, A), self.hold(A)
        self.assertEqual(self.granted(second), [False])
        first.release()
        self.assertEqual(self.granted(second), [True])

    def test_two_may_read_the_same(self) -> None:
        self.assertEqual(self.granted(self.hold(B, A), self.hold(HEAT, A)), [True, True])

    def test_one_that_waits_is_not_passed_by_a_later_one_in_its_way(self) -> None:
        first, second, third = self.hold(A), self.hold(HEAT, A), self.hold(HEAT)
        self.assertEqual(self.granted(first, second, third), [True, False, False])
        first.release()
        self.assertEqual(self.granted(second, third), [True, False])

    def test_two_that_exclude_each_other_do_not_wait_for_each_other(self) -> None:
        opening, heating = self.hold(A, HEAT), self.hold(HEAT, A)
        self.assertEqual(self.granted(opening, heating), [True, False])
        opening.release()
        self.assertEqual(self.granted(heating), [True])
        heating.release()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_it_ends_with_its_seconds(self) -> None:
        hanging, waiting = self.hold(A, seconds=5.0), self.hold(A, seconds=9.0)
        self.clock.advance(4.9)
        self.assertEqual(self.granted(waiting), [False])
        self.clock.advance(0.1)
        self.assertEqual(self.granted(waiting), [True])
        hanging.release()
        waiting.release()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_waits_no_more_hinders_nobody(self) -> None:
        first, second, third = self.hold(A), self.hold(HEAT, A), self.hold(HEAT)
        second.granted.addErrback(lambda failure: failure.trap(CancelledError))
        second.granted.cancel()
        second.release()
        self.assertEqual(self.granted(first, third), [True, True])
