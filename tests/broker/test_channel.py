"""A channel: answers, confirmations, and its end."""

from __future__ import annotations

from pika import BasicProperties
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.channel import (
    ChannelLostError,
    RejectedError,
    UnroutableError,
)
from pychron_comms.broker.message import Delivery, Message
from tests.broker.doubles import PikaChannel

ONE, TWO = Message("t", b"1", name="one"), Message("t", b"2", name="two")


class ChannelTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.pika = PikaChannel()
        self.channel = self.pika.wrapped()
        confirming = self.channel.confirm()
        self.pika.answer()
        self.successResultOf(confirming)

    def test_a_publication_is_known_to_be_kept_when_it_is_confirmed(self) -> None:
        published = self.channel.publish("e", "t", ONE)
        self.assertNoResult(published)
        self.pika.confirm(1)
        self.successResultOf(published)
        self.assertTrue(self.pika.published[0].mandatory)

    def test_one_confirmation_may_be_for_many(self) -> None:
        both = [self.channel.publish("e", "t", each) for each in (ONE, TWO)]
        self.pika.confirm(2, multiple=True)
        for each in both:
            self.successResultOf(each)

    def test_of_two_that_are_confirmed_at_once_the_one_that_came_back_is_unroutable(self) -> None:
        first, second = (self.channel.publish("e", "t", each) for each in (ONE, TWO))
        self.pika.hand_back(1)
        self.pika.confirm(2, multiple=True)
        self.successResultOf(first)
        self.failureResultOf(second, UnroutableError)

    def test_a_full_queue_refuses(self) -> None:
        published = self.channel.publish("e", "t", ONE)
        self.pika.reject(1)
        self.failureResultOf(published, RejectedError)

    def test_its_end_fails_what_waits_and_what_comes(self) -> None:
        ended: list[str] = []
        self.channel.ended = ended.append
        waiting = [self.channel.publish("e", "t", ONE), self.channel.ask("basic_qos")]
        self.pika.break_off("cut")
        for each in [*waiting, self.channel.publish("e", "t", TWO), self.channel.ask("basic_qos")]:
            self.failureResultOf(each, ChannelLostError)
        self.assertEqual(ended, ["cut"])

    def test_who_acknowledges_while_it_is_being_closed_meets_no_error(self) -> None:
        self.channel.close()
        self.channel.ack(1)
        self.assertEqual(self.pika.acked, [])
        self.failureResultOf(self.channel.ask("basic_qos"), ChannelLostError)

    def test_an_answer_after_its_end_is_nobodys(self) -> None:
        asked = self.channel.ask("basic_qos")
        self.pika.break_off()
        self.failureResultOf(asked, ChannelLostError)
        self.pika.answer()
        self.pika.confirm(1)

    def test_a_queue_that_is_deleted_ends_it(self) -> None:
        ended: list[str] = []
        self.channel.ended = ended.append
        self.pika.on_cancel(None)
        self.assertEqual(len(ended), 1)
        self.assertFalse(self.pika.is_open)

    def test_a_bug_in_one_message_is_logged_and_the_next_one_comes(self) -> None:
        taken: list[Delivery] = []

        def take(delivery: Delivery) -> None:
            taken.append(delivery)
            raise RuntimeError("bug")

        self.channel.consume("q", take)
        properties = BasicProperties()
        self.pika.deliver(b"1", properties)
        self.pika.deliver(b"2", properties, tag=2, redelivered=True)
        self.assertEqual([each.redelivered for each in taken], [False, True])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
