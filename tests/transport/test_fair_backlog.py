"""Lines of many senders that wait, without a transport."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.backlog import Instead
from pychron_comms.transport.fair_backlog import BYTES, LINES, NOT_NOW, FairBacklog
from pychron_comms.transport.reply_order import Turn
from pychron_comms.wire.lines import TOO_LONG


def _sender_of(line: bytes) -> bytes | None:
    sender, space, _ = line.partition(b" ")
    return sender if space else None


class Forgetting(list[bytes]):
    """Clears a backlog as soon as anything goes ahead."""

    def __init__(self, backlog: FairBacklog) -> None:
        super().__init__()
        self._backlog = backlog

    def append(self, line: bytes) -> None:
        self._backlog.clear()


class FairBacklogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.looked: list[bytes] = []
        self.gone: list[bytes] = []
        self.turn = Turn()
        self.backlog = FairBacklog(self.look, self.go, _sender_of)

    def look(self, line: bytes) -> Instead:
        self.looked.append(line)
        instead = {b"x ahead": self.turn, b"x ahead 1": None}.get(line, line)
        return NOT_NOW if b"safe" in line else instead

    def go(self, line: bytes) -> Instead:
        self.gone.append(line)
        return {b"s": None, b"t": self.turn}.get(line[-1:], line)

    def take(self, *lines: bytes | None) -> list[Instead]:
        self.backlog.add(lines)
        return list(self.taken())

    def taken(self) -> Iterable[Instead]:
        while self.backlog:
            yield self.backlog.next()

    def test_senders_take_turns_and_each_keeps_its_order(self) -> None:
        taken = self.take(b"x 1", b"x 2", b"x 3", b"y 1", b"y 2", b"z 1")
        self.assertEqual(taken, [b"x 1", b"y 1", b"z 1", b"x 2", b"y 2", b"x 3"])

    def test_who_comes_later_waits_for_one_line_of_each(self) -> None:
        self.backlog.add([b"x %d" % number for number in range(1000)])
        self.assertEqual(self.backlog.next(), b"x 0")
        self.backlog.add([b"y 1"])
        self.assertEqual([self.backlog.next(), self.backlog.next()], [b"x 1", b"y 1"])

    def test_what_is_nobodys_keeps_its_place_among_all(self) -> None:
        taken = self.take(b"x 1", b"x 2", b"nobody", b"y 1", b"x 3", b"none", b"x 4")
        self.assertEqual(taken, [b"x 1", b"x 2", b"nobody", b"y 1", b"x 3", b"none", b"x 4"])

    def test_the_first_of_all_may_be_nobodys(self) -> None:
        self.assertEqual(self.take(b"a", b"b", b"x 1"), [b"a", b"b", b"x 1"])
        self.assertEqual(self.take(b"x 1", b"c"), [b"x 1", b"c"])

    def test_what_goes_ahead_later_does_so_sender_by_sender(self) -> None:
        self.backlog.add([b"x safe 1 s", b"x safe 2 s", b"x safe 3 s", b"y safe 1 s", b"y 2"])
        self.backlog.go_ahead(2)
        self.assertEqual(self.gone, [b"x safe 1 s", b"y safe 1 s"])
        self.assertEqual((len(self.backlog), self.backlog.size), (3, 26))
        self.backlog.go_ahead(9)
        self.assertEqual(self.gone[2:], [b"x safe 2 s", b"x safe 3 s"])
        self.assertEqual((list(self.taken()), self.backlog.size), ([b"y 2"], 0))

    def test_it_leaves_what_comes_in_its_turn(self) -> None:
        self.backlog.add([b"x safe t", b"x safe again", b"x safe s", b"x 1"])
        self.backlog.go_ahead(3)
        self.assertEqual((len(self.backlog), self.backlog.size), (3, 1 + 13 + 4))
        self.assertEqual(list(self.taken()), [self.turn, b"x safe again", b"x 1"])
        self.assertEqual(self.backlog.size, 0)

    def test_what_has_had_its_turn_does_not_go_ahead_any_more(self) -> None:
        self.assertEqual(self.take(b"x safe s", b"y safe t"), [b"x safe s", b"y safe t"])
        self.backlog.add([b"z safe s"])
        self.backlog.go_ahead(9)
        self.assertEqual((self.gone, len(self.backlog)), ([b"z safe s"], 0))

    def test_nor_does_what_came_before_another_that_did(self) -> None:
        """Of each sender it is forgotten with its turn: a backlog may last for days."""
        self.backlog.add([b"x safe 1", b"y safe 1", b"x safe 2", b"x 3"])
        self.backlog.go_ahead(1)
        self.assertEqual(self.gone, [b"x safe 1"])
        self.assertEqual([self.backlog.next() for _ in range(2)], [b"x safe 1", b"y safe 1"])
        self.backlog.go_ahead(9)
        self.assertEqual(self.gone, [b"x safe 1", b"x safe 2"])
        self.assertEqual(list(self.taken()), [b"x safe 2", b"x 3"])
        self.backlog.add([b"x safe 4"])
        self.assertEqual(list(self.taken()), [b"x safe 4"])
        self.assertEqual(len(self.backlog._going), 0)

    def test_what_is_forgotten_while_one_goes_ahead_goes_nowhere(self) -> None:
        self.backlog.add([b"x safe s", b"y safe s"])
        self.patch(self, "gone", Forgetting(self.backlog))
        self.backlog.go_ahead(9)
        self.assertEqual((len(self.backlog), self.backlog.size), (0, 0))

    def test_what_went_ahead_leaves_its_turn_or_nothing(self) -> None:
        self.backlog.add([b"y 1", b"x ahead", b"x ahead 1", TOO_LONG, b"y 2"])
        self.assertEqual((len(self.backlog), self.backlog.size), (4, 10))
        self.assertEqual(list(self.taken()), [b"y 1", self.turn, TOO_LONG, b"y 2"])
        self.assertEqual(self.looked, [b"y 1", b"x ahead", b"x ahead 1", b"y 2"])
        self.assertEqual((len(self.backlog), self.backlog.size), (0, 0))

    def test_one_that_was_worked_off_at_once_is_not_there_and_one_too_long_is(self) -> None:
        self.assertEqual(self.take(b"x ahead 1"), [])
        self.assertEqual(self.take(TOO_LONG), [TOO_LONG])

    def test_many_lines_are_long_and_so_are_many_bytes(self) -> None:
        self.backlog.add([b"x 1"] * (LINES - 1))
        self.assertFalse(self.backlog.is_long)
        self.backlog.add([b"x 1"])
        self.assertTrue(self.backlog.is_long)
        self.backlog.clear()
        self.assertEqual((len(self.backlog), self.backlog.size), (0, 0))
        self.backlog.add([b"x" * (BYTES - 2)])
        self.assertFalse(self.backlog.is_long)
        self.backlog.add([b""])
        self.assertTrue(self.backlog.is_long)

    def test_all_can_be_forgotten(self) -> None:
        self.backlog.add([b"x 1", b"nobody", b"y 1"])
        self.backlog.clear()
        self.assertEqual(self.take(b"z 1"), [b"z 1"])
