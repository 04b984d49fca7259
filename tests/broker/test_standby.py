"""A processor's end of the road, without a broker."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.memory import SharedMemory
from pychron_comms.broker.ownership import BEAT
from pychron_comms.broker.standby import Standby
from pychron_comms.observability.metrics import Metrics
from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.transport.broker_strings import parse_broker


class NoLink(Service):
    """To a broker that is away."""

    connection = None
    is_blocked = False

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """Whatever it is given."""

    def drop(self, why: str) -> None:
        """There is nothing."""


class BeatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.looked = 0
        self.standby = Standby(
            parse_broker("amqp:b:set=line"),
            None,  # type: ignore[arg-type]
            LeasedFence(1.0, self.clock.seconds),
            SharedMemory(),
            stream=None,  # type: ignore[arg-type]
            metrics=Metrics(),
            reactor=self.clock,
            at=lambda: "now",
            words={},
            begin=lambda: None,
            usurped=lambda why: None,
            seconds=self.seconds,
            link=NoLink,  # type: ignore[arg-type]
        )

    def seconds(self) -> float:
        self.looked += 1
        if self.looked == 2:
            raise RuntimeError("bug")
        return self.clock.seconds()

    def test_a_bug_in_one_beat_ends_no_others(self) -> None:
        """Who sends no beats owns nothing, for ever, and says nothing of it."""
        self.standby.startService()
        for _ in range(8):
            self.clock.advance(BEAT)
        self.assertGreaterEqual(self.looked, 8)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.successResultOf(self.standby.stopService())
