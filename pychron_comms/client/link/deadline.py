"""The time that is left to an asker."""

from __future__ import annotations

from collections.abc import Callable

#: Gives seconds that never run backwards.
Clock = Callable[[], float]


class Deadline:
    """``seconds`` from now on, as ``clock`` counts them."""

    __slots__ = ("_clock", "_end", "seconds")

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """The seconds left, never 0 or less. Raises TimeoutError when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def part(self, seconds: float) -> Deadline:
        """A deadline within this one."""
        return Deadline(min(seconds, self.left()), self._clock)
