"""The simulated spectrometer: peaks, detectors, settings and faults."""

from __future__ import annotations

import math
from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import (
    InvalidArgumentsError,
    NoResponseError,
    PositionError,
)
from pychron_comms.interfaces import Severity, Source
from pychron_comms.lab.simulated.spectrometer import beam, noise
from pychron_comms.lab.simulated.spectrometer.detectors import DETECTOR_SETS
from pychron_comms.lab.simulated.spectrometer.instrument import SimulatedSpectrometer
from pychron_comms.lab.simulated.spectrometer.instrument_config import spectrometer_from_config
from pychron_comms.lab.simulated.spectrometer.source import COUNTER_THRESHOLD
from pychron_comms.qtegra.parameters import (
    FIELD,
    HIGH_VOLTAGE,
    Y_SYMMETRY,
    ParameterError,
    deflection,
)
from tests.lab.spectrometer_case import SpectrometerCase


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


class ShownTests(SpectrometerCase):
    def test_each_parameter_is_shown_and_how_it_is_known(self) -> None:
        self.spectrometer.set_parameter(HIGH_VOLTAGE, 4.4)
        shown = {each.path: each for each in self.spectrometer.readings()}
        voltage = shown[f"parameter/{HIGH_VOLTAGE}"]
        self.assertEqual((voltage.value, voltage.source), (4.4, Source.COMMANDED))
        current = shown["parameter/Trap Current Readback"]
        self.assertEqual((current.value, current.source), (250.125, Source.READBACK))
        self.assertEqual(shown[f"parameter/{deflection('H1')}"].value, 0.0)


class FaultTests(SpectrometerCase):
    extra = f'dead = ["{FIELD}", "{Y_SYMMETRY}", "Trap Current Set"]\nnameless = ["L2"]\n'

    def test_a_dead_parameter_is_shown_as_unknown(self) -> None:
        shown = {each.path: each for each in self.spectrometer.readings()}
        field = shown[f"parameter/{FIELD}"]
        self.assertEqual((field.value, field.severity), (None, Severity.INVALID))
        self.assertIn("no response", field.reason)

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
