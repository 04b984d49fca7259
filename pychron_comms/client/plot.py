"""A picture of a scan, as PNG or SVG. Needs matplotlib: the extra ``plot``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pychron_comms.client.qtegra.peaks import Peak, PeakError
from pychron_comms.client.qtegra.sweep import Scan
from pychron_comms.process.extras import install_command

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")

_NO_MATPLOTLIB = f"a plot needs matplotlib:\n    {install_command('matplotlib')}"

_INCHES = (7.0, 4.5)
_INCHES_OF_ANOTHER_PANEL = 2.8
_DOTS_PER_INCH = 150


class PlotUnavailableError(Exception):
    """matplotlib is not installed; the text says how to install it."""

    def __init__(self) -> None:
        super().__init__(_NO_MATPLOTLIB)


def check_plot(path: str | os.PathLike[str]) -> Path:
    """Whether a plot can be written there, before hours are spent on what it shows.

    Raises PlotUnavailableError, and ValueError for a path that cannot be.
    """
    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        raise ValueError(f"{file}: the name of a plot ends in {' or '.join(FORMATS)}")
    if not file.parent.is_dir():
        raise ValueError(f"{file}: there is no folder {file.parent}")
    if find_spec("matplotlib") is None:
        raise PlotUnavailableError
    return file


def plot_scan(scan: Scan, path: str | os.PathLike[str], title: str = "") -> Mapping[str, Peak]:
    """Write a picture of ``scan``, and return the peaks that are marked in it, by detector.

    A panel for each unit, a curve for each detector; no mark where a detector saw no whole peak.
    Raises as ``check_plot``, ValueError for a scan without points, and OSError.
    """
    if not scan.points:
        raise ValueError("there is nothing to draw: the scan has no points")
    file = check_plot(path)
    # No pyplot: it would keep every figure, and choose a window system.
    from matplotlib.figure import Figure  # noqa: PLC0415

    units = list(dict.fromkeys(scan.units.values()))
    height = _INCHES[1] + _INCHES_OF_ANOTHER_PANEL * (len(units) - 1)
    figure = Figure(figsize=(_INCHES[0], height), layout="constrained")
    peaks = _panels(figure, scan, units)
    figure.suptitle(title or _title(scan))
    figure.savefig(file, dpi=_DOTS_PER_INCH)
    return peaks


def _title(scan: Scan) -> str:
    began = datetime.fromtimestamp(scan.points[0].time, UTC)
    return f"Peak scan of {', '.join(scan.units)}, {began:%Y-%m-%d %H:%M} UTC"


def _panels(figure: Figure, scan: Scan, units: Sequence[str]) -> dict[str, Peak]:
    panels = figure.subplots(len(units), squeeze=False, sharex=True)[:, 0]
    peaks: dict[str, Peak] = {}
    for panel, unit in zip(panels, units, strict=True):
        for name in (name for name in scan.units if scan.units[name] == unit):
            _curve(panel, scan, name, peaks)
        panel.set_ylabel(f"Intensity ({unit})")
        panel.grid(alpha=0.3)
        panel.margins(x=0.02, y=0.08)
        # Above the panel, where it covers no curve.
        panel.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, ncols=2, fontsize=9)
    panels[-1].set_xlabel("Magnet DAC (V)")
    panels[-1].ticklabel_format(axis="x", useOffset=False)
    return peaks


def _curve(panel: Axes, scan: Scan, name: str, peaks: dict[str, Peak]) -> None:
    label = name
    try:
        peak = peaks[name] = scan.peak(name)
        label = f"{name}: centre {peak.center:.5f} V, width {1000 * peak.width:.2f} mV"
    except PeakError:
        peak = None
    values = scan.intensities(name)
    (line,) = panel.plot(scan.dacs, values, marker=".", markersize=4, linewidth=1, label=label)
    if peak is not None:
        colour = line.get_color()
        half = peak.base + peak.height / 2
        panel.axvline(peak.center, color=colour, linestyle="--", linewidth=1)
        panel.plot([peak.low, peak.high], [half, half], color=colour, linestyle=":", linewidth=1)
