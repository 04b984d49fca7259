"""Lines that wait, and when they may begin, without a transport."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.backlog import WINDOW, Backlog, Instead
from pychron_comms.transport.backpressure import Backpressure
from pychron_comms.transport.reply_order import Turn
from pychron_comms.wire.lines import TOO_LONG


class BacklogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.looked: list[bytes] = []
        self.turn = Turn()
        self.backlog = Backlog(self.look)

    def look(self, line: bytes) -> Instead:
        self.looked.append(line)
        return {b"ahead": self.turn, b"@id=1 ahead": None}.get(line, line)

    def take_all(self) -> list[bytes | Turn | None]:
        return [self.backlog.next() for _ in range(len(self.backlog))]

    def test_lines_come_out_as_they_came_in(self) -> None:
        self.backlog.add([b"a", TOO_LONG, b"b"])
        self.backlog.add([b"c"])
        self.assertEqual(self.backlog.size, 7)
        self.assertEqual(self.take_all(), [b"a", TOO_LONG, b"b", b"c"])
        self.assertEqual((self.backlog.size, self.looked), (0, [b"a", b"b", b"c"]))

    def test_the_turn_of_a_line_that_went_ahead_stands_in_its_place(self) -> None:
        self.backlog.add([b"a", b"ahead", b"@id=1 ahead", b"b"])
        self.assertEqual(self.take_all(), [b"a", self.turn, b"b"])
        self.assertEqual(self.backlog.size, 0)

    def test_only_the_nearest_are_looked_at_and_each_once(self) -> None:
        lines: list[bytes | None] = [b"%d" % number for number in range(3 * WINDOW)]
        self.backlog.add(lines)
        self.assertEqual((len(self.looked), len(self.backlog)), (WINDOW, WINDOW))
        taken = []
        while self.backlog:
            taken.append(self.backlog.next())
        self.assertEqual((taken, self.looked), (lines, lines))
        self.assertEqual(self.backlog.size, 0)

    def test_it_is_long_while_there_is_more_than_the_nearest(self) -> None:
        self.backlog.add([b"a"] * (WINDOW - 1))
        self.assertFalse(self.backlog.is_long)
        self.backlog.add([b"a", b"a"])
        self.backlog.next()
        self.backlog.next()
        self.assertTrue(self.backlog.is_long)

    def test_all_can_be_forgotten(self) -> None:
        self.backlog.add([b"a"] * 1000)
        self.backlog.clear()
        self.assertEqual(
            (self.backlog.size, len(self.backlog), self.backlog.is_long), (0, 0, False)
        )


class BackpressureTests(SynchronousTestCase):
    def test_at_the_limit_none_begins_until_half_are_answered(self) -> None:
        pressure = Backpressure(4)
        for _ in range(3):
            pressure.begin()
        self.assertTrue(pressure.may_work)
        pressure.begin()
        self.assertFalse(pressure.may_work)
        pressure.end()
        self.assertFalse(pressure.may_work)
        pressure.end()
        self.assertTrue(pressure.may_work)

    def test_none_begins_while_replies_are_unread_a_second_time_too(self) -> None:
        pressure = Backpressure(4)
        for _ in range(2):
            pressure.unread()
            self.assertEqual((pressure.may_work, pressure.is_unread), (False, True))
            pressure.read()
            self.assertEqual((pressure.may_work, pressure.is_unread), (True, False))

    def test_both_must_be_over(self) -> None:
        pressure = Backpressure(2)
        pressure.begin()
        pressure.begin()
        pressure.unread()
        pressure.read()
        self.assertFalse(pressure.may_work)
        pressure.unread()
        pressure.end()
        pressure.end()
        self.assertFalse(pressure.may_work)
        pressure.read()
        self.assertTrue(pressure.may_work)
