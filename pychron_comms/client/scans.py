"""Scans over the magnet's field, and the centre of a peak.

``scan`` and ``peak_center`` are operations: with a blocking spectrometer they return their result,
with one in the reactor a Deferred of it. A blocking one is cancelled by ``cancel``, which another
thread may set, or from the keyboard; a Deferred by the same, or by cancelling it (which Twisted
ignores inside ``progress``: set ``cancel`` there). Whatever ends it, the magnet goes back to where
it was, except that ``peak_center`` leaves it at the centre that it has found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pychron_comms.client.qtegra.operation import operation
from pychron_comms.client.qtegra.peaks import FEWEST_POINTS, CutPeakError, Peak, PeakError
from pychron_comms.client.qtegra.sweep import Progress, Scan, Sweep, steps
from pychron_comms.client.spectrometer import QtegraSpectrometer
from pychron_comms.client.waiting import Cancel

_FEWEST_ROUNDS = 2

# How far two centres may be apart, relative to the peak's width, to be taken for the same.
_SAME = 0.05


class _Window(NamedTuple):
    """Where a round scans: ``width`` V around ``middle``."""

    middle: float
    width: float
    points: int

    def dacs(self) -> Sequence[float]:
        half = self.width / 2
        return steps(self.middle - half, self.middle + half, self.width / (self.points - 1))


class PeakCenter(NamedTuple):
    """``peak`` has the centre; ``scan`` is the last, on which it was found."""

    peak: Peak
    scan: Scan


@operation
async def scan(
    spectrometer: QtegraSpectrometer[Any],
    start: float,
    stop: float,
    step: float,
    detectors: str | Sequence[str] = (),
    *,
    settle: float | None = None,
    progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Scan:
    """Measure ``detectors`` (all, unless named) at fields from ``start`` to ``stop``, in V.

    ``settle`` is the time in seconds from the arrival of the magnet to the reading: two
    integration times unless told otherwise, since the first may have begun before. ``progress``
    is called with each point. Raises ValueError for what is no scan, and ScanCancelledError.
    """
    sweep = Sweep(spectrometer, detectors, settle, progress, cancel)
    sweep.names()
    dacs = steps(start, stop, step)
    before = await spectrometer.magnet.dac.coroutine()
    try:
        return await sweep.over(dacs)
    finally:
        await spectrometer.magnet.set_dac.coroutine(before)


@operation
async def peak_center(
    spectrometer: QtegraSpectrometer[Any],
    detector: str,
    center: float | None = None,
    *,
    window: float = 0.05,
    points: int = 41,
    rounds: int = 6,
    settle: float | None = None,
    progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> PeakCenter:
    """Set the magnet to the centre of the peak that ``detector`` sees near ``center``, in V.

    The centre lies halfway between the places of half height, so a flat top does not blur it.
    The first round scans ``window`` V around ``center``, or around where the magnet is; each
    other one twice the peak's width around the centre of the last, until two centres agree.
    ``progress`` counts the points of each round. Raises PeakError where there is no peak, or where
    ``rounds`` do not settle it; else as ``scan``.
    """
    if points < FEWEST_POINTS or rounds < _FEWEST_ROUNDS:
        raise ValueError(f"at least {FEWEST_POINTS} points and {_FEWEST_ROUNDS} rounds")
    sweep = Sweep(spectrometer, detector, settle, progress, cancel)
    sweep.names()
    magnet = spectrometer.magnet
    goal = await magnet.dac.coroutine()
    first = _Window(goal if center is None else center, window, points)
    first.dacs()
    try:
        found = await _settled(sweep, detector, first, rounds)
        goal = found.peak.center
        return found
    finally:
        await magnet.set_dac.coroutine(goal)


async def _settled(sweep: Sweep, detector: str, window: _Window, rounds: int) -> PeakCenter:
    last = float("nan")
    for _ in range(rounds):
        scan = await sweep.over(window.dacs())
        try:
            peak = scan.peak(detector)
        except CutPeakError as error:
            window = window._replace(middle=error.toward, width=1.5 * window.width)
            continue
        if abs(peak.center - last) < _SAME * peak.width:
            return PeakCenter(peak, scan)
        last = peak.center
        window = window._replace(middle=peak.center, width=2 * peak.width)
    raise PeakError(f"no centre in {rounds} rounds")
