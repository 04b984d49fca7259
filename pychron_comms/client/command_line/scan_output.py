"""What ``pychron-ask scan`` writes while it measures."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TextIO

from pychron_comms.client.qtegra.sweep import Point, Progress

_ERASE_LINE = "\r\x1b[K"


class PointWriter:
    """Each point as CSV on ``out``, unless that is a terminal; how far it is on ``err``, if it is.

    ``unit`` is that of a detector.
    """

    def __init__(self, out: TextIO, err: TextIO, unit: Callable[[str], str]) -> None:
        self._out = None if out.isatty() else out
        self._err = err if err.isatty() else None
        self._unit = unit

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show("")

    def write(self, progress: Progress) -> None:
        self._show(_progress_text(progress, self._unit))
        if self._out is None:
            return
        rows = csv.writer(self._out, lineterminator="\n")
        if progress.done == 1:
            rows.writerow(["time", "dac (V)", *map(self._column, progress.point.of)])
        rows.writerow(_row(progress.point))
        self._out.flush()

    def _column(self, detector: str) -> str:
        return f"{detector} ({self._unit(detector)})"

    def _show(self, text: str) -> None:
        if self._err is not None:
            self._err.write(_ERASE_LINE + text)
            self._err.flush()


def _row(point: Point) -> list[str]:
    time = datetime.fromtimestamp(point.time, UTC).isoformat(timespec="milliseconds")
    return [time, repr(point.dac), *map(repr, point.of.values())]


def _progress_text(progress: Progress, unit: Callable[[str], str]) -> str:
    point = progress.point
    values = (f"{name} {value:.5g} {unit(name)}" for name, value in point.of.items())
    return f"{progress.done}/{progress.total}  {point.dac:.5f} V  {'  '.join(values)}"
