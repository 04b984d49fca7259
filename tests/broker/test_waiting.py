"""What waits for its reply, and the places that it takes."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.names import Lane
from pychron_comms.broker.waiting import Waiting, WaitingReplies
from pychron_comms.errors import QueueFullError
from pychron_comms.transport.places import PENDING_SHARE

ME, OTHER = "10.0.0.1", "10.0.0.2"


class WaitingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.waiting = WaitingReplies()

    def ask(self, lane: Lane = Lane.ACT, sender: str = ME) -> int:
        self.waiting.take_place(lane, sender)
        return self.waiting.add(Waiting(Deferred(), "Open A", "1", 0.0, 30.0, lane, sender))

    def test_one_is_known_by_its_number_and_its_reply_until_it_is_dropped(self) -> None:
        first, second = self.ask(), self.ask()
        self.assertNotEqual(first, second)
        one = self.waiting.get(first)
        assert one is not None
        self.assertEqual(self.waiting.number_of(one.reply), first)
        self.assertEqual(self.waiting.drop(first), one)
        self.assertIsNone(self.waiting.drop(first))
        self.assertIsNone(self.waiting.get(first))
        self.assertIsNone(self.waiting.number_of(one.reply))
        self.assertEqual(len(self.waiting), 1)

    def test_all_of_now_are_gone_through_whatever_becomes_of_them(self) -> None:
        numbers = [self.ask() for _ in range(3)]
        for number, _ in self.waiting:
            self.waiting.drop(number)
        self.assertEqual((len(self.waiting), numbers), (0, [1, 2, 3]))

    def test_who_has_his_share_has_no_place_until_one_of_his_is_dropped(self) -> None:
        numbers = [self.ask() for _ in range(PENDING_SHARE)]
        with self.assertRaises(QueueFullError):
            self.waiting.take_place(Lane.READ, ME)
        self.ask(sender=OTHER)
        self.ask(Lane.SAFE)
        self.waiting.drop(numbers[0])
        self.ask()
