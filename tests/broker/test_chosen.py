"""The subscription to the owners' queue."""

from __future__ import annotations

from pika import BasicProperties
from twisted.internet.defer import ensureDeferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.channel import BrokerChannel
from pychron_comms.broker.chosen import AGAIN, Subscription
from pychron_comms.broker.ownership import WAIT, Beats, Ownership
from pychron_comms.safeguards.fence import LeasedFence
from tests.broker.doubles import PikaChannel


class Links:
    """Whose channels are the test's."""

    def __init__(self) -> None:
        self.channels: list[PikaChannel] = []
        self.is_blocked = False

    def channel(self, connection: object) -> object:
        self.channels.append(PikaChannel())
        wrapped: BrokerChannel = self.channels[-1].wrapped()
        return succeed(wrapped)


class SubscriptionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.links = Links()
        self.beats = Beats("mine")
        self.ownership = Ownership(LeasedFence(1.0, self.clock.seconds), self.clock.seconds)
        self.subscription = Subscription(
            "line",
            self.links,  # type: ignore[arg-type]
            self.ownership,
            self.beats,
            self.clock.seconds,
        )
        beginning = ensureDeferred(self.subscription.begin(object()))  # type: ignore[arg-type]
        self.answer()
        self.successResultOf(beginning)

    def answer(self) -> None:
        """To what the newest channel asks."""
        for _ in range(2):
            self.links.channels[-1].answer()

    def beat(self, channel: int) -> None:
        body = self.beats.at(self.clock.seconds())
        self.links.channels[channel].deliver(body, BasicProperties())

    def look_after(self, seconds: float) -> int:
        """How many channels there were."""
        self.clock.advance(seconds)
        self.subscription.look()
        return len(self.links.channels)

    def test_one_by_which_nothing_comes_is_made_anew(self) -> None:
        self.assertEqual(self.look_after(AGAIN - 1), 1)
        self.assertEqual(self.look_after(1), 2)
        # What it was given goes back.
        self.assertFalse(self.links.channels[0].is_open)
        self.assertEqual(self.look_after(AGAIN), 2)
        self.answer()
        self.assertEqual(self.look_after(AGAIN - 1), 2)
        self.assertEqual(self.look_after(1), 3)

    def test_one_by_which_something_comes_is_not(self) -> None:
        for _ in range(5):
            self.beat(0)
            self.assertEqual(self.look_after(AGAIN - 1), 1)

    def test_a_new_one_proves_nothing_yet_and_an_old_one_nothing_any_more(self) -> None:
        self.beat(0)
        self.clock.advance(WAIT)
        self.look_after(AGAIN)
        self.beat(0)
        self.assertFalse(self.ownership.is_active)
        self.answer()
        self.beat(0)
        self.assertFalse(self.ownership.is_active)
        self.beat(1)
        self.assertTrue(self.ownership.is_active)

    def test_while_the_broker_takes_nothing_it_is_left(self) -> None:
        self.links.is_blocked = True
        self.assertEqual(self.look_after(AGAIN), 1)
        self.assertEqual(self.look_after(AGAIN), 1)
        self.links.is_blocked = False
        self.assertEqual(self.look_after(AGAIN - 1), 1)
        self.assertEqual(self.look_after(1), 2)

    def test_where_the_connection_is_gone_nothing_is_made(self) -> None:
        self.subscription.end()
        self.assertEqual(self.look_after(AGAIN), 1)

    def test_where_it_goes_meanwhile_that_is_no_bug(self) -> None:
        self.look_after(AGAIN)
        self.subscription.end()
        self.links.channels[-1].break_off()
        self.assertEqual(self.look_after(AGAIN), 2)
