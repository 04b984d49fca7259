"""Outlines of a grain, as machine vision finds them in the camera's image."""

from __future__ import annotations

import math
import struct
from random import Random

from twisted.internet.interfaces import IReactorTime

#: Outlines that wait to be fetched; the oldest are dropped.
MOST_WAITING = 100
_CORNERS = 12
_RADIUS = 0.5


class GrainPolygons:
    """Outlines in the order they were taken; one every ``interval`` seconds while measuring.

    What is fetched comes to an end also while measuring goes on, since a client fetches until
    there are no more.
    """

    def __init__(self, clock: IReactorTime, random: Random, interval: float = 1.0) -> None:
        self._clock = clock
        self._random = random
        self._interval = interval
        self._waiting = 0
        self._measured_until: float | None = None

    def acquire(self) -> None:
        """Take one outline."""
        self._add(1)

    def start(self) -> None:
        """Begin to measure; nothing where it measures."""
        if self._measured_until is None:
            self._measured_until = self._clock.seconds()

    def stop(self) -> None:
        """End measuring; what was taken waits to be fetched."""
        self._measure()
        self._measured_until = None

    def fetch(self) -> bytes | None:
        """The next outline: pairs of little-endian floats, x and y in mm; None for no more."""
        self._measure()
        if not self._waiting:
            return None
        self._waiting -= 1
        return self._outline()

    def _measure(self) -> None:
        if self._measured_until is not None:
            count = int((self._clock.seconds() - self._measured_until) / self._interval)
            self._measured_until += count * self._interval
            self._add(count)

    def _add(self, count: int) -> None:
        self._waiting = min(self._waiting + count, MOST_WAITING)

    def _outline(self) -> bytes:
        corners = bytearray()
        for corner in range(_CORNERS):
            angle = 2 * math.pi * corner / _CORNERS
            radius = _RADIUS * self._random.uniform(0.9, 1.1)
            corners += struct.pack("<ff", radius * math.cos(angle), radius * math.sin(angle))
        return bytes(corners)
