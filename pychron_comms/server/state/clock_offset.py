"""How far the clock of a processor's computer is from this one's."""

from __future__ import annotations

from collections import deque

from pychron_comms.interfaces import Reading, Severity

#: Where the items are, each named as its processor.
PATH = "road/clock/"

#: Seconds from which times of two computers cannot be put side by side.
FAR = 1.0

#: Times that are remembered: the one that was under way for the shortest counts.
_TIMES = 10


class ClockOffset:
    """Hears what time it is at a processor, again and again; ``name`` is the processor's.

    What it says is old by the time on the way, so of the last few the greatest is nearest.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._offsets: deque[float] = deque(maxlen=_TIMES)

    def heard(self, there: float, here: float) -> None:
        """Unix times in seconds: what its clock said, and what ours says now."""
        self._offsets.append(there - here)

    def forget(self) -> None:
        """The next may be another computer, or have been set meanwhile."""
        self._offsets.clear()

    def reading(self) -> Reading:
        """In seconds, ahead of ours; to a hundredth, so that it does not change for nothing."""
        offset = round(max(self._offsets), 2) + 0.0
        reading = Reading(f"{PATH}{self._name}", offset, "s")
        if abs(offset) < FAR:
            return reading
        reason = f"its clock is {abs(offset):.1f} s {'ahead' if offset > 0 else 'behind'}"
        return reading._replace(severity=Severity.MINOR, reason=reason)
