"""Curves over time; where nothing is known, there is no line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pychron_comms.history.store import Series

#: Decades from which on a curve is easier read by its logarithm, as pressures are.
_DECADES = 2.0

Curve = tuple[Series, Sequence[tuple[float, float | None]]]


def draw(curves: Sequence[Curve], since: float, until: float, file: Path) -> None:
    """One panel for each, below each other. Errors: OSError, ValueError, ModuleNotFoundError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.dates import ConciseDateFormatter  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(10, 1.2 + 1.6 * len(curves)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
    for panel, (series, points) in zip(panels, curves, strict=True):
        times, values = stepped(points, since, until)
        panel.plot(
            [datetime.fromtimestamp(each) for each in times], values, drawstyle="steps-post", lw=1.2
        )
        panel.set_title(series.path, loc="left", fontsize=9)
        panel.set_ylabel(series.unit)
        panel.grid(alpha=0.3)
        if spans_decades(values):
            panel.set_yscale("log")
        panel.set_xlim(datetime.fromtimestamp(since), datetime.fromtimestamp(until))
    axis = panels[-1].xaxis
    axis.set_major_formatter(ConciseDateFormatter(axis.get_major_locator()))
    figure.savefig(file, dpi=150)


def stepped(
    points: Sequence[tuple[float, float | None]], since: float, until: float
) -> tuple[list[float], list[float]]:
    """Each value holds until the next; the last one until ``until``. A gap is no number."""
    times = [max(at, since) for at, _ in points]
    values = [math.nan if value is None else value for _, value in points]
    if values:
        times.append(until)
        values.append(values[-1])
    return times, values


def spans_decades(values: Sequence[float]) -> bool:
    """Whether all are above 0, and the greatest is a hundred times the least."""
    known = [value for value in values if not math.isnan(value)]
    return bool(known) and min(known) > 0 and max(known) / min(known) >= 10**_DECADES
