"""Whether the valves and gauges that a rule names are there: one that names none guards nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.interfaces import IExtractionLineManager, IGaugeController


def check_named(call: Any) -> None:
    """ValueError for a part that the call's manager does not have, with the nearest that it has.

    A call tells them as ``named``, where it does: each by what it is. Moves no hardware and reads
    none: of a manager that does not tell its names nothing is said.
    """
    manager = call.manager
    named = getattr(call, "named", {})
    valve, gauge = named.get("valve"), named.get("gauge")
    if valve and IExtractionLineManager.providedBy(manager) and not manager.has_valve(valve):
        raise ValueError(_missing("valve", valve, getattr(manager, "valve_names", ())))
    if gauge and IGaugeController.providedBy(manager):
        gauges = getattr(manager, "gauge_names", None)
        if gauges is not None and gauge not in gauges:
            raise ValueError(_missing("gauge", gauge, gauges))


def _missing(kind: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    listed = f" (known: {', '.join(names)})" if names else ""
    return f"there is no {kind} {name}{did_you_mean(name, names)}{listed}"
