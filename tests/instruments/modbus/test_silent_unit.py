"""A unit that is silent on a bus with others: RTU cannot tell answers apart, and so must wait."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.bound_item import BoundItem
from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.instrument import FIRST_REST, LONGEST_REST, Instrument
from pychron_comms.instruments.library import named_description
from pychron_comms.instruments.modbus.frames import rtu_frames
from pychron_comms.instruments.simulators import simulator
from pychron_comms.instruments.speaking import spoken


class SilentUnitTests(SynchronousTestCase):
    """Unit 1 answers; unit 2 does so while ``is_there``."""

    def setUp(self) -> None:
        self.clock = Clock()
        description = named_description("eurotherm-modbus")
        self.bus = Bus(spoken(description.wire, "modbus+rtu:///dev/ttyUSB0"), self.clock)
        self.connection = simulator(description, rtu_frames(of_the_unit=True)).connection()
        self.is_there = False
        self.asked = {1: 0, 2: 0}
        self.bus.connected(self)
        loop = description.items["loop"]
        self.first, self.second = (
            BoundItem(
                Instrument(f"unit {unit}", description, {"unit": unit}, self.bus, self.clock),
                loop,
                {"unit": unit},
            )
            for unit in (1, 2)
        )

    def write(self, data: bytes) -> None:
        self.asked[data[0]] += 1
        for answer in self.connection.received(data):
            if data[0] == 1 or self.is_there:
                self.clock.callLater(0.01, self.bus.received, answer)

    def reset(self) -> None:
        """A serial line is always there."""

    def run_for(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.clock.advance(0.05)

    def test_it_keeps_no_other_from_being_asked(self) -> None:
        self.first.start()
        self.second.start()
        self.run_for(20.0)
        self.asked = {1: 0, 2: 0}
        for _ in range(60):
            self.run_for(1.0)
            self.assertIsNotNone(self.first.latest("value").value)
        self.assertLessEqual(self.asked[2], 60 / LONGEST_REST + 1)
        self.assertGreater(self.asked[1], 40)
        self.assertIsNone(self.second.latest("value").value)

    def test_it_is_found_again(self) -> None:
        self.second.start()
        self.run_for(30.0)
        self.is_there = True
        self.run_for(LONGEST_REST + 5)
        self.assertIsNotNone(self.second.latest("value").value)
        self.assertFalse(self.second.instrument.rests)

    def test_who_wants_to_know_asks_it_all_the_same(self) -> None:
        self.second.start()
        self.run_for(30.0)
        self.assertTrue(self.second.instrument.rests)
        before = self.asked[2]
        self.is_there = True
        told = Deferred.fromCoroutine(self.second.read("value"))
        self.run_for(0.5)
        self.assertEqual(self.successResultOf(told).value, 0)
        self.assertGreater(self.asked[2], before)

    def test_one_missed_answer_is_a_short_rest(self) -> None:
        self.second.start()
        self.run_for(1.2)
        self.is_there = True
        self.run_for(3 * FIRST_REST + 2.0)
        self.assertIsNotNone(self.second.latest("value").value)
