"""A channel by pika at AMQP's own frames: what is dealt with at once, and what is left to it."""

from __future__ import annotations

from typing import Any

from pika import frame, spec
from twisted.internet.defer import Deferred

from pychron_comms.broker.channel import BrokerChannel, Delivery, UnroutableError
from pychron_comms.broker.message import Message, to_pika
from tests.broker.test_adapter import ConnectionCase

ONE, TWO = Message("t", b"1", name="one"), Message("t", b"2", name="two")


class PromptTests(ConnectionCase):
    def setUp(self) -> None:
        super().setUp()
        self.open("3.10.8")
        self.channel = self.opened(1)

    def opened(self, number: int) -> BrokerChannel:
        opening = self.connection.channel()
        self.say(spec.Channel.OpenOk(), number)
        return self.successResultOf(opening)

    def answered(self, asked: Deferred[Any], method: Any) -> None:
        self.assertNoResult(asked)
        self.say(method, 1)
        self.successResultOf(asked)

    def sent(self) -> list[Any]:
        """The methods that the broker has been sent since it was asked last."""
        data, found = self.transport.value(), []
        self.transport.clear()
        while data:
            taken, value = frame.decode_frame(data)
            if isinstance(value, frame.Method):
                found.append(value.method)
            data = data[taken:]
        return found

    def hand_over(self, method: Any, message: Message) -> None:
        """A message, in pieces: its frames end where a segment does not."""
        whole = b"".join(
            each.marshal()
            for each in (
                frame.Method(1, method),
                frame.Header(1, len(message.body), to_pika(message)),
                frame.Body(1, message.body),
            )
        )
        for at in range(0, len(whole), 7):
            self.connection.dataReceived(whole[at : at + 7])

    def test_barriers_are_under_way_together_and_answered_in_their_order(self) -> None:
        self.sent()
        first, second = (self.channel.ask("basic_qos", prefetch_count=each) for each in (1, 2))
        self.assertEqual([each.prefetch_count for each in self.sent()], [1, 2])
        self.answered(first, spec.Basic.QosOk())
        self.answered(second, spec.Basic.QosOk())

    def test_each_channel_has_its_own_barriers(self) -> None:
        self.opened(2)
        asked = self.channel.ask("basic_qos", prefetch_count=1)
        self.say(spec.Basic.QosOk(), 2)
        self.answered(asked, spec.Basic.QosOk())

    def test_messages_come_whatever_segments_they_are_in(self) -> None:
        taken: list[Delivery] = []
        consuming = self.channel.consume("q", taken.append)
        (consume,) = (each for each in self.sent() if isinstance(each, spec.Basic.Consume))
        self.answered(consuming, spec.Basic.ConsumeOk(consume.consumer_tag))
        for tag, message in enumerate((ONE, TWO), 1):
            method = spec.Basic.Deliver(consume.consumer_tag, tag, tag == 2, "e", "topic")
            self.hand_over(method, message)
        self.assertEqual([(each.tag, each.redelivered) for each in taken], [(1, False), (2, True)])
        self.assertEqual([each.message.body for each in taken], [b"1", b"2"])
        self.assertEqual(taken[0].message.topic, "topic")

    def test_confirmations_refusals_and_returns_are_each_of_their_own_message(self) -> None:
        self.answered(self.channel.confirm(), spec.Confirm.SelectOk())
        first, second = (self.channel.publish("e", "t", each) for each in (ONE, TWO))
        self.hand_over(spec.Basic.Return(312, "NO_ROUTE", "e", "t"), TWO)
        self.say(spec.Basic.Ack(2, True), 1)
        self.successResultOf(first)
        self.failureResultOf(second, UnroutableError)

    def test_a_channel_without_confirmations_leaves_them_to_pika(self) -> None:
        self.say(spec.Basic.Ack(1), 1)
        self.assertEqual(self.channel.why, "")

    def test_what_comes_keeps_the_connection_alive(self) -> None:
        """Pika's watch counts bytes, and looks after eight seconds."""
        for _ in range(20):
            self.clock.advance(1.0)
            asked = self.channel.ask("basic_qos", prefetch_count=1)
            self.answered(asked, spec.Basic.QosOk())
        self.assertTrue(self.transport.connected)
        for _ in range(20):
            self.clock.advance(1.0)
        self.assertFalse(self.transport.connected)
