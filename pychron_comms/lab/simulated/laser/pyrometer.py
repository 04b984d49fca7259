"""What a laser does to a sample: it warms with a time constant, and a pyrometer looks at it."""

from __future__ import annotations

import math
import struct
from bisect import bisect_right
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

#: Pairs of 4-byte floats whose base64 and line end still fit one read of 4096 bytes.
BLOB_SAMPLES = 383
_STEPS_KEPT = 500


class _Step(NamedTuple):
    """From ``time`` (s) on: the temperature it began at, the one it tends to, and the output."""

    time: float
    temperature: float
    target: float
    watts: float


class Pyrometer:
    """The temperature of a sample in degrees C, and the record of the last extraction.

    ``ambient`` is its temperature in the dark, ``degrees_per_watt`` what each watt adds in the
    end, ``time_constant`` the seconds it needs for 63 % of the way, ``noise`` the standard
    deviation of a reading.
    """

    def __init__(
        self,
        clock: IReactorTime,
        random: Random,
        *,
        ambient: float = 25.0,
        degrees_per_watt: float = 60.0,
        time_constant: float = 2.0,
        noise: float = 0.1,
    ) -> None:
        self._clock = clock
        self._random = random
        self._ambient = ambient
        self._degrees_per_watt = degrees_per_watt
        self._time_constant = time_constant
        self._noise = noise
        self._steps = [_Step(-math.inf, ambient, ambient, 0.0)]

    def heat(self, watts: float) -> None:
        """The laser's output from now on. From darkness to light begins an extraction."""
        before = self._steps[-1].watts
        if watts == before:
            return
        now = self._clock.seconds()
        target = self._ambient + watts * self._degrees_per_watt
        step = _Step(now, self._temperature_at(now), target, watts)
        self._steps = [*self._steps[1 - _STEPS_KEPT :], step] if before else [step]

    def read(self) -> float:
        """Degrees C, with the noise of a reading."""
        noise = self._random.gauss(0.0, self._noise)
        return round(self._temperature_at(self._clock.seconds()) + noise, 2)

    def watts_for(self, temperature: float) -> float:
        """What heats a sample to so many degrees C in the end; 0 for what needs no laser."""
        return max(0.0, (temperature - self._ambient) / self._degrees_per_watt)

    def response_blob(self) -> bytes:
        """The last extraction: little-endian floats, seconds and degrees C; at most 3064 bytes."""
        return self._blob(self._temperature_at)

    def output_blob(self) -> bytes:
        """The last extraction: little-endian floats, seconds and watts; at most 3064 bytes."""
        return self._blob(lambda time: self._step_at(time).watts)

    def _blob(self, height: Callable[[float], float]) -> bytes:
        begin, last = self._steps[0].time, self._steps[-1]
        if begin == -math.inf:
            return b""
        length = (self._clock.seconds() if last.watts else last.time) - begin
        interval = max(1.0, length / (BLOB_SAMPLES - 1))
        times = [index * interval for index in range(int(length / interval) + 1)]
        return b"".join(struct.pack("<ff", time, height(begin + time)) for time in times)

    def _step_at(self, time: float) -> _Step:
        after = bisect_right(self._steps, time, key=lambda step: step.time)
        return self._steps[after - 1]

    def _temperature_at(self, time: float) -> float:
        step = self._step_at(time)
        gone = math.exp(-(time - step.time) / self._time_constant)
        return step.target + (step.temperature - step.target) * gone
