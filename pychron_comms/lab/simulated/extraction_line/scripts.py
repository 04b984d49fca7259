"""Simulated scripts: each runs for its time and does nothing."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from pychron_comms.errors import InvalidPyScriptError
from pychron_comms.interfaces import IForetells, IReactorManager, IScriptRunner


@implementer(IScriptRunner, IForetells, IReactorManager)
class SimulatedScripts:
    """``durations`` says for how many seconds each script runs.

    A run is identified by its script's name and a number that counts up. The last ``limit`` runs
    are remembered.
    """

    def __init__(
        self, clock: IReactorTime, durations: Mapping[str, float], limit: int = 100
    ) -> None:
        self._clock = clock
        self._durations = dict(durations)
        self._limit = limit
        self._numbers = itertools.count(1)
        self._ends: dict[str, float] = {}

    def foretell(self, method: str, *arguments: object) -> None:
        """Knows its scripts."""
        if method == "execute_script":
            self._check(arguments[0])

    def execute_script(self, name: str) -> str:
        self._check(name)
        identifier = f"{name}-{next(self._numbers)}"
        self._ends[identifier] = self._clock.seconds() + self._durations[name]
        if len(self._ends) > self._limit:
            del self._ends[next(iter(self._ends))]
        return identifier

    def _check(self, name: object) -> None:
        if name not in self._durations:
            raise InvalidPyScriptError(name)

    def get_script_state(self, identifier: str) -> str:
        if identifier not in self._ends:
            raise InvalidPyScriptError(identifier)
        return "Running" if self._clock.seconds() < self._ends[identifier] else "Complete"
