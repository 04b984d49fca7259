"""Where a broker says whose the hardware is: what is told of it in numbers."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import new_stream
from pychron_comms.processor.takeover import Takeover
from pychron_comms.transport.broker_strings import BrokerAddress


class Gate:
    """Stands for a gate that is not started yet."""

    def __init__(self, clock: MemoryReactorClock) -> None:
        self.stream = new_stream(clock.seconds, clock.seconds)

    def search(self, query: str) -> str:
        return ""

    def startService(self) -> None:
        raise AssertionError("there is no broker")


class TakeoverTests(SynchronousTestCase):
    def setUp(self) -> None:
        clock = MemoryReactorClock()
        self.metrics = Metrics()
        takeover = Takeover(BrokerAddress("127.0.0.1", 5672, "line"))
        gate = cast(Any, Gate(clock))
        self.standby = takeover.standby(gate, clock, self.metrics, lambda why: None)

    def told(self, name: str) -> float:
        found = [each for each in self.metrics.text().splitlines() if each.startswith(name)]
        return float(found[0].removeprefix(name))

    def test_there_is_no_broker_yet(self) -> None:
        self.assertEqual(self.told("pychron_comms_broker_connected "), 0)
        self.assertEqual(self.told("pychron_comms_broker_blocked "), 0)

    def test_one_that_is_short_of_memory(self) -> None:
        # The first of its links, one of which is enough.
        links = next(iter(self.standby))
        link = next(iter(links))
        link.blocked("low on memory")
        self.assertEqual(self.told("pychron_comms_broker_blocked "), 1)
        link.blocked("")
        self.assertEqual(self.told("pychron_comms_broker_blocked "), 0)
