"""How each valve does, for Prometheus: its wear, how long it takes, how often it is not obeyed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pychron_comms.interfaces import ICall, Move, Severity
from pychron_comms.observability.metrics import Counter, Histogram, Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.processor.execution.watches import EndedCommand

_VALVE = "/valve/"


class _Figures(NamedTuple):
    moves: Counter
    travel: Histogram


class ValveFigures:
    """Counts moves that were done, and times those of valves that take their time; as a subscriber
    of the stream also how often one stands other than it was told.

    ``path_of`` tells the item that shows what is moved. The names of valves are the
    configuration's: a closed set.
    """

    def __init__(self, metrics: Metrics, path_of: Callable[[Move], str]) -> None:
        self._metrics = metrics
        self._path_of = path_of
        # By the manager's identity, and its name for the valve.
        self._figures: dict[tuple[int, str], _Figures] = {}
        # The calls that went on and have not ended, by their identity.
        self._under_way: set[int] = set()
        self._disobedient: set[str] = set()

    def goes_on(self, call: ICall) -> None:
        """From now on it moves."""
        self._under_way.add(id(call))

    def all_ended(self, commands: Sequence[EndedCommand]) -> None:
        """They have their replies."""
        for call, _, reply, _, ran in commands:
            travelled = ran if id(call) in self._under_way else None
            self._under_way.discard(id(call))
            for move in call.moves if reply == "OK" else ():
                # A lock moves the valve to no value.
                if isinstance(move.value, bool):
                    self._count(move, travelled)

    def item_changed(self, item: Item, at: float) -> None:
        """As a follower of the stream."""
        if _VALVE not in item.path:
            return
        if not _is_disobedient(item):
            self._disobedient.discard(item.path)
        elif item.path not in self._disobedient:
            self._disobedient.add(item.path)
            self._metrics.counter(
                "pychron_comms_valve_state_mismatch_total",
                "Times that a valve was found other than it was told.",
                valve=_name_of(item.path),
            ).value += 1

    def _count(self, move: Move, travelled: float | None) -> None:
        figures = self._figures.get((id(move.manager), move.target)) or self._new_figures(move)
        if figures is not None:
            figures.moves.value += 1
            if travelled is not None:
                figures.travel.observe(travelled)

    def _new_figures(self, move: Move) -> _Figures | None:
        """None where it is no valve."""
        name = _name_of(self._path_of(move))
        if not name:
            return None
        moves = self._metrics.counter(
            "pychron_comms_valve_actuations_total", "Moves of a valve that were done.", valve=name
        )
        travel = self._metrics.histogram(
            "pychron_comms_valve_travel_seconds",
            "From when a valve began to move until its manager said that it stands.",
            valve=name,
        )
        figures = self._figures[id(move.manager), move.target] = _Figures(moves, travel)
        return figures


def _name_of(path: str) -> str:
    return path.partition(_VALVE)[2]


def _is_disobedient(item: Item) -> bool:
    """Whether it is known to stand other than it was told, and no command moves it."""
    details = item.details
    return (
        item.severity is Severity.MAJOR
        and details.get("moving") is False
        and details.get("target") is not item.value
    )
