"""The simulated spectrometer: its magnet, its beams, its integrations and its noise."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, stdev, variance

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import InvalidArgumentsError, NoResponseError, PositionError
from pychron_comms.interfaces import IReactorManager, ISpectrometer
from pychron_comms.lab.simulated.spectrometer import beam, noise
from pychron_comms.lab.simulated.spectrometer.detectors import DETECTOR_SETS
from pychron_comms.lab.simulated.spectrometer.instrument import SimulatedSpectrometer
from pychron_comms.lab.simulated.spectrometer.instrument_config import spectrometer_from_config
from pychron_comms.lab.simulated.spectrometer.magnet import Magnet
from pychron_comms.lab.simulated.spectrometer.parameters import (
    FIELD,
    HIGH_VOLTAGE,
    Y_SYMMETRY,
    ParameterError,
)
from pychron_comms.lab.simulated.spectrometer.source import COUNTER_THRESHOLD
from tests.qtegra_exchanges import build_spectrometer

SECONDS = 1.048


class Case(SynchronousTestCase):
    def assert_near(self, value: float, expected: float, delta: float, about: object = "") -> None:
        self.assertTrue(
            abs(value - expected) <= delta, f"{about}: {value} is not {expected} to {delta}"
        )


class MagnetTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.magnet = Magnet(self.clock, 5.35)

    def test_a_near_move_is_done_at_once(self) -> None:
        self.magnet.move(5.6)
        self.assertEqual((self.magnet.dac, self.magnet.moving), (5.6, False))

    def test_a_far_move_takes_twenty_steps_the_first_at_once(self) -> None:
        self.magnet.move(7.35)
        seen = [self.magnet.dac]
        self.clock.advance(0.15)
        for _ in range(19):
            seen.append(self.magnet.dac)
            self.assertTrue(self.magnet.moving)
            self.clock.advance(0.1)
        for step, dac in enumerate(seen, 1):
            self.assertAlmostEqual(dac, 5.35 + 0.1 * step)
        self.assertEqual((self.magnet.dac, self.magnet.moving), (7.35, False))

    def test_it_is_there_before_it_says_that_it_has_stopped(self) -> None:
        self.magnet.move(7.0)
        self.clock.advance(1.95)
        self.assertEqual((self.magnet.dac, self.magnet.moving), (7.0, True))

    def test_a_second_move_supersedes_the_first(self) -> None:
        self.magnet.move(7.35)
        self.clock.advance(1.05)
        self.magnet.move(3.0)
        self.clock.advance(1.96)
        self.assertEqual((self.magnet.dac, self.magnet.moving), (3.0, True))
        self.clock.advance(0.05)
        self.assertEqual((self.magnet.dac, self.magnet.moving), (3.0, False))

    def test_a_near_move_supersedes_a_far_one(self) -> None:
        self.magnet.move(7.35)
        self.clock.advance(0.05)
        self.magnet.move(5.4)
        self.clock.advance(10)
        self.assertEqual((self.magnet.dac, self.magnet.moving), (5.4, False))

    def test_overlapping_moves_write_in_turn_and_the_first_to_end_clears_the_flag(self) -> None:
        magnet = Magnet(self.clock, 5.0, overlapping=True)
        magnet.move(7.0)
        self.clock.advance(1.05)
        magnet.move(3.0)
        seen = []
        for _ in range(9):
            self.clock.advance(0.05)
            seen.append(magnet.dac)
        self.assertLess(min(seen), 6.0)
        self.assertGreater(max(seen), 6.0)
        self.clock.advance(0.55)
        self.assertFalse(magnet.moving)
        self.assertNotEqual(magnet.dac, 3.0)
        self.clock.advance(1)
        self.assertEqual((magnet.dac, magnet.moving), (3.0, False))

    def test_a_near_overlapping_move_is_written_over(self) -> None:
        magnet = Magnet(self.clock, 5.0, overlapping=True)
        magnet.move(7.0)
        self.clock.advance(0.05)
        magnet.move(5.2)
        self.assertEqual((magnet.dac, magnet.moving), (5.2, True))
        self.clock.advance(2)
        self.assertEqual((magnet.dac, magnet.moving), (7.0, False))

    def test_pieces_tell_how_long_it_was_where(self) -> None:
        self.clock.advance(1)
        self.magnet.set(6.0)
        self.clock.advance(3)
        self.assertEqual(list(self.magnet.pieces(0.5, 4)), [(0.5, 5.35), (3.0, 6.0)])
        self.assertEqual(list(self.magnet.pieces(2, 2.5)), [(0.5, 6.0)])


class BeamTests(SynchronousTestCase):
    def test_field_and_mass_are_inverse(self) -> None:
        for mass in (1.0, 36.0, 40.0, 140.0):
            for kilovolts in (3.0, 4.5):
                dac = beam.dac_for(mass, kilovolts)
                self.assertAlmostEqual(beam.axial_mass(dac, kilovolts), mass)
        self.assertEqual(beam.axial_mass(5.0, 0.0), 0.0)

    def test_a_peak_is_flat_on_top_and_half_at_its_width(self) -> None:
        self.assertAlmostEqual(beam.peak_shape(0), 1.0)
        self.assertAlmostEqual(beam.peak_shape(0.28 * beam.PEAK_WIDTH), 1.0, places=3)
        self.assertAlmostEqual(beam.peak_shape(beam.PEAK_WIDTH / 2), 0.5)
        self.assertAlmostEqual(beam.peak_shape(-beam.PEAK_WIDTH / 2), 0.5)
        self.assertAlmostEqual(beam.peak_shape(0.75 * beam.PEAK_WIDTH), 0.0, places=3)

    def test_peaks_do_not_touch(self) -> None:
        for below, above in ((36, 37), (37, 38), (38, 39), (39, 40)):
            middle = (below + above) / 2
            self.assertLess(beam.collected(middle, beam.CURRENTS), 1e-12)


class NoiseTests(Case):
    def test_johnson_noise_of_a_teraohm_resistor(self) -> None:
        # sqrt(4 * 1.380649e-23 J/K * 300 K / (1e12 ohm * 1 s)) = 1.2872e-16 A
        self.assertAlmostEqual(noise.johnson_noise(1e12, 1.0, 300.0), 0.12872, places=5)
        self.assertAlmostEqual(
            noise.johnson_noise(1e12, 4.0, 300.0), noise.johnson_noise(1e12, 1.0, 300.0) / 2
        )
        self.assertAlmostEqual(
            noise.johnson_noise(1e13, 1.0, 300.0),
            noise.johnson_noise(1e12, 1.0, 300.0) / math.sqrt(10),
        )

    def test_shot_noise_is_that_of_the_number_of_ions(self) -> None:
        ions = 100 * noise.IONS_PER_FEMTOAMPERE * 2
        self.assertAlmostEqual(noise.shot_noise(100, 2) / 100, 1 / math.sqrt(ions))
        self.assertEqual(noise.shot_noise(-1e-20, 1), 0.0)

    def test_a_faraday_cup_without_beam_shows_johnson_noise(self) -> None:
        random = Random(42)
        shown = [noise.measured_current(0.0, 1e12, 1.0, 300.0, random) for _ in range(4000)]
        sigma = noise.johnson_noise(1e12, 1.0, 300.0)
        self.assertLess(abs(fmean(shown)), 4 * sigma / math.sqrt(4000))
        self.assert_near(stdev(shown) / sigma, 1.0, delta=0.05)

    def test_counts_are_poissons(self) -> None:
        for mean in (0.0, 0.3, 5.0, 99.0, 101.0, 40_000.0):
            random = Random(7)
            counts = [noise.poisson(mean, random) for _ in range(4000)]
            error = 4 * math.sqrt(mean / 4000)
            self.assert_near(fmean(counts), mean, delta=error + 1e-9)
            self.assert_near(variance(counts), mean, delta=0.12 * mean)

    def test_an_ion_counter_without_beam_shows_its_dark_counts(self) -> None:
        random = Random(3)
        rates = [noise.measured_rate(0.0, 10.0, random) for _ in range(2000)]
        self.assert_near(fmean(rates), noise.DARK_COUNTS, delta=0.01)


class SpectrometerCase(Case):
    extra = ""

    def setUp(self) -> None:
        self.clock = Clock()
        self.spectrometer = build_spectrometer(self.clock, self.extra)

    def intensities(self) -> dict[str, float]:
        """Those of an integration that begins now or later."""
        self.clock.advance(2 * self.spectrometer.get_integration_time())
        return dict(self.spectrometer.get_intensities())

    def refuses(self, error: type[Exception], method: str, *arguments: object) -> None:
        self.assertRaises(error, getattr(self.spectrometer, method), *arguments)


class InterfaceTests(SpectrometerCase):
    def test_it_is_a_spectrometer_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(ISpectrometer, self.spectrometer))
        self.assertTrue(IReactorManager.providedBy(self.spectrometer))

    def test_every_kind_measures_all_its_detectors(self) -> None:
        for kind, detectors in DETECTOR_SETS.items():
            table = Table.parse(f'kind = "{kind}"', "lab.toml")
            spectrometer = spectrometer_from_config(table, self.clock, Random(1))
            names = [detector.name for detector in detectors]
            self.assertEqual(spectrometer.detectors(), names)
            self.clock.advance(2)
            shown = [each.detector for each in spectrometer.get_intensities()]
            self.assertEqual((kind, shown), (kind, names))


class AcquisitionTests(SpectrometerCase):
    def test_there_is_no_data_before_the_first_integration_has_ended(self) -> None:
        self.clock.advance(SECONDS - 0.001)
        self.refuses(NoResponseError, "get_intensities")
        self.clock.advance(0.001)
        self.assertEqual(len(self.spectrometer.get_intensities()), 6)

    def test_data_changes_once_for_each_integration(self) -> None:
        self.clock.advance(SECONDS)
        seen = []
        for _ in range(40):
            seen.append(tuple(self.spectrometer.get_intensities()))
            self.clock.advance(SECONDS / 10)
        self.assertEqual(len(set(seen)), 4)

    def test_the_same_seed_gives_the_same_data(self) -> None:
        other = build_spectrometer(self.clock)
        different = build_spectrometer(self.clock, seed=2)
        self.clock.advance(5)
        data = self.spectrometer.get_intensities()
        self.assertEqual(data, other.get_intensities())
        self.assertNotEqual(data, different.get_intensities())

    def test_an_integration_is_the_average_of_what_was_during_it(self) -> None:
        self.spectrometer.set_integration_time(2.0)
        self.clock.advance(0.5)
        self.spectrometer.set_parameter(FIELD, 4.0)
        self.clock.advance(1.5)
        data = dict(self.spectrometer.get_intensities())
        self.assert_near(data["H1"], 2000 * 1.01 / 4, delta=10)

    def test_after_a_long_silence_only_the_last_integration_counts(self) -> None:
        self.clock.advance(100_000.25 * SECONDS)
        self.spectrometer.set_parameter(FIELD, 4.0)
        self.assert_near(dict(self.spectrometer.get_intensities())["AX"], 120, delta=2)
        self.clock.advance(SECONDS)
        self.assert_near(dict(self.spectrometer.get_intensities())["AX"], 30, delta=2)
        self.clock.advance(SECONDS)
        self.assert_near(dict(self.spectrometer.get_intensities())["AX"], 0, delta=2)

    def test_a_new_integration_time_begins_anew_and_keeps_the_last_data(self) -> None:
        self.clock.advance(1.5 * SECONDS)
        before = self.spectrometer.get_intensities()
        self.spectrometer.set_integration_time(10.0)
        self.assertEqual(self.spectrometer.get_integration_time(), 10.0)
        self.clock.advance(9.9)
        self.assertEqual(self.spectrometer.get_intensities(), before)
        self.clock.advance(0.1)
        self.assertNotEqual(self.spectrometer.get_intensities(), before)

    def test_integration_times_out_of_range(self) -> None:
        for seconds in (0.0, -1.0, 0.009, 1000.1):
            self.refuses(ParameterError, "set_integration_time", seconds)

    @given(st.lists(st.floats(0.0, 5.0), max_size=12))
    def test_the_expected_current_is_that_of_the_time_it_flowed(self, waits: list[float]) -> None:
        clock = Clock()
        spectrometer = build_spectrometer(clock)
        for wait in waits:
            clock.advance(wait)
            spectrometer.set_parameter(FIELD, 5.35)
        clock.advance(2.5)
        self.assert_near(dict(spectrometer.get_intensities())["H1"], 2000 * 1.01, delta=10)


class PeakTests(SpectrometerCase):
    """A scan of the DAC, and the middle of the peak that it shows."""

    def intensity_at(self, dac: float, detector: str) -> float:
        self.spectrometer.set_parameter(FIELD, dac)
        self.clock.advance(0.2)
        return dict(self.spectrometer.get_intensities())[detector]

    def scan(self, detector: str, centre: float) -> list[tuple[float, float]]:
        self.spectrometer.set_integration_time(0.1)
        dacs = [centre + step * 0.0005 for step in range(-30, 31)]
        return [(dac, self.intensity_at(dac, detector)) for dac in dacs]

    def test_the_peak_centre_is_found_within_a_tenth_of_the_peaks_width(self) -> None:
        for detector in DETECTOR_SETS["argus-vi"]:
            for isotope in ("Ar40", "Ar39"):
                mass = beam.MASSES[isotope] / detector.position
                true = beam.dac_for(mass / (1 + detector.offset), 4.5)
                points = self.scan(detector.name, beam.dac_for(round(mass, 2), 4.5))
                half = max(value for _, value in points) / 2
                top = [dac for dac, value in points if value > half]
                # The field goes as the square root of the mass.
                width = true * beam.PEAK_WIDTH / 2
                found = (top[0] + top[-1]) / 2
                self.assertLess(abs(found - true), width / 10, (detector.name, isotope))
                self.assert_near(top[-1] - top[0], width, delta=width / 10)

    def test_detectors_stand_a_little_off_each_other(self) -> None:
        centres = {
            detector.name: beam.dac_for(
                beam.MASSES["Ar40"] / detector.position / (1 + detector.offset), 4.5
            )
            * math.sqrt(detector.position)
            for detector in DETECTOR_SETS["argus-vi"]
        }
        self.assertEqual(len(set(centres.values())), 6)

    def test_argons_isotopes_come_together(self) -> None:
        data = self.intensities()
        counts = noise.IONS_PER_FEMTOAMPERE * beam.CURRENTS["Ar36"]
        for detector, expected, near in (
            ("H2", 0.0, 1.0),
            ("H1", 2020.0, 5.0),
            ("AX", 120.0, 2.0),
            ("L1", 2.5, 1.0),
            ("L2", 4.0, 1.0),
            ("CDD", counts, 5 * math.sqrt(counts)),
        ):
            self.assert_near(data[detector], expected, delta=near, about=detector)

    def test_set_mass_brings_each_isotope_to_each_detector(self) -> None:
        for detector in ("H1", "AX", "CDD"):
            for mass in (36, 37, 38, 39, 40):
                moved = self.spectrometer.set_mass(mass, detector)
                self.clock.advance(2)
                self.successResultOf(moved)
                current = beam.CURRENTS[f"Ar{mass}"]
                if detector == "CDD":
                    current *= noise.IONS_PER_FEMTOAMPERE
                shown = self.intensities()[detector]
                self.assert_near(shown / current, 1, delta=0.5, about=f"{detector} {mass}")

    def test_set_mass_goes_by_steps_and_ends_when_it_is_there(self) -> None:
        moved = self.spectrometer.set_mass(60, "AX")
        self.assertTrue(self.spectrometer.is_magnet_moving())
        self.clock.advance(0.4)
        self.assertNoResult(moved)
        self.clock.advance(0.11)
        self.successResultOf(moved)
        self.assertAlmostEqual(
            self.spectrometer.get_parameter(FIELD), beam.dac_for(60, 4.5), places=9
        )
        down = self.spectrometer.set_mass(1, "AX")
        self.clock.advance(5)
        self.successResultOf(down)
        self.assertAlmostEqual(self.spectrometer.get_parameter(FIELD), beam.dac_for(1, 4.5))

    def test_masses_that_it_cannot_reach(self) -> None:
        for mass in (0, -40, 1000):
            self.refuses(PositionError, "set_mass", mass, "AX")
        self.refuses(InvalidArgumentsError, "set_mass", 40, "Nope")

    def test_with_less_voltage_the_peak_is_at_less_field(self) -> None:
        self.spectrometer.set_parameter(HIGH_VOLTAGE, 4.0)
        self.assert_near(self.intensities()["AX"], 0, delta=1)
        self.spectrometer.set_parameter(FIELD, 5.35 * math.sqrt(4.0 / 4.5))
        self.assert_near(self.intensities()["AX"], 120, delta=2)

    def test_without_voltage_there_is_no_beam(self) -> None:
        self.spectrometer.set_parameter(HIGH_VOLTAGE, 0.0)
        self.assert_near(self.intensities()["H1"], 0, delta=1)

    def test_moves_of_the_magnet(self) -> None:
        self.spectrometer.move_magnet(7.0)
        self.assertTrue(self.spectrometer.is_magnet_moving())
        self.clock.advance(2.1)
        self.assertFalse(self.spectrometer.is_magnet_moving())
        self.assertEqual(self.spectrometer.get_parameter(FIELD), 7.0)
        self.refuses(ParameterError, "move_magnet", 10.1)


class BeamAndDetectorTests(SpectrometerCase):
    def only_noise(self, *detectors: str) -> None:
        data = self.intensities()
        for detector in detectors:
            self.assert_near(data[detector], 0, delta=2, about=detector)

    def test_a_blanked_beam_leaves_only_noise(self) -> None:
        self.spectrometer.set_parameter(Y_SYMMETRY, 2.0)
        self.spectrometer.blank_beam(True)
        self.spectrometer.blank_beam(True)
        self.assertEqual(self.spectrometer.get_parameter(Y_SYMMETRY), -50)
        self.only_noise("H1", "AX", "CDD")
        self.spectrometer.blank_beam(False)
        self.assertEqual(self.spectrometer.get_parameter(Y_SYMMETRY), 2.0)
        self.assertGreater(self.intensities()["H1"], 1900)

    def test_a_beam_that_was_not_blanked_stays_as_it_is(self) -> None:
        self.spectrometer.blank_beam(False)
        self.assertEqual(self.spectrometer.get_parameter(Y_SYMMETRY), 1.5)

    def test_a_protected_detector_sees_nothing_and_the_others_do(self) -> None:
        self.spectrometer.set_parameter("Deflection CDD Set", 55)
        for _ in range(2):
            self.spectrometer.protect_detector("CDD", True)
        self.assertEqual(self.spectrometer.get_parameter("Deflection CDD Set"), 2000)
        self.only_noise("CDD")
        self.assertGreater(self.intensities()["H1"], 1900)
        for _ in range(2):
            self.spectrometer.protect_detector("CDD", False)
        self.assertEqual(self.spectrometer.get_parameter("Deflection CDD Set"), 55)
        self.assertGreater(self.intensities()["CDD"], 1000)

    def test_a_detector_that_is_none(self) -> None:
        self.refuses(InvalidArgumentsError, "protect_detector", "Nope", True)
        self.refuses(InvalidArgumentsError, "get_gain", "Nope")
        self.refuses(InvalidArgumentsError, "set_gain", "Nope", 1.0)
        self.refuses(InvalidArgumentsError, "set_ion_counter", "Nope", True)
        self.refuses(InvalidArgumentsError, "set_ion_counter", "H1", True)

    def test_an_ion_counter_counts_only_while_active_and_supplied(self) -> None:
        self.spectrometer.set_ion_counter("CDD", False)
        self.assertEqual(self.intensities()["CDD"], 0)
        self.spectrometer.set_ion_counter("CDD", True)
        self.assertGreater(self.intensities()["CDD"], 1000)
        self.spectrometer.set_parameter("CDD Supply Set", COUNTER_THRESHOLD - 1)
        self.assertEqual(self.intensities()["CDD"], 0)

    def test_a_gain_multiplies(self) -> None:
        self.assertEqual(self.spectrometer.get_gain("H1"), 1.01)
        self.spectrometer.set_gain("H1", 2.0)
        self.assert_near(self.intensities()["H1"], 4000, delta=10)

    def test_less_emission_gives_less_beam(self) -> None:
        self.spectrometer.set_parameter("Trap Current Set", 125)
        self.assert_near(self.intensities()["AX"], 60, delta=2)
        self.assertEqual(self.spectrometer.get_parameter("Source Current Readback"), 150)


class SettingTests(SpectrometerCase):
    def test_parameters_that_are_none_or_only_read(self) -> None:
        self.refuses(InvalidArgumentsError, "get_parameter", "Nope")
        for name, value in (("Nope", 1), ("Trap Current Readback", 1), (FIELD, 11), (FIELD, -1)):
            self.refuses(ParameterError, "set_parameter", name, value)

    def test_an_error_names_parameter_and_value(self) -> None:
        error = self.assertRaises(
            ParameterError, self.spectrometer.set_parameter, "Field Set", 11.5
        )
        self.assertEqual((error.name, error.value, error.code), ("Field Set", 11.5, 106))
        self.assertEqual(str(error), "failed to reach setpoint Field Set 11.5")

    def test_tuning_settings(self) -> None:
        self.assertEqual(self.spectrometer.tuning_settings(), ["tune1", "tune 2"])
        self.spectrometer.load_tuning_settings("tune1")
        self.assertEqual(self.spectrometer.get_parameter("Trap Current Set"), 200)
        self.refuses(InvalidArgumentsError, "load_tuning_settings", "nope")

    def test_cup_configurations(self) -> None:
        self.assertEqual(self.spectrometer.cup_configurations(), ["Argon", "Xenon"])
        self.assertEqual(self.spectrometer.sub_cup_configurations("Argon"), ["Standard", "Sub1"])
        self.assertEqual(self.spectrometer.active_cup_configuration(), ("Argon", "Standard"))
        self.spectrometer.activate_cup_configuration("Xenon", "All")
        self.assertEqual(self.spectrometer.active_cup_configuration(), ("Xenon", "All"))
        self.refuses(InvalidArgumentsError, "activate_cup_configuration", "Xenon", "Sub1")
        self.refuses(InvalidArgumentsError, "sub_cup_configurations", "Neon")


class FaultTests(SpectrometerCase):
    extra = f'dead = ["{FIELD}", "{Y_SYMMETRY}", "Trap Current Set"]\nnameless = ["L2"]\n'

    def test_a_dead_parameter_is_neither_read_nor_set(self) -> None:
        for name in (FIELD, Y_SYMMETRY):
            self.refuses(NoResponseError, "get_parameter", name)
            self.refuses(ParameterError, "set_parameter", name, 1.0)
        self.refuses(ParameterError, "move_magnet", 7.0)
        self.refuses(PositionError, "set_mass", 39, "AX")

    def test_a_beam_that_cannot_be_blanked_is_not_taken_for_blanked(self) -> None:
        self.refuses(ParameterError, "blank_beam", True)
        self.spectrometer.blank_beam(False)

    def test_tuning_settings_are_set_all_or_none(self) -> None:
        self.refuses(ParameterError, "load_tuning_settings", "tune1")

    def test_a_detector_without_a_name(self) -> None:
        self.clock.advance(2)
        names = [each.detector for each in self.spectrometer.get_intensities()]
        self.assertEqual(names, ["H2", "H1", "AX", "L1", "foo", "CDD"])


class ConfigTests(SynchronousTestCase):
    def build(self, text: str) -> SimulatedSpectrometer:
        table = Table.parse(text, "lab.toml")
        spectrometer = spectrometer_from_config(table, Clock(), Random(1))
        table.finish()
        return spectrometer

    def test_nothing_need_be_said(self) -> None:
        spectrometer = self.build("")
        self.assertEqual(spectrometer.detectors()[0], "H2")
        self.assertEqual(spectrometer.get_integration_time(), 1.048576)
        self.assertEqual(spectrometer.active_cup_configuration(), ("Argon", "Standard"))
        self.assertEqual(spectrometer.get_parameter("Valve Ion Pump Set"), 0)
        self.assertEqual(spectrometer.tuning_settings(), [])
        self.assertTrue(spectrometer.tag_data)

    def test_mistakes_are_named(self) -> None:
        for text, line in (
            ('kind = "sector"', "kind: expected one of argus-vi, helix-mc, helix-sft"),
            ("integration_time = 0", "integration_time: expected a number from 0.01 to 1000"),
            ("[gains]\nCup = 1", "gains.Cup: expected one of the detectors H2, H1, AX, L1, L2"),
            ("[cups]\nArgon = []", "cups.Argon: expected the names of its sub cup"),
            ("[tunings.t]\nNope = 1", "tunings.t.Nope: expected the name of a parameter"),
            ('dead = ["Nope"]', "dead: expected names of "),
            ('nameless = ["Nope"]', "nameless: expected names of AX, CDD, H1, H2, L1, L2, got"),
            ("[beams]\nXe132 = 1", "beams.Xe132: no such key is known"),
        ):
            error = self.assertRaises(ConfigError, self.build, text)
            self.assertIn(line, str(error))
