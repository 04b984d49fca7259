"""Lines that wait, without a transport."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.backlog import WINDOW, Backlog, Instead
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

    def test_more_come_near_when_half_of_them_are_taken(self) -> None:
        self.backlog.add([b"a"] * (2 * WINDOW))
        for _ in range(WINDOW // 2):
            self.backlog.next()
        self.assertEqual(len(self.looked), WINDOW)
        self.backlog.next()
        self.assertEqual((len(self.looked), len(self.backlog)), (WINDOW * 3 // 2 + 1, WINDOW))

    def test_the_last_place_is_used(self) -> None:
        self.backlog.add([b"a"] * (WINDOW - 1))
        self.backlog.add([b"a"])
        self.assertEqual((len(self.backlog), len(self.looked)), (WINDOW, WINDOW))

    def test_those_that_do_not_matter_are_not_looked_at_one_by_one(self) -> None:
        asked: list[bytes] = []

        def none_matters(lines: bytes) -> bool:
            asked.append(lines)
            return b"ahead" not in lines

        self.backlog = Backlog(self.look, none_matters)
        self.backlog.add([b"a", b"b", TOO_LONG, b"c"])
        self.backlog.add([b"d"])
        self.backlog.add([b"e", b"f", b"ahead"])
        self.assertEqual(self.looked, [b"a", b"d", b"e", b"f", b"ahead"])
        self.assertEqual(asked, [b"b\n\nc", b"f\nahead"])
        self.assertEqual(self.backlog.size, 13)
        taken = [b"a", b"b", TOO_LONG, b"c", b"d", b"e", b"f", self.turn]
        self.assertEqual(self.take_all(), taken)
        self.assertEqual(self.backlog.size, 0)

    def test_nor_is_the_only_one_behind_the_first(self) -> None:
        asked: list[bytes] = []
        self.backlog = Backlog(self.look, lambda lines: not asked.append(lines))
        self.backlog.add([b"a", b"b"])
        self.assertEqual((asked, self.looked), ([b"b"], [b"a"]))
        self.backlog.add([b"c"])
        self.assertEqual((asked, self.looked), ([b"b"], [b"a", b"c"]))

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
