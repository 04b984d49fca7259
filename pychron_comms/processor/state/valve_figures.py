"""How often each valve is moved: its wear, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pychron_comms.interfaces import ICall, Move
from pychron_comms.observability.metrics import Metrics

_VALVE = "/valve/"


class ValveFigures:
    """Counts moves that were done; ``path_of`` tells the item that shows what is moved.

    The names of valves are the configuration's: a closed set.
    """

    def __init__(self, metrics: Metrics, path_of: Callable[[Move], str]) -> None:
        self._metrics = metrics
        self._path_of = path_of

    def goes_on(self, call: ICall) -> None:
        """Only its end is counted."""

    def ended(self, call: ICall, request: Mapping[str, str], reply: str, seconds: float) -> None:
        """It has its reply."""
        for move in call.moves if reply == "OK" else ():
            _, is_valve, name = self._path_of(move).partition(_VALVE)
            # A lock moves the valve to no value.
            if is_valve and isinstance(move.value, bool):
                self._metrics.counter(
                    "pychron_comms_valve_actuations_total",
                    "Moves of a valve that were done.",
                    valve=name,
                ).value += 1
