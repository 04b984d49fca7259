"""A connection as the broker at its other end sees it: AMQP's own frames, in memory."""

from __future__ import annotations

from typing import Any

from pika import frame, spec
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.adapter import BrokerConnection, parameters_for
from pychron_comms.broker.channel import ChannelLostError
from pychron_comms.transport.cork import Cork
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
