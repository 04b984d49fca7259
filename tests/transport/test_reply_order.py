"""The order of plain replies, without a transport."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.reply_order import ReplyOrder, Turn


class ReplyOrderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.order = ReplyOrder()

    def test_a_reply_that_is_first_leaves_at_once(self) -> None:
        self.assertEqual(self.order.append(b"a"), b"a")
        turn = self.order.reserve()
        self.assertEqual((self.order.fill(turn, [b"b"]), len(self.order)), (b"b", 0))

    def test_a_reply_waits_for_those_before_it(self) -> None:
        first, second = self.order.reserve(), self.order.reserve()
        self.assertEqual(self.order.append(b"c"), b"")
        self.assertEqual(self.order.fill(second, [b"b"]), b"")
        self.assertEqual(self.order.fill(first, [b"a"]), b"abc")

    def test_what_leaves_is_what_is_ready_and_no_more(self) -> None:
        first, second, third = (self.order.reserve() for _ in range(3))
        self.order.fill(second, [b"b"])
        self.assertEqual((self.order.fill(first, [b"a"]), len(self.order)), (b"ab", 1))
        self.assertEqual(self.order.fill(third, [b"c"]), b"c")

    def test_those_that_have_none_can_be_given_one(self) -> None:
        self.order.reserve()
        second = self.order.reserve()
        self.order.reserve()
        self.order.fill(second, [b"b"])
        self.assertEqual(self.order.fill_all(b"?"), b"?b?")

    def test_a_reply_that_comes_after_that_is_dropped(self) -> None:
        turn = self.order.reserve()
        self.order.fill_all(b"?")
        self.assertEqual((self.order.fill(turn, [b"late"]), len(self.order)), (b"", 0))

    def test_nor_does_it_take_the_place_of_one_that_was_asked_since(self) -> None:
        old = [self.order.reserve() for _ in range(3)]
        self.assertEqual(self.order.fill_all(b"?"), b"???")
        self.assertEqual([self.order.append(b"a"), self.order.append(b"b")], [b"a", b"b"])
        new = [self.order.reserve() for _ in range(6)]
        for place in old:
            self.assertEqual(self.order.fill(place, [b"late"]), b"")
        told = b"".join(self.order.fill(place, [b"%d" % at]) for at, place in enumerate(new))
        self.assertEqual(told, b"012345")

    def test_places_go_on_however_long_it_takes(self) -> None:
        """Beside a model: a list of all replies, of which the first that are there have left."""
        chance = Random(4)
        model: list[bytes | None] = []
        left, waiting = 0, list[tuple[int, int]]()
        for step in range(2000):
            if chance.random() < 0.3 or not waiting:
                count = chance.choice((1, 1, 2, 3))
                place = self.order.reserve(count)
                self.assertEqual(place, len(model))
                waiting.append((place, count))
                model += [None] * count
                told = b""
            elif chance.random() < 0.3:
                told = self.order.append(b"%d," % step)
                model.append(b"%d," % step)
            else:
                place, count = waiting.pop(chance.randrange(len(waiting)))
                replies = [b"%d.%d," % (step, each) for each in range(count)]
                told = self.order.fill(place, replies)
                model[place : place + count] = replies
            leaves = b""
            while left < len(model) and (reply := model[left]) is not None:
                leaves, left = leaves + reply, left + 1
            self.assertEqual((told, len(self.order)), (leaves, len(model) - left))

    def test_several_come_together(self) -> None:
        before = self.order.reserve()
        first = self.order.reserve(3)
        self.order.reserve()
        self.assertEqual(self.order.fill(first + 1, [b"c", b"d"]), b"")
        self.assertEqual(self.order.fill(before, [b"a"]), b"a")
        self.assertEqual((self.order.fill(first, [b"b"]), len(self.order)), (b"bcd", 1))

    def test_one_that_went_ahead_has_its_place_and_its_reply_in_any_order(self) -> None:
        for comes_first in (True, False):
            order, turn = ReplyOrder(), Turn()
            before = order.reserve()
            if comes_first:
                turn.reply = b"b"
            self.assertEqual(order.turn_came(turn), b"")
            self.assertEqual(order.place(turn), b"")
            self.assertEqual(order.append(b"c"), b"")
            turn.reply = b"b"
            order.turn_came(turn)
            self.assertEqual(order.fill(before, [b"a"]), b"abc")
