"""The magnet's field: small moves at once, far ones by steps, so that it does not ring."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from twisted.internet.interfaces import IReactorTime

from pychron_comms.qtegra.parameters import FAR

#: Of a far move; the first step is taken at once.
STEPS = 20
STEP_SECONDS = 0.1

_Course = list[tuple[float, float]]


class Magnet:
    """The DAC's voltage over time, computed when it is asked for; nothing is scheduled.

    A new move supersedes one that is under way. Where moves are ``overlapping``, as those of
    Qtegra's script are, both go on and write in turn, and the first to end clears ``moving``.
    """

    def __init__(self, clock: IReactorTime, dac: float, *, overlapping: bool = False) -> None:
        self._clock = clock
        self._overlapping = overlapping
        self._writes: _Course = [(-math.inf, dac)]
        self._flags: _Course = [(-math.inf, False)]

    @property
    def dac(self) -> float:
        return _at(self._clock.seconds(), self._writes)

    @property
    def moving(self) -> bool:
        return bool(_at(self._clock.seconds(), self._flags))

    def set(self, dac: float) -> None:
        """Be there at once."""
        now = self._clock.seconds()
        self._begin([(now, dac)], [(now, False)] if not self._overlapping else [])

    def move(self, dac: float) -> None:
        """Be there at once, or by steps where it is far."""
        start = self.dac
        if abs(dac - start) <= FAR:
            self.set(dac)
            return
        step = (dac - start) / STEPS
        self.follow([*(start + count * step for count in range(1, STEPS)), dac])

    def follow(self, course: Sequence[float]) -> float:
        """Take these steps, the first at once; the seconds until the move has ended."""
        now = self._clock.seconds()
        end = len(course) * STEP_SECONDS
        writes = [(now + count * STEP_SECONDS, dac) for count, dac in enumerate(course)]
        self._begin(writes, [(now, True), (now + end, False)])
        return end

    def pieces(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """How long the DAC was at what voltage from ``start`` to ``end``, in order.

        What was before ``start`` is forgotten.
        """
        self._writes = _since(start, self._writes)
        times = [max(start, time) for time, _ in self._writes] + [math.inf]
        for (_, dac), begin, until in zip(self._writes, times, times[1:], strict=False):
            seconds = min(until, end) - begin
            if seconds > 0:
                yield seconds, dac

    def _begin(self, writes: _Course, flags: _Course) -> None:
        now = self._clock.seconds()
        if not self._overlapping:
            self._writes = [each for each in self._writes if each[0] <= now]
            self._flags = [each for each in self._flags if each[0] <= now]
        self._writes = sorted([*self._writes, *writes], key=_time)
        self._flags = _since(now, sorted([*self._flags, *flags], key=_time))


def _time(event: tuple[float, float]) -> float:
    return event[0]


def _at(time: float, course: _Course) -> float:
    return course[bisect_right(course, time, key=_time) - 1][1]


def _since(time: float, course: _Course) -> _Course:
    return course[bisect_right(course, time, key=_time) - 1 :]
