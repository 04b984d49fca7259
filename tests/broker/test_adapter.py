"""A connection as the broker at its other end sees it: AMQP's own frames, in memory."""

from __future__ import annotations

from typing import Any

from pika import BasicProperties, frame, spec
from twisted.internet.error import ConnectionAborted
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.adapter import BrokerConnection, parameters_for
from pychron_comms.broker.channel import ChannelLostError, RejectedError
from pychron_comms.broker.message import Delivery, Message
from pychron_comms.transport.cork import Cork
from tests.broker.unreadable import TABLES, Unreadable
from tests.doubles import TcpTransport


class Owner:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def connected(self, connection: BrokerConnection) -> None:
        self.told.append("connected")

    def disconnected(self, connection: BrokerConnection, why: str) -> None:
        self.told.append(f"disconnected: {why}")

    def blocked(self, why: str) -> None:
        self.told.append(f"blocked: {why}")


class Transport(TcpTransport, StringTransportWithDisconnection):
    """As TCP's, which has a way to be prompt."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Everything is prompt here."""


class ConnectionCase(SynchronousTestCase):
    """``say`` what the broker says."""

    def setUp(self) -> None:
        self.owner = Owner()
        parameters = parameters_for("/", "guest", "guest", "a test", 3)
        self.clock = Clock()
        self.cork = Cork()
        self.connection = BrokerConnection(self.owner, parameters, self.clock, self.cork)
        self.transport = Transport()
        self.transport.protocol = self.connection
        self.connection.makeConnection(self.transport)

    def say(self, method: Any, channel: int = 0) -> None:
        self.connection.dataReceived(frame.Method(channel, method).marshal())

    def open(self, version: str, product: str = "RabbitMQ") -> None:
        properties = {
            "product": product,
            "version": version,
            "capabilities": {"publisher_confirms": True, "basic.nack": True},
        }
        self.say(spec.Connection.Start(0, 9, properties, "PLAIN", "en_US"))
        self.say(spec.Connection.Tune(2047, 131_072, 3))
        self.say(spec.Connection.OpenOk())


class VanishedTests(ConnectionCase):
    """The broker's computer has lost its power, or its cable."""

    def test_it_is_left_at_once_when_it_has_said_nothing_for_long(self) -> None:
        """It takes no last bytes: to wait for them left the hardware without an owner for ever."""
        self.patch(self.transport, "loseConnection", lambda: None)
        self.patch(self.transport, "abortConnection", self.end)
        self.open("3.13.0")
        # Pika looks whether something has come each 5 s more than a heartbeat takes.
        self.clock.pump([1.0] * 8)
        self.assertEqual(self.owner.told, ["connected"])
        self.clock.pump([1.0] * 8)
        self.assertEqual(self.owner.told[1:], ["disconnected: no word from it for so long"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_says_something_is_kept(self) -> None:
        self.open("3.13.0")
        for _ in range(20):
            self.clock.advance(1.0)
            self.connection.dataReceived(frame.Heartbeat().marshal())
        self.assertEqual(self.owner.told, ["connected"])

    def end(self) -> None:
        self.connection.connectionLost(Failure(ConnectionAborted()))


class ConnectionTests(ConnectionCase):
    def test_a_broker_that_is_new_enough_is_used(self) -> None:
        self.open("3.10.8")
        self.assertEqual(self.owner.told, ["connected"])

    def test_an_older_broker_is_left_and_its_version_told(self) -> None:
        self.open("3.9.29")
        self.say(spec.Connection.CloseOk())
        self.assertFalse(self.transport.connected)
        why = "it is RabbitMQ 3.9.29, and 3.10 or newer is wanted"
        self.assertEqual(self.owner.told, [f"disconnected: {why}"])

    def test_what_sends_no_frames_is_left(self) -> None:
        whole = frame.Method(0, spec.Connection.OpenOk()).marshal()
        self.connection.dataReceived(whole[:-1] + b"?")
        self.assertTrue(self.transport.disconnected)

    def test_a_broker_that_is_short_of_memory_says_so(self) -> None:
        self.open("3.13.0")
        self.say(spec.Connection.Blocked("low on memory"))
        self.say(spec.Connection.Unblocked())
        self.assertEqual(self.owner.told[1:], ["blocked: low on memory", "blocked: "])

    def test_what_is_written_while_a_chunk_is_worked_off_leaves_as_one(self) -> None:
        self.open("3.13.0")
        self.transport.clear()
        with self.cork:
            for _ in range(2):
                self.connection.channel()
            self.assertEqual(self.transport.value(), b"")
        taken, first = frame.decode_frame(self.transport.value())
        _, second = frame.decode_frame(self.transport.value()[taken:])
        self.assertEqual([each.channel_number for each in (first, second)], [1, 2])
        self.assertIsInstance(second.method, spec.Channel.Open)

    def test_what_was_kept_is_written_before_the_end(self) -> None:
        self.open("3.13.0")
        self.transport.clear()
        with self.cork:
            opening = self.connection.channel()
            self.say(spec.Connection.Close(320, "stops", 0, 0))
            _, last = frame.decode_frame(self.transport.value())
        self.assertIsInstance(last.method, spec.Channel.Open)
        self.assertFalse(self.transport.connected)
        self.failureResultOf(opening, ChannelLostError)


class ChannelTests(ConnectionCase):
    """Messages and confirmations, as they come and go by a channel of an open connection."""

    def setUp(self) -> None:
        super().setUp()
        self.open("3.13.0")
        opening = self.connection.channel()
        self.say(spec.Channel.OpenOk(), 1)
        self.channel = self.successResultOf(opening)
        self.taken: list[tuple[bytes, int]] = []

    def consume(self) -> None:
        consuming = self.channel.consume("q", self.take)
        self.tag = self.written()[-1].method.consumer_tag
        self.say(spec.Basic.ConsumeOk(self.tag), 1)
        self.successResultOf(consuming)

    def take(self, delivery: Delivery) -> None:
        self.taken.append((delivery.message.body, delivery.tag))

    def confirming(self) -> None:
        confirming = self.channel.confirm()
        self.say(spec.Confirm.SelectOk(), 1)
        self.successResultOf(confirming)
        self.transport.clear()

    def written(self) -> list[Any]:
        """The frames of all that was written."""
        data, frames = self.transport.value(), []
        while data:
            # It begins with what names the protocol.
            size, one = frame.decode_frame(data)
            frames.append(one)
            data = data[size:]
        return frames

    def message(self, tag: int, *, consumer: str = "", channel: int = 1, **more: Any) -> bytes:
        return b"".join(
            each.marshal()
            for each in (
                frame.Method(
                    channel, spec.Basic.Deliver(consumer or self.tag, tag, False, "e", "t")
                ),
                frame.Header(channel, 3, BasicProperties(**more)),
                frame.Body(channel, b"abc"),
            )
        )

    def test_messages_come_whole_in_pieces_and_together(self) -> None:
        self.consume()
        unlike_ours = self.message(2, headers={"x-stream-offset": 5})
        data = self.message(1) + unlike_ours + self.message(3)
        for size in (1, 7, 40, len(data)):
            self.taken.clear()
            for at in range(0, len(data), size):
                self.connection.dataReceived(data[at : at + size])
            self.assertEqual(self.taken, [(b"abc", 1), (b"abc", 2), (b"abc", 3)])

    def test_a_message_whose_properties_nobody_can_read_is_one_without_any(self) -> None:
        """It ended the connection, was given to the next processor, and ended that one's too."""
        self.consume()
        for table in TABLES:
            self.taken.clear()
            for data in (
                frame.Method(1, spec.Basic.Deliver(self.tag, 7, False, "e", "t")),
                frame.Header(1, 3, Unreadable(table)),
                frame.Body(1, b"abc"),
            ):
                self.connection.dataReceived(data.marshal())
            self.connection.dataReceived(self.message(8))
            self.assertEqual(self.taken, [(b"abc", 7), (b"abc", 8)])

    def test_what_comes_counts_as_a_sign_of_life(self) -> None:
        self.consume()
        for _ in range(10):
            self.clock.advance(1)
            self.connection.dataReceived(self.message(1))
        self.assertTrue(self.transport.connected)
        self.clock.pump([1] * 20)
        self.assertFalse(self.transport.connected)

    def test_what_comes_for_nobody_is_left(self) -> None:
        self.consume()
        self.connection.dataReceived(self.message(1, consumer="another"))
        self.connection.dataReceived(self.message(2, channel=9))
        self.connection.dataReceived(self.message(3))
        self.assertEqual(self.taken, [(b"abc", 3)])

    def test_a_channel_that_is_being_closed_takes_nothing(self) -> None:
        self.consume()
        self.channel.close()
        self.connection.dataReceived(self.message(1))
        self.assertEqual(self.taken, [])

    def test_the_broker_has_a_message_when_it_says_so(self) -> None:
        self.confirming()
        first, second, third = (
            self.channel.publish("e", "t", Message("kind", b"abc")) for _ in range(3)
        )
        self.say(spec.Basic.Ack(2, True), 1)
        self.successResultOf(first)
        self.successResultOf(second)
        self.say(spec.Basic.Nack(3), 1)
        self.failureResultOf(third, RejectedError)

    def test_a_confirmation_on_a_channel_that_asked_for_none_is_left(self) -> None:
        self.say(spec.Basic.Ack(1), 1)
        self.assertTrue(self.transport.connected)

    def test_a_body_that_is_too_long_for_one_frame_goes_in_several(self) -> None:
        self.confirming()
        body = bytes(range(256)) * 1000
        self.channel.publish("e", "t", Message("kind", body))
        method, header, *bodies = self.written()
        self.assertEqual((method.method.exchange, header.body_size), ("e", len(body)))
        self.assertEqual(b"".join(each.fragment for each in bodies), body)
        self.assertEqual(len(bodies), 2)

    def test_a_name_that_is_too_long_ends_the_channel(self) -> None:
        self.confirming()
        published = self.channel.publish("e", "t", Message("kind", b"", name="n" * 256))
        self.failureResultOf(published, ChannelLostError)
