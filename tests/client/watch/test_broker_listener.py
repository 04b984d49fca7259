"""One who listens at a broker: how it gets there, what it takes, and what ends it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pika
from pika.exceptions import AMQPConnectionError, StreamLostError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.certs.folder import Folder
from pychron_comms.client.link.deadline import Deadline
from pychron_comms.client.watch.blocking import Watch
from pychron_comms.client.watch.by_broker import Listener, Pictures, watch_by_broker
from pychron_comms.client.watch.notices import Gap, Live, Lost
from pychron_comms.transport.broker_strings import parse_broker
from tests.certs.test_certs import scratch
from tests.client.watch.test_by_broker import line, picture, topics

BROKER = "amqp:rabbit1,rabbit2:5673:set=valves"


class Broker:
    """pika's connection and its channel in one; ``comes`` is what each look at it does."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.nodes: list[Any] = []
        self.bound: list[tuple[str, ...]] = []
        self.comes: list[Callable[[], object]] = []
        self.error: Exception | None = None
        self.is_open = True
        self.closed = 0

    def connected(self, nodes: list[Any]) -> Broker:
        self.nodes = nodes
        if self.error is not None:
            raise self.error
        return self

    def channel(self) -> Broker:
        return self

    def queue_declare(self, queue: str, *, exclusive: bool, arguments: dict[str, int]) -> Any:
        # Nobody else's, gone with its reader, and no burden where that does not read.
        assert (queue, exclusive) == ("", True), (queue, exclusive)
        assert arguments["x-max-length"] == 1000, arguments
        return SimpleNamespace(method=SimpleNamespace(queue="mine"))

    def queue_bind(self, *what: str) -> None:
        self.bound.append(what)

    def basic_consume(self, queue: str, taken: Callable[..., None], *, auto_ack: bool) -> None:
        # Nobody acknowledges: what the broker kept for that would grow without end.
        assert (queue, auto_ack) == ("mine", True), (queue, auto_ack)
        self.taken = taken

    def process_data_events(self, seconds: float) -> None:
        if not self.comes:
            self.clock.advance(seconds)
            return
        self.comes.pop(0)()

    def close(self) -> None:
        self.closed += 1
        self.is_open = False

    def says(self, data: bytes, after: float = 0.0) -> None:
        def come() -> None:
            self.clock.advance(after)
            self.taken(None, None, None, data)

        self.comes.append(come)

    def fails(self, error: Exception) -> None:
        def fail() -> None:
            raise error

        self.comes.append(fail)


class BrokerCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.broker = Broker()
        self.patch(pika, "BlockingConnection", self.broker.connected)

    def listener(self, text: str = BROKER) -> Listener:
        return Listener(parse_broker(text), Pictures(), self.broker.clock.seconds)


class ReachingTests(BrokerCase):
    def test_each_node_of_a_cluster_may_be_the_one(self) -> None:
        self.listener()
        nodes = [(each.host, each.port, each.virtual_host) for each in self.broker.nodes]
        self.assertEqual(nodes, [("rabbit1", 5673, "/"), ("rabbit2", 5673, "/")])
        self.assertEqual(self.broker.bound, [("mine", "pychron.state", "valves.stream")])

    def test_who_gives_no_name_is_a_guest(self) -> None:
        self.listener()
        for node in self.broker.nodes:
            said = node.credentials
            self.assertEqual((said.username, said.password), ("guest", "guest"))
            self.assertIsNone(node.ssl_options)

    def test_a_name_and_its_secret(self) -> None:
        secret = scratch(self)
        secret.touch(0o600)
        secret.write_text("s3cret\n")
        self.listener(f"amqp:rabbit:set=valves:user=reader:password={secret}:vhost=lab")
        (node,) = self.broker.nodes
        self.assertEqual(
            (node.credentials.username, node.credentials.password), ("reader", "s3cret")
        )
        self.assertEqual((node.port, node.virtual_host), (5672, "lab"))

    def test_a_broker_that_is_dead_is_noticed(self) -> None:
        """What stands still on the way says nothing."""
        self.listener()
        for node in self.broker.nodes:
            self.assertLessEqual(node.heartbeat, 10)
            self.assertLessEqual(node.socket_timeout, 10)
            self.assertLessEqual(node.blocked_connection_timeout, 10)

    def test_tls_trusts_the_laboratorys_own_authority_and_shows_who_asks(self) -> None:
        path = scratch(self)
        folder = Folder(path, datetime(2026, 1, 1, tzinfo=UTC))
        folder.init("lab", 1)
        certificate, key = folder.issue("reader", [], 30)
        own = f"certificate={certificate}:privateKey={key}"
        self.listener(f"amqps:rabbit:set=valves:{own}:trustRoots={path / 'ca.pem'}")
        (node,) = self.broker.nodes
        options = node.ssl_options
        self.assertEqual((node.port, options.server_hostname), (5671, "rabbit"))
        self.assertEqual(options.context.verify_mode, ssl.CERT_REQUIRED)
        self.assertTrue(options.context.check_hostname)
        self.assertEqual(len(options.context.get_ca_certs()), 1)

    def test_a_key_in_the_file_of_its_certificate(self) -> None:
        path = scratch(self)
        folder = Folder(path, datetime(2026, 1, 1, tzinfo=UTC))
        folder.init("lab", 1)
        certificate, key = folder.issue("reader", [], 30)
        with certificate.open("ab") as file:
            file.write(key.read_bytes())
        self.listener(f"amqps:rabbit:set=valves:certificate={certificate}")
        # Nobody but the system's own authorities is trusted, where none is named.
        (node,) = self.broker.nodes
        self.assertEqual(node.ssl_options.context.verify_mode, ssl.CERT_REQUIRED)

    def test_a_broker_that_cannot_be_reached(self) -> None:
        for error, why in (
            (AMQPConnectionError("refused"), "refused"),
            (AMQPConnectionError(), "AMQPConnectionError"),
        ):
            self.broker.error = error
            told = self.assertRaises(ConnectionError, self.listener)
            self.assertEqual(str(told), f"broker at rabbit1,rabbit2:5673: {why}")


class ListenerTests(BrokerCase):
    def setUp(self) -> None:
        super().setUp()
        self.ear = self.listener()

    def test_what_comes_is_told_as_it_comes(self) -> None:
        self.broker.says(picture(5))
        self.assertEqual(topics(self.ear.receive(1.0)), ["hello", "snapshot", "live"])
        self.broker.says(line("change", 6, prev=5))
        self.assertEqual(topics(self.ear.receive(1.0)), ["change"])

    def test_what_came_together_is_told_together(self) -> None:
        def both() -> None:
            self.broker.taken(None, None, None, picture(5))
            self.broker.taken(None, None, None, line("change", 6, prev=5))

        self.broker.comes.append(both)
        self.assertEqual(topics(self.ear.receive(1.0)), ["hello", "snapshot", "live", "change"])

    def test_what_need_not_be_told_is_no_end_of_the_wait(self) -> None:
        self.broker.says(b"", after=0.5)
        self.broker.says(line("beat", 1, last=1), after=0.4)
        self.assertEqual(topics(self.ear.receive(1.0)), ["beat"])
        self.assertEqual(self.broker.clock.seconds(), 0.9)

    def test_silence(self) -> None:
        self.assertRaises(TimeoutError, self.ear.receive, 3.0)
        self.assertEqual(self.broker.clock.seconds(), 3.0)
        self.broker.says(b"", after=1.0)
        self.assertRaises(TimeoutError, self.ear.receive, 3.0)
        self.assertEqual(self.broker.clock.seconds(), 6.0)

    def test_a_broker_that_is_lost(self) -> None:
        self.broker.fails(StreamLostError("reset"))
        told = self.assertRaises(ConnectionError, self.ear.receive, 1.0)
        self.assertEqual(str(told), "the broker is lost: reset")
        self.broker.fails(StreamLostError())
        told = self.assertRaises(ConnectionError, self.ear.receive, 1.0)
        self.assertEqual(str(told), "the broker is lost: StreamLostError")

    def test_nobody_is_asked(self) -> None:
        self.ear.send(b"Subscribe *\r\n", Deadline(1.0, self.broker.clock.seconds))
        self.assertEqual(self.broker.comes, [])

    def test_it_is_closed_once(self) -> None:
        self.ear.close()
        self.ear.close()
        self.assertEqual(self.broker.closed, 1)


class WatchTests(BrokerCase):
    def test_who_lost_the_broker_is_told_that_something_is_missing(self) -> None:
        self.patch_sleep()
        self.broker.says(picture(5))
        self.broker.fails(StreamLostError("reset"))
        self.broker.says(picture(7))
        told = iter(watch_by_broker(BROKER, ("*",)))
        first, lost, *rest = [next(told) for _ in range(4)]
        self.assertEqual(first, Live())
        self.assertEqual(lost, Lost("the broker is lost: reset"))
        self.assertEqual(rest, [Gap(), Live()])
        told.close()  # type: ignore[attr-defined]

    def test_it_ends_when_it_is_told_to(self) -> None:
        self.broker.says(picture(5))
        self.assertEqual(list(watch_by_broker(BROKER, ("*",), cancel=lambda: True)), [])
        self.assertEqual(self.broker.nodes, [])

    def test_a_string_that_is_wrong_is_refused_at_once(self) -> None:
        self.assertRaises(ValueError, watch_by_broker, "amqp:rabbit", ("*",))
        self.assertRaises(ValueError, watch_by_broker, BROKER, ("",))

    def patch_sleep(self) -> None:
        times = Watch.__init__.__kwdefaults__ or {}
        self.patch(Watch.__init__, "__kwdefaults__", {**times, "sleep": self.broker.clock.advance})
