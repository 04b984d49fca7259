"""A set's lanes, by which something comes, or nothing any more."""

from __future__ import annotations

from pika import BasicProperties
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.channel import BrokerChannel
from pychron_comms.broker.lane import AHEAD, PATIENCE, QUIET, SEEN, ReadLane, WatchedLane
from pychron_comms.broker.message import PROBE, REQUEST, Delivery
from pychron_comms.broker.names import PROCESSORS, Lane, lane_queue
from tests.broker.doubles import PikaChannel

_QUEUE = lane_queue("line", Lane.SAFE)


class LaneCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.pika = PikaChannel()
        self.taken: list[bytes] = []

    def began(self, beginning: Deferred[None], *, answers: int) -> None:
        for _ in range(answers):
            self.pika.answer()
        self.successResultOf(beginning)

    def deliver(self, tag: int, kind: str = REQUEST) -> None:
        self.pika.deliver(b"%d" % tag, BasicProperties(type=kind), tag=tag)


class WatchedLaneTests(LaneCase):
    def setUp(self) -> None:
        super().setUp()
        self.channel = self.pika.wrapped()
        self.lane = WatchedLane(_QUEUE, 2, self.channel, self.take, self.clock.seconds)
        self.began(ensureDeferred(self.lane.begin()), answers=3)
        self.told = PikaChannel()
        self.telling = self.told.wrapped()

    def take(self, channel: BrokerChannel, delivery: Delivery) -> None:
        self.taken.append(delivery.message.body)

    def look_after(self, seconds: float) -> bool:
        self.clock.advance(seconds)
        return self.lane.look(self.telling)

    @property
    def probes(self) -> list[tuple[str, str]]:
        return [(each.exchange, each.topic) for each in self.told.published]

    def test_one_by_which_nothing_comes_is_probed_once_and_then_given_up(self) -> None:
        self.assertTrue(self.look_after(QUIET - 1))
        self.assertEqual(self.probes, [])
        self.assertTrue(self.look_after(1))
        self.assertTrue(self.look_after(PATIENCE - 1))
        self.assertEqual(self.probes, [(PROCESSORS, "line.safe")])
        self.assertEqual(self.told.published[0].properties.expiration, "4000")
        self.assertFalse(self.look_after(1))

    def test_a_probe_that_comes_back_is_acknowledged_and_shown_to_nobody(self) -> None:
        self.look_after(QUIET)
        self.deliver(1, PROBE)
        self.assertEqual((self.pika.acked, self.taken), ([1], []))
        self.assertTrue(self.look_after(PATIENCE))
        self.assertTrue(self.look_after(PATIENCE - 1))
        self.assertFalse(self.look_after(1))
        self.assertEqual(len(self.probes), 2)

    def test_whatever_else_comes_tells_as_much(self) -> None:
        self.look_after(QUIET)
        self.deliver(1)
        self.assertEqual(self.taken, [b"1"])
        self.assertTrue(self.look_after(PATIENCE))

    def test_where_all_that_may_be_here_is_nothing_can_come(self) -> None:
        """What makes safe may take long, each of very many."""
        self.deliver(1)
        self.deliver(2)
        self.assertTrue(self.look_after(QUIET))
        self.assertTrue(self.look_after(PATIENCE))
        self.assertEqual(self.probes, [])
        self.channel.ack(1)
        self.assertTrue(self.look_after(0))
        self.assertEqual(len(self.probes), 1)


class ReadLaneTests(LaneCase):
    def setUp(self) -> None:
        super().setUp()
        self.lane = ReadLane(_QUEUE, self.pika.wrapped(), self.take)
        self.began(ensureDeferred(self.lane.begin()), answers=2)

    def take(self, delivery: Delivery) -> None:
        self.taken.append(delivery.message.body)

    def test_few_are_on_the_way_at_a_time(self) -> None:
        (_, ahead), (_, consumed) = self.pika.asked
        self.assertEqual(ahead, {"prefetch_count": AHEAD})
        self.assertFalse(consumed["auto_ack"])

    def test_they_are_acknowledged_together(self) -> None:
        for tag in range(1, SEEN + 2):
            self.deliver(tag)
        self.assertEqual(self.pika.acked, [SEEN])
        self.assertEqual(len(self.taken), SEEN + 1)

    def test_and_within_a_while_however_few_they_are(self) -> None:
        self.deliver(1)
        self.lane.say_seen()
        self.lane.say_seen()
        self.assertEqual(self.pika.acked, [1])
