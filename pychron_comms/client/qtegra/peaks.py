"""Where the peak of a scan is. Knows no instrument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

#: How many times the noise a peak must stand above its base.
SIGNIFICANT = 6.0

#: Of a scan in which a peak may be found.
FEWEST_POINTS = 9

# A normal distribution's standard deviation over the median size of the difference of two draws.
_SIGMA = 1 / (0.6745 * 2**0.5)


class PeakError(Exception):
    """A scan in which no peak can be found."""


class NoPeakError(PeakError):
    """Nothing stands above the noise."""


class CutPeakError(PeakError):
    """A peak goes on beyond the scan; ``toward`` is the end where it does."""

    def __init__(self, toward: float) -> None:
        super().__init__(f"the peak is cut off at {toward:g} V")
        self.toward = toward


class Peak(NamedTuple):
    """A peak, by the two places where it is half as high as its flat top.

    ``low`` and ``high`` are in V of the magnet's DAC; ``base`` and ``top`` in the detector's unit.
    """

    low: float
    high: float
    base: float
    top: float

    @property
    def center(self) -> float:
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def height(self) -> float:
        return self.top - self.base


def find_peak(dacs: Sequence[float], values: Sequence[float]) -> Peak:
    """The highest peak of a scan whose ``dacs`` rise or fall steadily. Raises PeakError.

    Top and base are medians, so that neither noise nor a single wild reading moves them.
    """
    if len(dacs) < FEWEST_POINTS:
        raise NoPeakError(f"{len(dacs)} points are too few to find a peak")
    smooth = list(_smoothed(values))
    base, top = _levels(smooth)
    noise = _noise(values)
    if not top - base > SIGNIFICANT * noise:
        raise NoPeakError(f"nothing stands above the noise ({noise:.3g})")
    half = (base + top) / 2
    first, last = _extent(smooth, half)
    ends = (
        _crossing(dacs, smooth, first, first - 1, half),
        _crossing(dacs, smooth, last, last + 1, half),
    )
    return Peak(min(ends), max(ends), base, top)


def _smoothed(values: Sequence[float]) -> Iterator[float]:
    """Each as the median of itself and its neighbours, which leaves edges where they are."""
    padded = (values[0], *values, values[-1])
    for index in range(len(values)):
        yield median(padded[index : index + 3])


def _noise(values: Sequence[float]) -> float:
    """The standard deviation of a single reading, whatever slowly changes beneath it."""
    steps = (abs(one - other) for one, other in pairwise(values))
    return median(steps) * _SIGMA


def _levels(values: Sequence[float]) -> tuple[float, float]:
    """What is typical of the low readings and of the high ones."""
    base, top = min(values), max(values)
    for _ in range(3):
        half = (base + top) / 2
        base = median(value for value in values if value <= half)
        top = median([value for value in values if value > half] or [base])
    return base, top


def _extent(values: Sequence[float], half: float) -> tuple[int, int]:
    """The first and the last index of the highest peak's upper half."""
    first = last = max(range(len(values)), key=values.__getitem__)
    while first > 0 and values[first - 1] > half:
        first -= 1
    while last < len(values) - 1 and values[last + 1] > half:
        last += 1
    return first, last


def _crossing(
    dacs: Sequence[float], values: Sequence[float], inside: int, outside: int, half: float
) -> float:
    """Where the straight line between two neighbours is half as high."""
    if not 0 <= outside < len(values):
        raise CutPeakError(dacs[inside])
    part = (values[inside] - half) / (values[inside] - values[outside])
    return dacs[inside] + part * (dacs[outside] - dacs[inside])
