"""Peaks, scans and peak centres, on an instrument whose peak is known."""

from __future__ import annotations

import threading
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.qtegra.microcontroller import QtegraError
from pychron_comms.client.qtegra.peaks import (
    CutPeakError,
    NoPeakError,
    Peak,
    PeakError,
    find_peak,
)
from pychron_comms.client.qtegra.sweep import Progress, ScanCancelledError, steps
from pychron_comms.client.scans import peak_center, scan
from tests.fake_qtegra import CENTER, HEIGHT, WIDTH, FakeQtegra, peak_shape
from tests.properties import holds


def noisy_peak(center: float, height: float, noise: float, seed: int = 1) -> Any:
    random = Random(seed)
    dacs = [5.32 + index * 0.001 for index in range(56)]
    values = [height * peak_shape(dac, center) + random.gauss(3, noise) for dac in dacs]
    return dacs, values


class ScanTestCase(SynchronousTestCase):
    def assert_near(self, value: float, expected: float, within: float) -> None:
        self.assertLessEqual(abs(value - expected), within, f"{value} is not near {expected}")


class PeakTests(ScanTestCase):
    def test_a_clean_peak(self) -> None:
        peak = find_peak(*noisy_peak(CENTER, HEIGHT, 0.0))
        self.assert_near(peak.center, CENTER, 0.01 * WIDTH)
        self.assert_near(peak.width, WIDTH, 0.05 * WIDTH)
        self.assert_near(peak.height, HEIGHT, 0.01 * HEIGHT)
        self.assertAlmostEqual(peak.base, 3)

    @holds
    @given(
        st.floats(5.335, 5.36),
        st.floats(15, 10_000),
        st.integers(0, 10_000),
    )
    def test_within_a_tenth_of_its_width(self, center: float, height: float, seed: int) -> None:
        peak = find_peak(*noisy_peak(center, height, 1.0, seed))
        self.assert_near(peak.center, center, WIDTH / 10)

    def test_a_falling_scan(self) -> None:
        dacs, values = noisy_peak(CENTER, HEIGHT, 1.0)
        self.assertEqual(find_peak(dacs[::-1], values[::-1]), find_peak(dacs, values))

    def test_a_wild_reading_is_no_peak(self) -> None:
        dacs, values = noisy_peak(CENTER, HEIGHT, 1.0)
        expected = find_peak(dacs, values).center
        values[5] = 1e6
        values[-5] = -1e6
        self.assert_near(find_peak(dacs, values).center, expected, WIDTH / 50)

    def test_the_higher_of_two(self) -> None:
        dacs, values = noisy_peak(5.335, 1000, 1.0)
        higher = [
            value + 2000 * peak_shape(dac, 5.36) for dac, value in zip(dacs, values, strict=True)
        ]
        self.assert_near(find_peak(dacs, higher).center, 5.36, WIDTH / 20)

    @holds
    @given(st.integers(0, 10_000))
    def test_noise_is_no_peak(self, seed: int) -> None:
        self.assertRaises(NoPeakError, find_peak, *noisy_peak(CENTER, 0.0, 1.0, seed))

    def test_nothing_at_all(self) -> None:
        dacs, values = noisy_peak(CENTER, 0.0, 0.0)
        self.assertRaises(NoPeakError, find_peak, dacs, values)

    def test_too_few_points(self) -> None:
        error = self.assertRaises(NoPeakError, find_peak, [1.0] * 8, [1.0] * 8)
        self.assertEqual(str(error), "8 points are too few to find a peak")

    def test_just_enough_points(self) -> None:
        values = [0.0] * 3 + [9.0] * 3 + [0.0] * 3
        peak = find_peak([float(each) for each in range(9)], values)
        self.assertEqual((peak.low, peak.high, peak.base, peak.top), (2.5, 5.5, 0.0, 9.0))

    def test_how_far_a_peak_must_stand_above_the_noise(self) -> None:
        """Six standard deviations, as the steps from one reading to the next tell them."""
        noise = [0.0, 1.0] * 10
        for height, is_one in ((4.5, False), (8.0, True)):
            values = [each + height * (8 <= at < 13) for at, each in enumerate(noise)]
            dacs = [float(each) for each in range(20)]
            if is_one:
                self.assert_near(find_peak(dacs, values).center, 10.0, 0.6)
            else:
                error = self.assertRaises(NoPeakError, find_peak, dacs, values)
                self.assertEqual(str(error), "nothing stands above the noise (1.05)")

    def test_cut_off(self) -> None:
        for center, toward in ((5.322, 5.32), (5.374, 5.375)):
            error = self.assertRaises(CutPeakError, find_peak, *noisy_peak(center, HEIGHT, 1.0))
            self.assertAlmostEqual(error.toward, toward)
            self.assertEqual(str(error), f"the peak is cut off at {toward:g} V")


class EdgeTests(ScanTestCase):
    """Peaks at the ends of their scan."""

    def peak(self, *values: float) -> Peak:
        return find_peak([float(each) for each in range(len(values))], values)

    def test_one_that_begins_with_the_second_point(self) -> None:
        for reverse in (False, True):
            values = [0.0, 9.0, 9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0][:: -1 if reverse else 1]
            peak = self.peak(*values)
            self.assertEqual((peak.low, peak.high), (4.5, 7.5) if reverse else (0.5, 3.5))

    def test_one_that_is_cut_off_below_its_highest_point(self) -> None:
        values = [8.0, 8.0, 9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        for each, toward in ((values, 0.0), (values[::-1], 9.0)):
            error = self.assertRaises(CutPeakError, self.peak, *each)
            self.assertEqual(error.toward, toward)

    def test_one_with_a_shoulder_of_half_its_height_ends_before_it(self) -> None:
        values = [0.0, 0.0, 0.0, 4.0, 4.0, 8.0, 8.0, 8.0, 0.0, 0.0, 0.0]
        peak = self.peak(*values)
        self.assertEqual((peak.low, peak.high), (4.0, 7.5))
        peak = self.peak(*values[::-1])
        self.assertEqual((peak.low, peak.high), (2.5, 6.0))

    def test_one_that_is_cut_off_where_another_ends_the_scan(self) -> None:
        values = [9.0, 9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0, 8.0, 8.0]
        for each, toward in ((values, 0.0), (values[::-1], 11.0)):
            error = self.assertRaises(CutPeakError, self.peak, *each)
            self.assertEqual(error.toward, toward)


class StepTests(SynchronousTestCase):
    def test_both_ends(self) -> None:
        self.assertEqual(steps(5, 5.2, 0.05), [5.0, 5.05, 5.1, 5.15, 5.2])
        self.assertEqual(len(steps(5.0, 5.2, 0.002)), 101)

    def test_down(self) -> None:
        self.assertEqual(steps(5.2, 5, 0.1), [5.2, 5.1, 5.0])

    def test_a_rest(self) -> None:
        self.assertEqual(steps(5, 5.25, 0.1), [5.0, 5.1, 5.2])

    def test_one_point(self) -> None:
        self.assertEqual(steps(5, 5, 0.1), [5.0])

    def test_none(self) -> None:
        nan, infinite = float("nan"), float("inf")
        for arguments, why in (
            ((5, 6, 0), "a scan from 5 to 6 V by 0 V is none"),
            ((5, 6, -1), "a scan from 5 to 6 V by -1 V is none"),
            ((nan, 6, 1), "a scan from nan to 6 V by 1 V is none"),
            ((5, infinite, 1), "a scan from 5 to inf V by 1 V is none"),
            ((5, 6, nan), "a scan from 5 to 6 V by nan V is none"),
            ((0, 10, 1e-4), "a scan of 100001 points; at most 100000"),
        ):
            error = self.assertRaises(ValueError, steps, *arguments)
            self.assertEqual(str(error), why)

    def test_the_most_points(self) -> None:
        self.assertEqual(len(steps(0, 9.9999, 1e-4)), 100_000)


class ScanTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.qtegra = FakeQtegra()
        self.told: list[Progress] = []

    def test_points(self) -> None:
        result = scan(self.qtegra.spectrometer(), 5.34, 5.36, 0.01, "H1")
        self.assertEqual(result.dacs, [5.34, 5.35, 5.36])
        self.assertEqual([round(each, -2) for each in result.intensities("H1")], [0, 2000, 0])
        self.assertEqual(result.units, {"H1": "fA"})
        # Two integrations of 0.5 s at each point.
        self.assertEqual([point.time for point in result.points], [1.0, 2.0, 3.0])

    def test_all_detectors(self) -> None:
        result = scan(self.qtegra.spectrometer(), 5.34, 5.36, 0.01)
        self.assertEqual(result.units["CDD"], "counts/s")
        self.assertEqual(list(result.points[0].of), list(self.qtegra.detectors))

    def test_some_detectors(self) -> None:
        result = scan(self.qtegra.spectrometer(), 5.34, 5.36, 0.01, ["CDD", "H1"])
        self.assertEqual(list(result.points[0].of), ["CDD", "H1"])

    def test_the_magnet_goes_back(self) -> None:
        scan(self.qtegra.spectrometer(), 5.34, 5.36, 0.01)
        self.assertEqual(self.qtegra.fields, [5.34, 5.35, 5.36, 5.35])

    def test_settle(self) -> None:
        result = scan(self.qtegra.spectrometer(), 5.34, 5.36, 0.01, settle=3)
        self.assertEqual([point.time for point in result.points], [3.0, 6.0, 9.0])
        self.assertNotIn("GetIntegrationTime", self.qtegra.asked)

    def test_progress(self) -> None:
        result = scan(self.qtegra.spectrometer(), 5.34, 5.36, 0.01, progress=self.told.append)
        self.assertEqual([(each.done, each.total) for each in self.told], [(1, 3), (2, 3), (3, 3)])
        self.assertEqual([each.point for each in self.told], result.points)

    def test_mistakes_are_found_before_anything_moves(self) -> None:
        unknown = "no detector 'H3'; there are H2, H1, AX, L1, L2, CDD"
        seconds = "settle={}: expected seconds, 0 to 86400".format
        for arguments, why in (
            ({"detectors": "H3"}, unknown),
            ({"detectors": ["H1", "H3"]}, unknown),
            ({"settle": -1}, seconds("-1")),
            ({"settle": float("nan")}, seconds("nan")),
            ({"settle": 86401}, seconds("86401")),
            ({"step": 0}, "a scan from 5 to 6 V by 0 V is none"),
        ):
            given: Any = {"start": 5, "stop": 6, "step": 0.1} | arguments
            error = self.assertRaises(ValueError, scan, self.qtegra.spectrometer(), **given)
            self.assertEqual(str(error), why)
        self.assertEqual(self.qtegra.asked, [])

    def test_the_shortest_and_the_longest_that_a_field_may_settle(self) -> None:
        for settle in (0, 86400):
            scan(self.qtegra.spectrometer(), 5.34, 5.34, 0.01, settle=settle)
        self.assertEqual(self.qtegra.clock.seconds(), 86400.0)

    def test_a_detector_without_data(self) -> None:
        self.qtegra.detectors = ("H2", "AX")
        error = self.assertRaises(
            QtegraError, scan, self.qtegra.spectrometer(), 5.34, 5.36, 0.01, ["AX", "H1"]
        )
        self.assertEqual((error.command, error.reply), ("GetData", "no value for H1"))
        self.assertEqual(error.server, "Qtegra")
        spectrometer = self.qtegra.spectrometer()
        error = self.assertRaises(QtegraError, scan, spectrometer, 5.34, 5.36, 0.01, ["L1", "H1"])
        self.assertEqual(error.reply, "no value for L1, H1")
        self.assertEqual(self.qtegra.dac, 5.35)

    def test_cancelled_by_an_event(self) -> None:
        event = threading.Event()

        def show(progress: Progress) -> None:
            if progress.done == 2:
                event.set()

        error = self.assertRaises(
            ScanCancelledError,
            scan,
            self.qtegra.spectrometer(),
            5.34,
            5.36,
            0.001,
            progress=show,
            cancel=event,
        )
        self.assertEqual(error.scan.dacs, [5.34, 5.341])
        self.assertEqual(str(error), "cancelled behind 2 points")
        self.assertEqual(self.qtegra.dac, 5.35)

    def test_cancelled_by_a_function(self) -> None:
        error = self.assertRaises(
            ScanCancelledError, scan, self.qtegra.spectrometer(), 5, 6, 1, cancel=lambda: True
        )
        self.assertEqual(error.scan.points, [])

    def test_an_interrupt_brings_the_magnet_back(self) -> None:
        def interrupt(_: Progress) -> None:
            raise KeyboardInterrupt

        self.assertRaises(
            KeyboardInterrupt, scan, self.qtegra.spectrometer(), 5.34, 5.4, 0.01, progress=interrupt
        )
        self.assertEqual(self.qtegra.fields, [5.34, 5.35])

    def test_in_the_reactor(self) -> None:
        result = scan(
            self.qtegra.spectrometer_in_reactor(), 5.34, 5.36, 0.01, progress=self.told.append
        )
        self.qtegra.clock.pump([1.0] * 2)
        self.assertNoResult(result)
        self.assertEqual(len(self.told), 2)
        self.qtegra.clock.advance(1)
        self.assertEqual(self.successResultOf(result).dacs, [5.34, 5.35, 5.36])

    def test_cancelled_in_the_reactor(self) -> None:
        result = scan(self.qtegra.spectrometer_in_reactor(), 5.34, 5.36, 0.01)
        self.qtegra.clock.advance(1)
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertEqual(self.qtegra.fields, [5.34, 5.35, 5.35])
        self.assertEqual(self.qtegra.clock.getDelayedCalls(), [])


class PeakCenterTests(ScanTestCase):
    def setUp(self) -> None:
        self.qtegra = FakeQtegra()

    def centered(self, detector: str = "H1", *arguments: float, **options: Any) -> float:
        found = peak_center(self.qtegra.spectrometer(), detector, *arguments, **options)
        self.assertEqual(self.qtegra.dac, found.peak.center)
        return found.peak.center

    def test_near(self) -> None:
        self.assert_near(self.centered(), CENTER, WIDTH / 50)

    def test_another_detector(self) -> None:
        self.assert_near(self.centered("CDD"), CENTER + 0.001, WIDTH / 50)

    def test_each_round_looks_around_what_the_last_one_found(self) -> None:
        told: list[Progress] = []
        self.centered("H1", 5.34, window=0.06, points=31, progress=told.append)
        rounds: list[list[float]] = []
        for each in told:
            if each.done == 1:
                rounds.append([])
            rounds[-1].append(each.point.dac)
        first, *others = rounds
        self.assertEqual((first[0], first[-1], len(first)), (5.31, 5.37, 31))
        self.assertGreaterEqual(len(others), 1)
        for dacs in others:
            self.assertEqual(len(dacs), 31)
            self.assert_near((dacs[0] + dacs[-1]) / 2, CENTER, WIDTH / 10)
            self.assert_near(dacs[-1] - dacs[0], 2 * WIDTH, WIDTH / 5)

    def test_just_enough_points_and_rounds(self) -> None:
        spectrometer = self.qtegra.spectrometer()
        # So few are enough to look, and not to settle on this peak.
        self.assertRaises(PeakError, peak_center, spectrometer, "H1", points=9, window=0.03)
        self.assert_near(self.centered("H1", CENTER, rounds=2), CENTER, WIDTH / 10)

    def test_far(self) -> None:
        self.qtegra.dac = 4.0
        self.assert_near(self.centered("H1", 5.34), CENTER, WIDTH / 50)

    def test_cut_off_at_first(self) -> None:
        for start in (5.325, 5.37):
            self.qtegra.dac = start
            self.assert_near(self.centered(), CENTER, WIDTH / 50)

    def test_hardly_narrower_than_the_window(self) -> None:
        self.qtegra.width = 0.048
        self.assert_near(self.centered(), CENTER, 0.048 / 20)

    def test_a_weak_peak(self) -> None:
        self.qtegra = FakeQtegra(height=30, noise=1)
        self.assert_near(self.centered(), CENTER, WIDTH / 10)

    def test_no_peak(self) -> None:
        self.assertRaises(NoPeakError, peak_center, self.qtegra.spectrometer(), "AX")
        self.assertEqual(self.qtegra.dac, 5.35)

    def test_one_that_drifts(self) -> None:
        def drift(progress: Progress) -> None:
            if progress.done == progress.total:
                self.qtegra.center += WIDTH / 4

        error = self.assertRaises(
            PeakError, peak_center, self.qtegra.spectrometer(), "H1", rounds=3, progress=drift
        )
        self.assertEqual(str(error), "no centre in 3 rounds")
        self.assertEqual(self.qtegra.dac, 5.35)

    def test_mistakes_are_found_before_anything_moves(self) -> None:
        few = "at least 9 points and 2 rounds"
        for options, why in (
            ({"points": 8}, few),
            ({"rounds": 1}, few),
            ({"window": 0}, "a scan from 5.35 to 5.35 V by 0 V is none"),
            ({"center": float("nan")}, "a scan from nan to nan V by 0.00125 V is none"),
        ):
            given: Any = options
            spectrometer = self.qtegra.spectrometer()
            error = self.assertRaises(ValueError, peak_center, spectrometer, "H1", **given)
            self.assertEqual(str(error), why)
        self.assertRaises(ValueError, peak_center, self.qtegra.spectrometer(), "H3")
        self.assertEqual(self.qtegra.fields, [])

    def test_cancelled(self) -> None:
        self.assertRaises(
            ScanCancelledError,
            peak_center,
            self.qtegra.spectrometer(),
            "H1",
            cancel=lambda: len(self.qtegra.fields) > 50,
        )
        self.assertEqual(self.qtegra.dac, 5.35)

    def test_in_the_reactor(self) -> None:
        result = peak_center(self.qtegra.spectrometer_in_reactor(), "H1")
        self.qtegra.clock.pump([1.0] * 200)
        self.assert_near(self.successResultOf(result).peak.center, CENTER, WIDTH / 50)
