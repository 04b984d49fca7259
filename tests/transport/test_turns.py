"""Fair turns, without a transport."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.turns import _ROUND_TIME, AT_ONCE, SLICE, FairTurns, slice_after
from pychron_comms.wire.grammar import Request
from tests.listening import connections, one_turn
from tests.transport.test_line_protocol import Parrot, Transport


class Somebody:
    """Has ``left`` lines, and notes whose turn it was."""

    def __init__(self, turns: FairTurns, name: str, host: str, left: int, seen: list[str]) -> None:
        self.turns, self.name, self.host, self.left, self.seen = turns, name, host, left, seen

    def work(self, most: int) -> None:
        self.seen.append(self.name)
        self.left -= min(most, self.left)
        if self.left:
            self.turns.wait(self, self.host)


class ConnectionsTests(SynchronousTestCase):
    def test_a_connection_whose_lines_come_bit_by_bit_waits_for_one_turn_at_a_time(self) -> None:
        clock = Clock()
        parrots = Parrot(both := connections(clock)), Parrot(both)
        for parrot in parrots:
            parrot.makeConnection(Transport())
        for _ in range(10):
            parrots[0].dataReceived(b"say a\r\n" * 100)
        parrots[1].dataReceived(b"say b\r\n" * 100)
        done = len(parrots[0].seen)
        one_turn(clock)
        self.assertGreaterEqual(len(parrots[1].seen), 2 * SLICE)
        self.assertEqual(len(parrots[0].seen), done + 2 * SLICE)


class Slow(Parrot):
    """Takes 0.4 ms for each line, of a clock that nothing else moves."""

    clock: Clock

    def answer(self, request: Request) -> str | Deferred[str]:
        self.clock.rightNow += 0.0004
        return super().answer(request)


class GoTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.both = connections(self.clock)

    def test_lines_that_take_long_are_worked_off_a_few_at_a_time(self) -> None:
        slow = Slow(self.both)
        slow.clock = self.clock
        slow.makeConnection(Transport())
        slow.dataReceived(b"say a\r\n" * 200)
        done = len(slow.seen)
        for turn in range(1, 4):
            slow.work(SLICE)
            self.assertEqual(len(slow.seen), done + 2 * turn)

    def test_a_rest_that_is_one_more_go_needs_no_turn(self) -> None:
        """What makes safe in it would go ahead, and be done a second time."""
        for lines, at_once in ((SLICE + 2, SLICE + 2), (SLICE + 3, SLICE)):
            slow = Slow(self.both)
            slow.clock = self.clock
            slow.makeConnection(Transport())
            slow.dataReceived(b"say a\r\n" * lines)
            self.assertEqual(len(slow.seen), at_once)
            one_turn(self.clock)

    def test_so_many_that_they_take_a_moment(self) -> None:
        for lines, seconds, most, then in (
            (16, 0.004, 16, 4),
            (4, 0.0009, 4, 4),
            (1, 0.5, 1, 1),
            (4, 0.0001, 4, 8),
            (16, 0.0001, 16, 32),
            (32, 0.0001, 32, 32),
            (32, 0.002, 32, 16),
        ):
            self.assertEqual(slice_after(lines, seconds, most), then)


class FairTurnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.turns = FairTurns(self.clock)
        self.seen: list[str] = []

    def come(self, name: str, host: str, left: int) -> None:
        self.turns.wait(Somebody(self.turns, name, host, left, self.seen), host)

    def test_a_turn_is_a_few_lines_and_comes_again(self) -> None:
        self.come("a", "1", SLICE * 2 + 1)
        self.clock.advance(0)
        self.assertEqual(self.seen, ["a", "a", "a"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_computer_with_many_connections_has_no_more_than_one_with_one(self) -> None:
        for number in range(10):
            self.come(f"many {number}", "1", 1000)
        self.come("one", "2", SLICE * 3)
        one_turn(self.clock)
        one_turn(self.clock)
        self.assertEqual(self.seen[1::2][:3], ["one"] * 3)
        self.assertEqual(self.seen[:6:2], ["many 0", "many 1", "many 2"])

    def test_the_reactor_sees_to_other_things_between(self) -> None:
        self.come("a", "1", 10_000)
        one_turn(self.clock)
        self.assertLess(len(self.seen), 10)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_and_sooner_where_lines_take_long(self) -> None:
        class Slow(Somebody):
            def work(slow, most: int) -> None:
                super().work(most)
                self.clock.rightNow += 0.0008

        self.turns.wait(Slow(self.turns, "slow", "1", 1000, self.seen), "1")
        one_turn(self.clock)
        self.assertEqual(self.seen, ["slow"] * 2)

    def test_those_who_had_no_turn_have_the_next(self) -> None:
        for number in range(10):
            self.come(f"{number}", f"{number}", 1)
        one_turn(self.clock)
        self.assertEqual(self.seen, ["0", "1", "2", "3"])
        for _ in range(2):
            one_turn(self.clock)
        self.assertEqual(len(self.seen), 10)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_so_have_those_for_whom_there_was_no_time(self) -> None:
        seen, clock = self.seen, self.clock

        class Slow(Somebody):
            def work(self, most: int) -> None:
                super().work(most)
                clock.rightNow += _ROUND_TIME / 2

        for name in "abcde":
            self.turns.wait(Slow(self.turns, name, name, 1, seen), name)
        one_turn(clock)
        self.assertEqual(seen, ["a", "b", "c"])
        one_turn(clock)
        self.assertEqual(seen, ["a", "b", "c", "d", "e"])

    def test_while_somebody_waits_nobody_takes_much_at_once(self) -> None:
        self.assertEqual(self.turns.at_once(10, "2"), 10)
        self.come("a", "1", 10_000)
        self.assertEqual(self.turns.at_once(10, "2"), 1)

    def test_and_no_other_connection_of_that_computer_takes_any(self) -> None:
        """250 of them, with 40 lines each, had their turn and as much again beside it."""
        self.come("a", "1", 10_000)
        self.assertEqual([self.turns.at_once(10, "1") for _ in range(3)], [0, 0, 0])
        self.assertEqual(self.turns.at_once(1, "2"), 1)

    def test_until_it_has_had_its_turn(self) -> None:
        self.come("a", "1", 1)
        one_turn(self.clock)
        self.assertEqual(self.turns.at_once(10, "1"), 10)

    def test_chunks_of_one_turn_of_the_reactor_share_what_is_taken_at_once(self) -> None:
        """Those of 195 connections held everybody else up for 54 ms."""
        self.assertEqual([self.turns.at_once(40, "1") for _ in range(3)], [40, AT_ONCE - 40, 0])
        one_turn(self.clock)
        self.assertEqual(self.turns.at_once(AT_ONCE + 1, "1"), AT_ONCE)
        one_turn(self.clock)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_few_lines_ask_for_no_timer(self) -> None:
        for _ in range(SLICE - 1):
            self.assertEqual(self.turns.at_once(1, "1"), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.turns.at_once(2, "1"), 2)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
