"""What the log says while the other end is away: that it is, now and then, and that it is back."""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

#: Seconds after which it is said again.
AGAIN = 60.0


class Outage:
    """Says once that ``name`` is away, a processor's say, then once a minute since when.

    ``now``: the time of day, in seconds of Unix time.
    """

    _log = Logger()

    def __init__(
        self, name: str, clock: IReactorTime, now: Callable[[], float] = time.time
    ) -> None:
        self._name = name
        self._clock = clock
        self._now = now
        self._said_at: float | None = None
        self._since = ""

    @property
    def is_away(self) -> bool:
        """Whether the log said so last."""
        return self._said_at is not None

    def connected(self) -> None:
        """It is there, for the first time or again."""
        if self._said_at is None:
            self._log.info("connected to the {name}", name=self._name)
        else:
            self._log.info(
                "connected to the {name} again: it was away since {since}",
                name=self._name,
                since=self._since,
            )
        self._said_at = None

    def lost(self, why: str) -> None:
        """The connection to it has ended."""
        self._begin()
        self._log.warn("lost the {name}: {why}", name=self._name, why=why)

    def attempt_failed(self, why: str) -> None:
        """It could not be reached."""
        if self._said_at is None:
            self._begin()
            self._log.warn("no {name}: {why}", name=self._name, why=why)
        elif self._clock.seconds() - self._said_at >= AGAIN:
            self._said_at = self._clock.seconds()
            self._log.warn(
                "no {name} since {since}: {why}",
                name=self._name,
                since=self._since,
                why=why,
            )

    def _begin(self) -> None:
        self._said_at = self._clock.seconds()
        self._since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._now()))
