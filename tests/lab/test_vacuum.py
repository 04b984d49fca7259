"""Pressures that follow from valves and pumps."""

from __future__ import annotations

import math

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.lab.simulated.extraction_line.vacuum import Pump, Vacuum, Volume


def line(clock: Clock) -> Vacuum:
    return Vacuum(
        clock,
        [
            Volume("tank", 3.0, 1.0, outgassing=0.0),
            Volume("bone", 1.0, 0.0, outgassing=0.0),
            Volume("turbo", 1.0, 1e-8, Pump(1e-8, 2.0), outgassing=0.0),
            Volume("leaky", 2.0, 0.0, outgassing=1e-4),
        ],
        {"A": ("tank", "bone"), "V": ("bone", "turbo"), "W": ("bone", "turbo")},
    )


class VacuumTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.vacuum = line(self.clock)

    def pressures(self, *volumes: str) -> list[float]:
        return [self.vacuum.pressure(volume) for volume in volumes]

    def test_nothing_happens_to_closed_tight_volumes(self) -> None:
        self.clock.advance(3600)
        self.assertEqual(self.pressures("tank", "bone"), [1.0, 0.0])

    def test_the_volumes_have_their_names(self) -> None:
        self.assertEqual(self.vacuum.volumes, ["tank", "bone", "turbo", "leaky"])

    def test_joined_volumes_equalise_by_their_litres(self) -> None:
        self.vacuum.set_open("A", True)
        self.assertEqual(self.pressures("tank", "bone"), [0.75, 0.75])

    def test_a_closed_valve_keeps_what_each_side_has(self) -> None:
        self.vacuum.set_open("A", True)
        self.vacuum.set_open("A", False)
        self.vacuum.set_open("V", True)
        self.clock.advance(1000)
        self.assertEqual(self.vacuum.pressure("tank"), 0.75)
        self.assertApproximates(self.vacuum.pressure("bone"), 1e-8, 1e-12)

    def test_walls_give_off_gas(self) -> None:
        self.clock.advance(10)
        self.assertApproximates(self.vacuum.pressure("leaky"), 5e-4, 1e-9)

    def test_a_pump_draws_its_volume_by_63_percent_in_its_time_constant(self) -> None:
        pumped = Vacuum(self.clock, [Volume("turbo", 1.0, 1.0, Pump(0.0, 2.0), 0.0)], {})
        self.clock.advance(2.0)
        self.assertApproximates(pumped.pressure("turbo"), math.exp(-1), 1e-12)

    def test_a_pump_takes_longer_for_more_litres(self) -> None:
        self.vacuum.set_open("A", True)
        self.vacuum.set_open("V", True)
        self.clock.advance(10.0)
        first = 3.0 / 5.0
        self.assertApproximates(
            self.vacuum.pressure("tank"), first * math.exp(-10.0 / 2.0 / 5.0), 1e-7
        )

    def test_gas_from_the_walls_holds_a_pump_above_its_base(self) -> None:
        pumped = Vacuum(self.clock, [Volume("turbo", 2.0, 1.0, Pump(1e-6, 2.0), 1e-4)], {})
        self.clock.advance(1000)
        self.assertApproximates(pumped.pressure("turbo"), 1e-6 + 1e-4, 1e-12)

    def test_looking_changes_nothing(self) -> None:
        other = line(self.clock)
        for vacuum in (self.vacuum, other):
            vacuum.set_open("V", True)
        for _ in range(50):
            self.clock.advance(0.1)
            other.pressure("bone")
        self.assertApproximates(self.vacuum.pressure("bone"), other.pressure("bone"), 1e-15)

    def test_two_valves_between_the_same_volumes(self) -> None:
        self.vacuum.set_open("V", True)
        self.vacuum.set_open("W", True)
        self.vacuum.set_open("V", False)
        self.vacuum.set_open("A", True)
        self.assertEqual(self.vacuum.pressure("turbo"), self.vacuum.pressure("tank"))

    def test_a_valve_that_joins_nothing(self) -> None:
        self.vacuum.set_open("X", True)
        self.assertEqual(self.pressures("tank", "bone"), [1.0, 0.0])

    def test_a_clock_that_is_set_back_lets_no_gas_return(self) -> None:
        self.clock.rightNow = 100.0
        before = self.vacuum.pressure("leaky")
        self.clock.rightNow = 50.0
        self.assertEqual(self.vacuum.pressure("leaky"), before)
        self.clock.rightNow = 60.0
        self.assertGreater(self.vacuum.pressure("leaky"), before)

    def test_an_unknown_volume(self) -> None:
        self.assertRaises(KeyError, self.vacuum.pressure, "nowhere")
