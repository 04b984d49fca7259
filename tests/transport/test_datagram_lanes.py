"""Lines of datagrams that wait: sender by sender, and none undoes what was asked after it."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.datagram_lanes import (
    AT_ONCE,
    BYTES,
    LANES,
    LANES_OF_HOST,
    LINES,
    DatagramLanes,
    DatagramLine,
)
from pychron_comms.transport.turns import SLICE, FairTurns
from tests.listening import one_turn

FLOOD, OTHER = ("10.0.0.1", 4000), ("10.0.0.2", 4000)


class LaneTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.taken: list[tuple[bytes, int]] = []
        self.lanes = DatagramLanes(FairTurns(self.clock), self.clock, self.take)

    def take(self, line: DatagramLine) -> None:
        self.taken.append((line.line, line.copies))

    def come(self, *lines: bytes, address: tuple[str, int] = FLOOD) -> list[bool]:
        return [
            self.lanes.come(DatagramLine(line, address, line.startswith(b"Close"), 0.0, False))
            for line in lines
        ]

    def fill(self, address: tuple[str, int] = FLOOD) -> None:
        """So that its sender's next one waits."""
        self.come(*[b"Get"] * (AT_ONCE + 1), address=address)
        self.taken.clear()

    def take_two(self) -> None:
        """Of those that wait; ``fill`` left one."""
        lane = self.lanes._lanes[FLOOD]
        self.assertEqual(lane.next().line, b"Get")
        lane.next()

    def all_turns(self) -> list[tuple[bytes, int]]:
        self.clock.pump([0] * 400)
        self.assertEqual(len(self.lanes), 0)
        return [line for line in self.taken if line[0] != b"Get"]

    def test_a_few_are_worked_off_as_they_come_and_the_others_in_turns(self) -> None:
        self.come(*[b"Get"] * 100)
        self.assertEqual((len(self.taken), len(self.lanes)), (AT_ONCE, 100 - AT_ONCE))
        self.all_turns()
        self.assertEqual(len(self.taken), 100)
        self.come(b"Open A")
        self.assertEqual(self.taken[-1], (b"Open A", 1))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_anothers_single_one_is_found_among_a_flood(self) -> None:
        self.come(*[b"Open %d" % number for number in range(5000)])
        self.come(b"Close B", address=OTHER)
        self.assertLess(len(self.taken), 20)
        one_turn(self.clock)
        one_turn(self.clock)
        self.assertIn((b"Close B", 1), self.taken)
        self.assertLess(len(self.taken), 200)

    def test_also_by_another_port_of_the_same_computer(self) -> None:
        self.come(*[b"Open %d" % number for number in range(5000)])
        self.come(b"Close B", address=(FLOOD[0], 4001))
        one_turn(self.clock)
        one_turn(self.clock)
        self.assertIn((b"Close B", 1), self.taken)

    def test_a_computer_with_many_ports_has_no_more_than_one_with_one(self) -> None:
        self.fill()
        for port in range(10):
            self.come(*[b"Open A"] * 100, address=(FLOOD[0], 5000 + port))
        self.come(*[b"Open B"] * 100, address=OTHER)
        for _ in range(3):
            self.taken.clear()
            one_turn(self.clock)
            self.assertGreaterEqual(self.taken.count((b"Open B", 1)), 2 * SLICE)

    def test_each_lane_has_room_for_so_many(self) -> None:
        self.fill()
        room = self.come(*[b"Open A"] * LINES)
        self.assertEqual((room.count(True), room[-1]), (LINES - 1, False))
        self.assertEqual(self.come(b"Open A", address=OTHER), [True])

    def test_one_that_is_full_says_so_unless_a_copy_may_have_room(self) -> None:
        self.fill()
        self.come(*[b"Open A"] * (LINES - 2))
        self.assertFalse(self.lanes.are_full(FLOOD))
        self.come(b"Close A")
        self.assertFalse(self.lanes.are_full(FLOOD))
        self.assertEqual(self.come(b"Close A", b"Close B"), [True, False])
        for other in ((FLOOD[0], 4001), OTHER):
            self.assertFalse(self.lanes.are_full(other))

    def test_and_so_does_one_that_has_its_bytes(self) -> None:
        self.fill()
        self.come(b"a" * (BYTES - len(b"Get") - 1))
        self.assertFalse(self.lanes.are_full(FLOOD))
        self.come(b"a")
        self.assertTrue(self.lanes.are_full(FLOOD))
        self.all_turns()
        self.assertFalse(self.lanes.are_full(FLOOD))

    def test_and_for_so_many_bytes(self) -> None:
        self.fill()
        self.assertEqual(self.come(b"A" * (BYTES - 3), b"B"), [True, False])
        self.all_turns()
        self.fill(OTHER)
        self.all_turns()
        self.come(*[b"Get"] * AT_ONCE)
        self.assertEqual(self.come(b"A" * (2 * BYTES), b"B"), [True, False])

    def test_what_was_worked_off_leaves_its_room_to_what_comes_before_the_end(self) -> None:
        self.fill()
        self.come(b"A" * (BYTES - 10), b"B")
        self.take_two()
        self.assertEqual(len(self.lanes), 1)
        self.assertEqual(self.come(b"C" * (BYTES - 1), b"D"), [True, False])

    def test_it_goes_ahead_of_the_last_that_waits_too(self) -> None:
        self.fill()
        self.come(b"Open A", b"Open B")
        self.take_two()
        self.come(b"Close A")
        told = [(b"Close A", 0), (b"Open B", 1), (b"Close A", 1)]
        self.assertEqual(self.all_turns(), told)

    def test_copies_of_what_makes_safe_are_done_once_and_answered_each(self) -> None:
        self.fill()
        self.come(b"Close A", b"Close B", b"Close A", b"Close A")
        self.assertEqual(self.all_turns()[-2:], [(b"Close A", 3), (b"Close B", 1)])
        self.come(b"Close A")
        self.assertEqual(self.taken[-1], (b"Close A", 1))

    def test_however_many_they_are(self) -> None:
        self.fill()
        self.assertNotIn(False, self.come(*[b"Close A"] * 5000))

    def test_what_makes_safe_goes_ahead_and_is_done_again_in_its_turn(self) -> None:
        self.fill()
        self.come(b"Open A", b"Close A")
        self.assertEqual(self.all_turns(), [(b"Close A", 0), (b"Open A", 1), (b"Close A", 1)])

    def test_it_is_done_once_where_all_else_before_it_was_worked_off(self) -> None:
        self.fill()
        self.come(b"Open A", b"Close A")
        lane = self.lanes._lanes[FLOOD]
        taken = [(line.line, line.copies) for line in (lane.next(), lane.next(), lane.next())]
        self.assertEqual(taken, [(b"Close A", 0), (b"Get", 1), (b"Open A", 1)])
        self.come(b"Close B")
        self.assertEqual(self.all_turns(), [(b"Close A", 1), (b"Close B", 1)])

    def test_it_is_no_copy_of_one_before_something_else(self) -> None:
        self.fill()
        self.come(b"Close A", b"Open A", b"Close A")
        self.assertEqual(
            [line for line, copies in self.all_turns() if copies],
            [b"Close A", b"Open A", b"Close A"],
        )

    def test_all_of_it_is_worked_off_where_nothing_more_is_taken(self) -> None:
        self.fill()
        self.come(b"Open A", b"Close A")
        self.lanes.work_off()
        self.assertEqual((self.taken[-1], len(self.lanes)), ((b"Close A", 1), 0))
        self.all_turns()

    def test_no_host_has_all_lanes_and_beyond_all_one_is_shared(self) -> None:
        self.come(*[b"Get"] * AT_ONCE)
        for port in range(LANES):
            self.come(*[b"Get"] * LINES, address=(FLOOD[0], port + 1))
        self.assertEqual(len(self.lanes), (LANES_OF_HOST + 1) * LINES)
        for number in range(LANES):
            self.come(b"Get", address=(f"10.1.0.{number}", 1))
        shared = [self.come(b"Get", address=(f"10.2.0.{number}", 1)) for number in range(LINES)]
        self.assertIn([False], shared)
        self.all_turns()
        self.clock.pump([0] * 400)
        self.assertEqual(self.lanes._lanes, {})
        self.assertEqual(self.lanes._of_host, {})
