"""Lines are taken a few at a time, and no more once they are long."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.few_lines import few_of, few_of_chunk
from pychron_comms.transport.reply_order import Turn
from pychron_comms.wire.lines import TOO_LONG

LINES = [b"a", b"bb", TOO_LONG, b"ccc", b"dd"]


class FewLinesTests(SynchronousTestCase):
    def test_so_many_are_taken_and_then_the_others(self) -> None:
        for take in (few_of_chunk(LINES), few_of(iter(LINES).__next__)):
            self.assertEqual(take(2, 100), ([b"a", b"bb"], 3))
            self.assertEqual(take(3, 100), ([TOO_LONG, b"ccc", b"dd"], 5))

    def test_none_behind_those_that_are_long_enough(self) -> None:
        for take in (few_of_chunk(LINES), few_of(iter(LINES).__next__)):
            self.assertEqual(take(4, 2), ([b"a", b"bb"], 3))
            self.assertEqual(take(3, 3), ([TOO_LONG, b"ccc"], 3))
            self.assertEqual(take(1, 1), ([b"dd"], 2))

    def test_of_a_chunk_there_may_be_fewer(self) -> None:
        take = few_of_chunk(LINES)
        take(4, 100)
        self.assertEqual(take(4, 100), ([b"dd"], 2))

    def test_the_place_of_one_that_went_ahead_is_no_byte_long(self) -> None:
        turn = Turn()
        self.assertEqual(few_of(iter([turn, b"a"]).__next__)(2, 1), ([turn, b"a"], 1))
