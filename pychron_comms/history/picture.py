"""Curves over time; where nothing is known, there is no line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pychron_comms.history.store import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE, _GAP, _RULE = "#2f6690", "#eceff2", "#e5e7eb"

#: Decades from which on a curve is easier read by its logarithm, as pressures are.
_DECADES = 2.0

Curve = tuple[Series, Sequence[tuple[float, float | None]]]


def draw(curves: Sequence[Curve], since: float, until: float, file: Path, name: str) -> None:
    """One panel for each, below each other; ``name`` is what it is of.

    Errors: OSError, ValueError, ModuleNotFoundError.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(10, 1.2 + 1.5 * len(curves)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_title(name, since, until), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
    for panel, (series, points) in zip(panels, curves, strict=True):
        times, values = stepped(points, since, until)
        _curve(panel, times, values)
        panel.set_title(_called(series, values), loc="left", fontsize=9)
        panel.set_xlim(datetime.fromtimestamp(since), datetime.fromtimestamp(until))
    locator = AutoDateLocator()
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))
    figure.savefig(file, dpi=150)


def _curve(panel: Axes, times: Sequence[float], values: Sequence[float]) -> None:
    from matplotlib.dates import date2num  # noqa: PLC0415

    days = [float(date2num(datetime.fromtimestamp(each))) for each in times]
    panel.xaxis_date()
    panel.plot(days, values, drawstyle="steps-post", lw=1.2, color=_LINE)
    for at, value, end in zip(days, values, days[1:], strict=False):
        if math.isnan(value):
            panel.axvspan(at, end, color=_GAP, lw=0)
    panel.grid(color=_RULE, lw=0.8)
    panel.tick_params(length=0, labelsize=9)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.spines["bottom"].set_color(_RULE)
    if spans_decades(values):
        panel.set_yscale("log")
    else:
        panel.locator_params(axis="y", nbins=4)
        # Each mark says its whole number: what is left over stands nowhere else.
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}")


def _called(series: Series, values: Sequence[float]) -> str:
    """By its path, and what it was last."""
    known = [value for value in values if not math.isnan(value)]
    last = f"   {known[-1]:.4g} {series.unit}".rstrip() if known else "   nothing is known"
    return f"{series.path}{last}{' at last' if known and math.isnan(values[-1]) else ''}"


def _title(name: str, since: float, until: float) -> str:
    first, last = (datetime.fromtimestamp(each).astimezone() for each in (since, until))
    day = "" if first.date() == last.date() else "%Y-%m-%d "
    return f"{name}, {first:%Y-%m-%d %H:%M} to {last:{day}%H:%M} ({last:%Z}); grey: not known"


def stepped(
    points: Sequence[tuple[float, float | None]], since: float, until: float
) -> tuple[list[float], list[float]]:
    """Each value holds until the next; the last one until ``until``. A gap is no number, and so is
    the time before the first."""
    times = [max(at, since) for at, _ in points]
    values = [math.nan if value is None else value for _, value in points]
    if not times or times[0] > since:
        times.insert(0, since)
        values.insert(0, math.nan)
    return [*times, until], [*values, values[-1]]


def spans_decades(values: Sequence[float]) -> bool:
    """Whether all are above 0, and the greatest is a hundred times the least."""
    known = [value for value in values if not math.isnan(value)]
    return bool(known) and min(known) > 0 and max(known) / min(known) >= 10**_DECADES
