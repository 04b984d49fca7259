"""``pychron-journal timeline``: a picture of a night. Needs matplotlib: the extra ``plot``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import datetime, tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pychron_comms.journal.asking import FINE, Subcommands, add_options, find, wanted
from pychron_comms.journal.lanes import Lane, Span, Timeline, timeline
from pychron_comms.journal.table import counted, printable
from pychron_comms.process.extras import install_command

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg")

_NO_MATPLOTLIB = f"a picture needs matplotlib:\n    {install_command('matplotlib')}"
_LANES = 40
_WIDTH, _LANE_HEIGHT, _MARGIN = 12.0, 0.34, 1.7
_DOTS_PER_INCH = 150
# A bar of less than this share of the width would not be seen: it is a stroke.
_SEEN = 0.003
# And the share that a word beside a mark takes.
_WORDS = 0.06

_DONE, _FAILED, _REFUSED, _LEASE, _QUIET = "#2f6690", "#b3261e", "#c77700", "#f0e3b4", "#6b7280"


def add_to(below: Subcommands) -> None:
    """The subcommand."""
    picture = below.add_parser("timeline", help="a picture, one lane for each part: PNG or SVG")
    add_options(picture)
    picture.add_argument("--out", type=Path, required=True, metavar="OUT", help="a .png or .svg")
    picture.set_defaults(run=_timeline)


def _timeline(given: argparse.Namespace, out: TextIO) -> int:
    if given.out.suffix.lower() not in FORMATS:
        raise ValueError(f"{given.out}: the name of a picture ends in {' or '.join(FORMATS)}")
    if find_spec("matplotlib") is None:
        raise ValueError(_NO_MATPLOTLIB)
    asked, zone = wanted(given)
    draw(timeline(find(given.file, asked)), given.out, given.file.name, zone)
    out.write(f"{given.out}\n")
    return FINE


def draw(what: Timeline, file: Path, name: str, zone: tzinfo | None = None) -> None:
    """``name``: of the journal. Errors: OSError."""
    # No pyplot: it would keep every figure, and choose a window system.
    from matplotlib.figure import Figure  # noqa: PLC0415

    lanes = _shown(what.lanes)
    figure = Figure(figsize=(_WIDTH, _MARGIN + _LANE_HEIGHT * len(lanes)), layout="constrained")
    panel = figure.subplots()
    _axes(panel, what, lanes, zone)
    for row, lane in enumerate(lanes):
        _draw_lane(panel, row, lane, what)
    for mark in what.marks:
        panel.axvline(_day(mark.start), color=_QUIET, linestyle=":", linewidth=1, zorder=1)
    for at, text in labels(what):
        panel.annotate(
            text,
            (_day(at), 1),
            xytext=(3, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize=8,
            color=_QUIET,
        )
    _legend(panel, lanes)
    panel.set_title(_title(what, lanes, name, zone), loc="left", fontsize=11, pad=30)
    figure.savefig(file, dpi=_DOTS_PER_INCH)


def labels(what: Timeline) -> list[tuple[float, str]]:
    """Where words stand for the marks: one for those that are too near for words of their own."""
    room = max(what.end - what.start, 1.0) * _WORDS
    found: list[tuple[float, list[str]]] = []
    for mark in what.marks:
        if not found or mark.start - found[-1][0] > room:
            found.append((mark.start, []))
        found[-1][1].append(mark.text)
    return [(at, ", ".join(dict.fromkeys(texts))) for at, texts in found]


def _shown(lanes: list[Lane]) -> list[Lane]:
    """Those in which most happened, in the order of their names."""
    most = sorted(lanes, key=lambda lane: -lane.weight)[:_LANES]
    return [lane for lane in lanes if lane in most]


def _axes(panel: Axes, what: Timeline, lanes: list[Lane], zone: tzinfo | None) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    zone = zone or datetime.fromtimestamp(what.start).astimezone().tzinfo
    margin = max(what.end - what.start, 1.0) * 0.01
    panel.set_xlim(_day(what.start - margin), _day(what.end + margin))
    # A night in which nobody asked anything has its marks alone.
    panel.set_ylim(max(len(lanes), 1) - 0.5, -0.5)
    panel.set_yticks(range(len(lanes)), [printable(lane.name)[:28] for lane in lanes], fontsize=9)
    locator = AutoDateLocator(tz=zone)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="#e5e7eb", linewidth=0.8)
    panel.set_axisbelow(True)
    for row in range(0, len(lanes), 2):
        panel.axhspan(row - 0.5, row + 0.5, color="#f7f8fa", zorder=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


def _draw_lane(panel: Axes, row: int, lane: Lane, what: Timeline) -> None:
    least = max(what.end - what.start, 1.0) * _SEEN
    for lease in lane.leases:
        end = min(lease.end, what.end)
        left, width = _day(lease.start), (end - lease.start) / 86400
        panel.broken_barh([(left, width)], (row - 0.42, 0.84), facecolor=_LEASE, zorder=1)
        if end - lease.start > 18 * least:
            owner = printable(lease.text)[:16]
            panel.text(left, row - 0.3, f" {owner}", fontsize=6, va="center", color="#7a6520")
    for spans, colour in ((lane.done, _DONE), (lane.failed, _FAILED)):
        long = [(_day(each.start), (each.end - each.start) / 86400) for each in spans]
        bars = [bar for bar, each in zip(long, spans, strict=True) if _is_long(each, least)]
        panel.broken_barh(bars, (row - 0.22, 0.44), facecolor=colour, zorder=3)
        short = [_day(each.start) for each in spans if not _is_long(each, least)]
        panel.vlines(short, row - 0.22, row + 0.22, color=colour, linewidth=1.4, zorder=3)
    for spans, marker, colour, face in _marks_of(lane):
        at = [_day(each.end) for each in spans]
        (marks,) = panel.plot(at, [row] * len(at), linestyle="", zorder=4, marker=marker)
        marks.set(color=colour, markerfacecolor=face, markersize=5)


def _marks_of(lane: Lane) -> tuple[tuple[list[Span], str, str, str], ...]:
    """With marker, colour and what it is filled with: colour alone tells nothing."""
    return (
        (lane.failed, "x", _FAILED, _FAILED),
        (lane.refused, "D", _REFUSED, "white"),
        (lane.unknown, "$?$", _FAILED, _FAILED),
    )


def _is_long(span: Span, least: float) -> bool:
    return span.end - span.start >= least


def _legend(panel: Axes, lanes: list[Lane]) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415
    from matplotlib.patches import Patch  # noqa: PLC0415

    def mark(marker: str, colour: str, label: str, face: str) -> Line2D:
        return Line2D([], [], marker=marker, color=colour, mfc=face, linestyle="", label=label)

    handles = [
        Patch(color=_DONE, label="done"),
        mark("x", _FAILED, "error", _FAILED),
        mark("D", _REFUSED, "refused", "white"),
        mark("$?$", _FAILED, "no end", _FAILED),
        Patch(color=_LEASE, label="leased"),
    ]
    there = _kinds(lanes)
    panel.legend(
        handles=[each for each, is_there in zip(handles, there, strict=True) if is_there],
        loc="lower right",
        bbox_to_anchor=(1, 1.0),
        # Above what the marks say.
        borderaxespad=2.0,
        ncols=5,
        frameon=False,
        fontsize=8,
    )


def _kinds(lanes: Iterable[Lane]) -> list[bool]:
    kinds = ("done", "failed", "refused", "unknown", "leases")
    every = list(lanes)
    return [any(getattr(lane, kind) for lane in every) for kind in kinds]


def _title(what: Timeline, lanes: list[Lane], name: str, zone: tzinfo | None) -> str:
    first, last = (datetime.fromtimestamp(each).astimezone(zone) for each in (what.start, what.end))
    commands = sum(lane.weight for lane in what.lanes)
    errors = sum(len(lane.failed) for lane in what.lanes)
    left_out = len(what.lanes) - len(lanes)
    more = f"; {counted(left_out, 'part')} more not shown" if left_out else ""
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return (
        f"{name}, {first:%Y-%m-%d %H:%M} to {end} ({first:%Z})\n"
        f"{counted(commands, 'command')}, {counted(errors, 'error')}{more}"
    )


def _day(seconds: float) -> float:
    """As matplotlib counts time."""
    return seconds / 86400
