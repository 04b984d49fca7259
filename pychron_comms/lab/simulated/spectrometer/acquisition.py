"""Integrations: one follows the other, and each gives one reading of every detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import NoResponseError
from pychron_comms.interfaces import Intensity

#: The current in fA that each detector collected, on average, from one time to another.
Collected = Callable[[float, float], Sequence[float]]

#: What the detectors show of these currents after an integration of so many seconds.
Measured = Callable[[Sequence[float], float], Sequence[Intensity]]


class Acquisition:
    """Reckons, when it is asked, what has been measured meanwhile; nothing is scheduled.

    An integration during which something changed is the average of before and after. Of those
    that nobody asked about only the last is reckoned.
    """

    def __init__(
        self, clock: IReactorTime, seconds: float, collected: Collected, measured: Measured
    ) -> None:
        self._clock = clock
        self._collected = collected
        self._measured = measured
        self._latest: Sequence[Intensity] | None = None
        self.begin(seconds)

    def begin(self, seconds: float) -> None:
        """Begin anew, with integrations of that length; the latest reading stays."""
        self.seconds = seconds
        self._begin_at(self._clock.seconds())

    def latest(self) -> Sequence[Intensity]:
        """The last complete integration. Errors: 010 before the first."""
        if self._clock.seconds() >= self._end:
            self.reckon()
        if self._latest is None:
            raise NoResponseError
        return self._latest

    def reckon(self) -> None:
        """Take account of the time until now. To be called before anything changes."""
        now = self._clock.seconds()
        missed = int((now - self._end) / self.seconds)
        if missed > 0:
            self._begin_at(self._end + (missed - 1) * self.seconds)
        while self._end <= now:
            self._collect(self._end)
            charges = [charge / self.seconds for charge in self._charges]
            self._latest = self._measured(charges, self.seconds)
            self._begin_at(self._end)
        self._collect(now)

    def _begin_at(self, time: float) -> None:
        self._since = time
        self._end = time + self.seconds
        self._charges: Sequence[float] = ()

    def _collect(self, time: float) -> None:
        seconds = time - self._since
        if seconds <= 0:
            return
        added = [current * seconds for current in self._collected(self._since, time)]
        if self._charges:
            added = [one + other for one, other in zip(self._charges, added, strict=True)]
        self._charges = added
        self._since = time
