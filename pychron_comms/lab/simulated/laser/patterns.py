"""Patterns: courses that the beam takes over a sample, each with its own duration."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.lab.simulated.activity import Activity


class Patterns:
    """``durations`` are seconds by the pattern's name."""

    def __init__(self, clock: IReactorTime, durations: Mapping[str, float]) -> None:
        self._durations = durations
        self._activity = Activity(clock)

    @property
    def names(self) -> list[str]:
        return list(self._durations)

    @property
    def running(self) -> bool:
        return self._activity.active

    def begin(self, name: str, duration: float | None) -> None:
        """For ``duration`` seconds, or the pattern's own. Errors: 004 for an unknown name."""
        self.check(name)
        self._activity.begin(self._durations[name] if duration is None else duration)

    def check(self, name: str) -> None:
        """Errors: 004 for an unknown name."""
        if name not in self._durations:
            near = did_you_mean(name, self._durations) or "; GetPatternNames lists them"
            raise InvalidArgumentsError("DoPattern", f"{name} (no such pattern{near})")

    def stop(self) -> None:
        self._activity.stop()
