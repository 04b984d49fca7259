"""Whether an instrument answers, as the state stream tells it."""

from __future__ import annotations

from collections.abc import Callable

from pychron_comms.instruments.instrument import Instrument
from pychron_comms.interfaces import Reading, Severity

#: Where the items are, each named as in the configuration.
PATH = "instrument/"


class Presence:
    """One instrument at its link. ``now`` is Unix time in seconds.

    Since when it answers, or does not, is as exact as it is asked for its reading.
    """

    def __init__(self, instrument: Instrument, link: str, now: Callable[[], float]) -> None:
        self._instrument = instrument
        self._link = link
        self._now = now
        self._answers: bool | None = None
        self._since = 0.0

    def reading(self) -> Reading:
        """True while it answers; else major, with the reason."""
        why = self._instrument.away
        if self._answers is not (not why):
            self._answers = not why
            self._since = round(self._now(), 3)
        return Reading(
            f"{PATH}{self._instrument.name}",
            self._answers,
            severity=Severity.MAJOR if why else Severity.OK,
            reason=why,
            details={"since": self._since, "link": self._link},
        )
