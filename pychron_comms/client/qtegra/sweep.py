"""Points measured one after another over the magnet's field."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pychron_comms.client.link.dialect import LONGEST
from pychron_comms.client.qtegra.microcontroller import QtegraError
from pychron_comms.client.qtegra.peaks import Peak, find_peak
from pychron_comms.client.spectrometer import QtegraSpectrometer
from pychron_comms.client.waiting import Cancel, WaitCancelledError

#: A scan of more points is taken for a slip of the pen.
MOST_POINTS = 100_000

# Of integration times: data that Qtegra shows then were all measured after the field was set.
_SETTLED = 2.0

# Digits of a volt behind the point; far finer than any DAC.
_DIGITS = 9


class Point(NamedTuple):
    """``dac`` in V, ``time`` in seconds since 1970, ``of`` each detector its intensity."""

    dac: float
    time: float
    of: Mapping[str, float]


class Progress(NamedTuple):
    """``done`` of ``total`` points; ``point`` is the last of them."""

    done: int
    total: int
    point: Point


@dataclass(frozen=True)
class Scan:
    """``units`` maps each detector that was scanned to the unit of its intensities."""

    units: Mapping[str, str]
    points: Sequence[Point]

    @property
    def dacs(self) -> Sequence[float]:
        """In V."""
        return [point.dac for point in self.points]

    def intensities(self, detector: str) -> Sequence[float]:
        return [point.of[detector] for point in self.points]

    def peak(self, detector: str) -> Peak:
        """The highest peak of that detector. Raises PeakError."""
        return find_peak(self.dacs, self.intensities(detector))


class ScanCancelledError(WaitCancelledError):
    """A scan was cancelled; ``scan`` has the points until then."""

    def __init__(self, scan: Scan) -> None:
        super().__init__(f"cancelled behind {len(scan.points)} points")
        self.scan = scan


@dataclass(frozen=True)
class Sweep:
    """How points are measured: on what, and who hears of it. Arguments are those of ``scan``."""

    spectrometer: QtegraSpectrometer[Any]
    detectors: str | Sequence[str]
    settle: float | None
    progress: Callable[[Progress], object] | None
    cancel: Cancel | None

    def names(self) -> Sequence[str]:
        """The detectors. Raises ValueError for what cannot be done, before anything is."""
        if self.settle is not None and not 0 <= self.settle <= LONGEST:
            raise ValueError(f"settle={self.settle:g}: expected seconds, 0 to {LONGEST:g}")
        known = self.spectrometer.detectors
        named = [self.detectors] if isinstance(self.detectors, str) else self.detectors
        for name in named:
            if name not in known:
                raise ValueError(f"no detector {name!r}; there are {', '.join(known)}")
        return list(named or known)

    async def over(self, dacs: Sequence[float]) -> Scan:
        names = self.names()
        settle = self.settle
        if settle is None:
            settle = _SETTLED * await self.spectrometer.integration_time.coroutine()
        points: list[Point] = []
        scan = Scan({name: self.spectrometer.unit(name) for name in names}, points)
        for dac in dacs:
            if self._cancelled():
                raise ScanCancelledError(scan)
            points.append(await self._measured(dac, settle, names))
            if self.progress is not None:
                self.progress(Progress(len(points), len(dacs), points[-1]))
        return scan

    def _cancelled(self) -> bool:
        if isinstance(self.cancel, threading.Event):
            return self.cancel.is_set()
        return self.cancel is not None and self.cancel()

    async def _measured(self, dac: float, settle: float, names: Sequence[str]) -> Point:
        await self.spectrometer.magnet.set_dac.coroutine(dac)
        await self.spectrometer.microcontroller.pause(settle)
        time, values = await self.spectrometer.intensities.coroutine()
        missing = [name for name in names if name not in values]
        if missing:
            server = self.spectrometer.microcontroller.server
            raise QtegraError(server, "GetData", f"no value for {', '.join(missing)}")
        return Point(dac, time, {name: values[name] for name in names})


def steps(start: float, stop: float, step: float) -> Sequence[float]:
    """From ``start`` to ``stop``, both included where ``step`` (above 0) divides their distance.

    Falls where ``stop`` is below ``start``. Raises ValueError.
    """
    if not all(map(math.isfinite, (start, stop, step))) or step <= 0:
        raise ValueError(f"a scan from {start:g} to {stop:g} V by {step:g} V is none")
    count = (abs(stop - start) + step * 1e-6) / step + 1
    if count >= MOST_POINTS + 1:
        raise ValueError(f"a scan of {count:.0f} points; at most {MOST_POINTS}")
    signed = math.copysign(step, stop - start)
    return [round(start + index * signed, _DIGITS) for index in range(int(count))]
