"""How long a command was on its way from a server, as far as the clocks of the two can tell."""

from __future__ import annotations

import math

#: Seconds on the way that are worth to be counted, and more than which tell of another clock.
DELAY = 0.05
CREDIBLE = 3600.0

#: Seconds for which the quickest command of another computer is remembered.
LATELY = 60.0

#: By how much the clocks of two computers may part, in seconds for each.
DRIFT = 2e-4


def on_the_way(sent: str, now: float) -> float:
    """Seconds since then; 0 where that is not known, and for what came without delay."""
    try:
        seconds = now - float(sent)
    except ValueError:
        return 0.0
    return seconds if DELAY < seconds < CREDIBLE else 0.0


class Lateness:
    """Of the commands of one server on another computer, whose clock stands nobody knows where.

    What comes later than the quickest command of late, by the two clocks, was held up that long: by
    a network, or since this process stood still.
    """

    def __init__(self) -> None:
        # What the quickest took by these clocks, and when that was: of now, and of the time before.
        self._quickest = self._before = (math.inf, 0.0)
        self._since = -math.inf

    def age(self, left: str, now: float) -> float:
        """Seconds that it was held up since ``left``; 0 where that is not known."""
        try:
            took = now - float(left)
        except ValueError:
            return 0.0
        return on_the_way(left, now - self._least(took, now)) if math.isfinite(took) else 0.0

    def _least(self, took: float, now: float) -> float:
        """What the quickest would take now, as these clocks may have parted since; or this one."""
        known = min(each + (now - at) * DRIFT for each, at in (self._quickest, self._before))
        if now - self._since > LATELY:
            self._before, self._quickest, self._since = self._quickest, (took, now), now
        elif took < self._quickest[0]:
            self._quickest = took, now
        return min(known, took)
