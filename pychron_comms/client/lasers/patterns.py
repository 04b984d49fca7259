"""The part of a laser's client for what runs by itself: patterns, traces, degassing."""

from __future__ import annotations

import json
from typing import Unpack

from pychron_comms.client import answers
from pychron_comms.client.amounts import Amount, Word, written
from pychron_comms.client.instrument import Instrument
from pychron_comms.client.waiting import WaitOptions

_SUFFIX = ".lp"


class PatternControl(Instrument):
    """Patterns and paths. Each returns when it is over, or at once without ``block``."""

    def patterns(self) -> tuple[str, ...]:
        """The names of the patterns."""
        return answers.names(self.ask("GetPatternNames"))

    def execute_pattern(
        self,
        name: str,
        duration: float | None = None,
        *,
        block: bool = True,
        **wait: Unpack[WaitOptions],
    ) -> None:
        """Run a pattern for ``duration`` seconds, 0 or more, or for its own time.

        ``stop_on_cancel`` stops the pattern. Raises 004 for a name that there is none of.
        """
        if duration is not None:
            Amount(duration, 0, unit="s").checked("DoPattern")
        file = name.removesuffix(_SUFFIX) + _SUFFIX
        self._do(json.dumps({"command": "DoPattern", "name": file, "duration": duration}))
        if block:
            self._wait(f"pattern {name}", self.is_patterning, self.stop_pattern, wait)

    def is_patterning(self) -> bool:
        return self._state("IsPatterning")

    def wait_pattern(self, **wait: Unpack[WaitOptions]) -> None:
        """Return when no pattern runs."""
        self._wait("the pattern", self.is_patterning, self.stop_pattern, wait)

    def stop_pattern(self) -> None:
        self._do("AbortPattern")

    def trace_path(
        self,
        value: float,
        name: str,
        kind: str = "continuous",
        *,
        block: bool = True,
        **wait: Unpack[WaitOptions],
    ) -> None:
        """Trace a path at ``value``, a power or a velocity, 0 or more.

        ``stop_on_cancel`` stops the trace. Raises 108 for a name that there is none of.
        """
        self._do(written("TracePath", Amount(value, 0), Word(name), Word(kind)))
        if block:
            self._wait(f"path {name}", self.is_tracing, self.stop_trace, wait)

    def is_tracing(self) -> bool:
        return self._state("IsTracing")

    def stop_trace(self) -> None:
        self._do("StopTrace")

    def degas(self, lumens: float, duration: float) -> None:
        """Begin to degas at a brightness that the camera sees, for ``duration`` seconds."""
        brightness, seconds = Amount(lumens, 0, unit="lumens"), Amount(duration, 0, unit="s")
        self._begin(written("MachineVisionDegas", brightness, seconds))
