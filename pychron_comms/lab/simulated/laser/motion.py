"""One axis of a stage, or a motor: it needs time to move and cannot leave its travel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import PositionError
from pychron_comms.lab.simulated.laser.curve import interpolate


@dataclass(frozen=True, kw_only=True)
class Travel:
    """How far and how fast: ``minimum`` to ``maximum`` in mm (or a motor's unit), per second."""

    minimum: float
    maximum: float
    speed: float


class Motion:
    """A position that follows ``clock``: computed when it is asked for, nothing is scheduled."""

    def __init__(
        self, name: str, clock: IReactorTime, travel: Travel, position: float = 0.0
    ) -> None:
        self.name = name
        self.speed = travel.speed
        self._clock = clock
        self._minimum = travel.minimum
        self._maximum = travel.maximum
        self._course = [(-math.inf, position)]

    @property
    def position(self) -> float:
        return interpolate(self._clock.seconds(), self._course)

    @property
    def remaining(self) -> float:
        """Seconds until it stands still, 0 where it does."""
        return max(0.0, self._course[-1][0] - self._clock.seconds())

    @property
    def moving(self) -> bool:
        return self.remaining > 0

    def check(self, target: float) -> None:
        """Errors: 108 for a target outside the travel."""
        if not self._minimum <= target <= self._maximum:
            raise PositionError(
                f"{self.name} {target:g} is outside {self._minimum:g} to {self._maximum:g}"
            )

    def begin(self, target: float) -> None:
        """Move to ``target`` at full speed, from wherever it is now. Errors: 108."""
        self.follow([(abs(target - self.position) / self.speed, target)])

    def follow(self, course: Sequence[tuple[float, float]]) -> None:
        """Be at each place so many seconds from now: (seconds, place), ascending. Errors: 108."""
        for _, place in course:
            self.check(place)
        now = self._clock.seconds()
        here = (now, self.position)
        self._course = [here, *((now + seconds, place) for seconds, place in course)]

    def stop(self) -> None:
        """Stay here."""
        self._course = [(-math.inf, self.position)]

    def declare_zero(self) -> None:
        """Stop, and call this place 0: the ends of the travel stay where they are in the room."""
        here = self.position
        self._minimum -= here
        self._maximum -= here
        self._course = [(-math.inf, 0.0)]
