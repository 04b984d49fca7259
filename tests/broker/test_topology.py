"""What is made at a broker, and made again."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.topology import AGAIN, KeptBindings
from tests.broker.doubles import PikaChannel


class KeptBindingsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.channel = PikaChannel()
        self.bindings = KeptBindings(self.channel.wrapped(), self.clock.seconds)
        for queue in ("q", "r", "q"):
            self.bindings.keep(queue, "exchange", "topic")

    def look_after(self, seconds: float) -> list[str]:
        self.channel.asked.clear()
        self.clock.advance(seconds)
        self.bindings.look()
        return [arguments["queue"] for _, arguments in self.channel.asked]

    def test_each_is_made_again_every_so_often(self) -> None:
        self.assertEqual(self.look_after(AGAIN - 1), [])
        self.assertEqual(self.look_after(1), ["q", "r"])
        self.assertEqual(self.look_after(0), [])
        self.assertEqual(self.look_after(AGAIN), ["q", "r"])

    def test_where_the_exchange_is_gone_the_channel_ends_and_nothing_more(self) -> None:
        self.look_after(AGAIN)
        self.channel.break_off("404 NOT_FOUND")
        self.assertEqual(self.look_after(AGAIN), [])
