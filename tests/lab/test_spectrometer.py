"""The simulated spectrometer: magnet, beam, noise and acquisition."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, stdev, variance

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.config.table import Table
from pychron_comms.errors import NoResponseError
from pychron_comms.interfaces import IReactorManager, ISpectrometer
from pychron_comms.lab.simulated.spectrometer import beam, noise
from pychron_comms.lab.simulated.spectrometer.detectors import DETECTOR_SETS
from pychron_comms.lab.simulated.spectrometer.instrument_config import spectrometer_from_config
from pychron_comms.lab.simulated.spectrometer.magnet import Magnet
from pychron_comms.qtegra.parameters import FIELD, ParameterError
from tests.lab.spectrometer_case import SECONDS, Case, SpectrometerCase
from tests.properties import holds
from tests.qtegra_exchanges import build_spectrometer


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

    @holds
    @given(st.lists(st.floats(0.0, 5.0), max_size=12))
    def test_the_expected_current_is_that_of_the_time_it_flowed(self, waits: list[float]) -> None:
        clock = Clock()
        spectrometer = build_spectrometer(clock)
        for wait in waits:
            clock.advance(wait)
            spectrometer.set_parameter(FIELD, 5.35)
        clock.advance(2.5)
        self.assert_near(dict(spectrometer.get_intensities())["H1"], 2000 * 1.01, delta=10)
