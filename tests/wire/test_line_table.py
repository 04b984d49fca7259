"""Meanings of lines, remembered."""

from __future__ import annotations

import tracemalloc

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.line_table import LINES, LONGEST, SHARE, LineTable


class LineTableTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.table: LineTable[str] = LineTable(lines=8, share=4, longest=10)

    def keep(self, sender: str, *words: str) -> None:
        for each in words:
            self.table.keep(each.encode(), f"{each} of {sender}", sender)

    def known(self, *words: str) -> list[str]:
        return [each for each in words if self.table.get(each.encode()) is not None]

    def test_what_was_kept_is_found(self) -> None:
        self.keep("a", "Read x")
        self.assertEqual(self.table.get(b"Read x"), "Read x of a")
        self.assertIsNone(self.table.get(b"Read y"))

    def test_the_newest_meaning_counts(self) -> None:
        self.keep("a", "x")
        self.keep("b", "x")
        self.assertEqual(self.table.get(b"x"), "x of b")
        self.assertEqual(len(self.table), 1)

    def test_what_is_seen_again_was_seen_before(self) -> None:
        self.assertEqual([self.table.seen_before("x", "y") for _ in range(3)], [False, True, True])
        self.assertFalse(self.table.seen_before("x", "z"))

    def test_what_was_seen_is_forgotten_after_as_many_others_as_there_are_entries(self) -> None:
        self.table.seen_before("x")
        for number in range(8):
            self.table.seen_before(number)
        self.assertTrue(self.table.seen_before("x"))
        for number in range(100, 116):
            self.table.seen_before(number)
        self.assertFalse(self.table.seen_before("x"))
        self.assertLessEqual(len(self.table._seen) + len(self.table._seen_earlier), 16)

    def test_a_long_line_is_not_kept(self) -> None:
        self.keep("a", "0123456789", "0123456789+")
        self.assertEqual(self.known("0123456789", "0123456789+"), ["0123456789"])

    def test_who_asks_ever_new_loses_only_his_own(self) -> None:
        self.keep("a", "a1", "a2")
        self.keep("flood", *(f"f{number}" for number in range(100)))
        self.assertEqual(self.known("a1", "a2", "f0", "f96", "f99"), ["a1", "a2", "f96", "f99"])

    def test_where_all_are_taken_who_has_most_loses_one(self) -> None:
        self.keep("a", "a1", "a2", "a3", "a4")
        self.keep("b", "b1", "b2", "b3")
        self.keep("c", "c1", "c2")
        self.assertEqual(self.known("a1", "a2", "b1", "c1", "c2"), ["a2", "b1", "c1", "c2"])
        self.assertEqual(len(self.table), 8)

    def test_senders_without_number_have_no_more_room(self) -> None:
        for number in range(100):
            self.keep(f"s{number}", f"w{number}")
        self.assertEqual(len(self.table), 8)
        self.assertEqual(len(self.table._brought), 8)

    def test_nothing_is_known_after_it_is_cleared(self) -> None:
        self.keep("a", *(f"a{number}" for number in range(9)))
        self.table.clear()
        self.assertEqual(self.known("a8"), [])
        self.keep("a", *(f"a{number}" for number in range(9)))
        self.assertEqual(len(self.table), 4)

    def test_the_keys_of_a_full_table_take_less_than_half_a_mebibyte(self) -> None:
        table: LineTable[None] = LineTable()
        tracemalloc.start()
        try:
            for number in range(2 * LINES):
                table.keep(f"{number:0{LONGEST}}".encode(), None, f"s{number // SHARE}")
            size, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.assertEqual(len(table), LINES)
        self.assertLess(size, 1 << 19)
