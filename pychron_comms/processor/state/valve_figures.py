"""How often each valve is moved: its wear, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pychron_comms.interfaces import ICall, Move
from pychron_comms.observability.metrics import Counter, Metrics

_VALVE = "/valve/"


class ValveFigures:
    """Counts moves that were done; ``path_of`` tells the item that shows what is moved.

    The names of valves are the configuration's: a closed set.
    """

    def __init__(self, metrics: Metrics, path_of: Callable[[Move], str]) -> None:
        self._metrics = metrics
        self._path_of = path_of
        # By the paths of the valves.
        self._counters: dict[str, Counter] = {}

    def goes_on(self, call: ICall) -> None:
        """Only its end is counted."""

    def ended(self, call: ICall, request: Mapping[str, str], reply: str, seconds: float) -> None:
        """It has its reply."""
        for move in call.moves if reply == "OK" else ():
            # A lock moves the valve to no value.
            if isinstance(move.value, bool):
                path = self._path_of(move)
                counter = self._counters.get(path) or self._new_counter(path)
                if counter is not None:
                    counter.value += 1

    def _new_counter(self, path: str) -> Counter | None:
        """None where it is no valve."""
        _, is_valve, name = path.partition(_VALVE)
        if not is_valve:
            return None
        counter = self._counters[path] = self._metrics.counter(
            "pychron_comms_valve_actuations_total", "Moves of a valve that were done.", valve=name
        )
        return counter
