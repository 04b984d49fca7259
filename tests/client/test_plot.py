"""The picture of a scan."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client import plot
from pychron_comms.client.plot import PlotUnavailableError, check_plot, plot_scan
from pychron_comms.client.qtegra.sweep import Point, Scan
from tests.fake_qtegra import scan_of
from tests.modules import hide_module

PEAK = [0.0] * 20 + [50.0] + [100.0] * 20 + [50.0] + [0.0] * 20


class PlotTests(SynchronousTestCase):
    def setUp(self) -> None:
        temporary = TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def svg(self, scan: Scan, title: str = "") -> str:
        path = self.folder / "scan.svg"
        with mock.patch.dict("matplotlib.rcParams", {"svg.fonttype": "none"}):
            self.peaks = plot_scan(scan, path, title)
        return re.sub(r"\s+", " ", path.read_text("utf-8"))

    def test_png(self) -> None:
        path = self.folder / "scan.PNG"
        plot_scan(scan_of(PEAK), str(path))
        data = path.read_bytes()
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        self.assertGreater(len(data), 10_000)

    def test_what_is_written_in_it(self) -> None:
        picture = self.svg(scan_of(PEAK))
        for text in (
            "Magnet DAC (V)",
            "Intensity (fA)",
            "Peak scan of H1, 2023-11-14 22:13 UTC",
            "H1: centre 5.03050 V, width 21.00 mV",
        ):
            self.assertIn(text, picture)
        self.assertEqual(list(self.peaks), ["H1"])

    def test_a_title(self) -> None:
        self.assertIn("Cocktail &amp; blank", self.svg(scan_of(PEAK), "Cocktail & blank"))

    def test_a_panel_for_each_unit(self) -> None:
        points = [
            Point(each.dac, each.time, {**each.of, "CDD": 0.0}) for each in scan_of(PEAK).points
        ]
        picture = self.svg(Scan({"H1": "fA", "CDD": "counts/s"}, points))
        self.assertIn("Intensity (fA)", picture)
        self.assertIn("Intensity (counts/s)", picture)

    def test_without_a_peak(self) -> None:
        self.assertNotIn("centre", self.svg(scan_of([0.0] * 20)))
        self.assertEqual(self.peaks, {})

    def test_without_points(self) -> None:
        self.assertRaises(ValueError, plot_scan, scan_of([]), self.folder / "scan.png")

    def test_other_formats(self) -> None:
        error = self.assertRaises(ValueError, check_plot, self.folder / "scan.jpg")
        self.assertIn("ends in .png or .svg", str(error))

    def test_a_folder_that_is_not_there(self) -> None:
        error = self.assertRaises(ValueError, check_plot, self.folder / "no" / "scan.png")
        self.assertIn("there is no folder", str(error))

    def test_without_matplotlib(self) -> None:
        self.patch(plot, "find_spec", lambda name: None)
        error = self.assertRaises(PlotUnavailableError, check_plot, self.folder / "scan.png")
        self.assertIn("-m pip install matplotlib", str(error))

    def test_no_pyplot(self) -> None:
        hide_module(self, "matplotlib.pyplot")
        plot_scan(scan_of(PEAK), self.folder / "scan.png")
