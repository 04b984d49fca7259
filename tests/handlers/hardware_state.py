"""The state of a simulated laboratory, and which parts a difference of two states tells of."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from pychron_comms.lab.hardware import Hardware

#: What an attribute of a simulated manager belongs to: the name of a part, with groups of the
#: pattern in it; None for what only follows from parts that moved, as pressures do.
_PARTS: tuple[tuple[str, str | None], ...] = (
    # The extraction line.
    (r"_valves/(\w+)/_began", None),
    (r"_valves/(\w+)/.*", r"\1"),
    (r"_owners/(\w+)", r"\1/owner"),
    (r"_vacuum/.*", None),
    (r"_shots/.*|_opened/.*", None),
    # Lasers.
    (r"stage/_axes/(\w+)/.*", r"stage/\1"),
    (r"stage/_holder", "stage/holder"),
    (r"stage/_autocentering/.*", "stage/correction"),
    (r"stage/_trace/.*", "stage"),
    (r"_patterns/_activity/.*", "stage"),
    (r"output/_enabled", "output/enabled"),
    (r"output/(_power|_units|pyrometer/.*)", "output/power"),
    (r"output/_broken", None),
    (r"_degassing/.*", "output/power"),
    (r"_preparation/.*", "output/prepared"),
    (r"_firing/.*|_burst_mode", "output/fire"),
    (r"_nburst", "output/burst"),
    (r"_reprate", "output/rate"),
    (r"motors/_motors/(\w+)/motion/.*", r"motors/\1/position"),
    (r"motors/_motors/(\w+)/locked", r"motors/\1/lock"),
    (r"camera/(light|recording)", r"camera/\1"),
    (r"_grains/_waiting", "camera/outlines"),
    (r"_grains/_measured_until", "camera/measuring"),
    # The mass spectrometer.
    (r"_parameters/_values/Y-Symmetry Set", "beam"),
    (r"_parameters/_values/Deflection (.+) Set", r"\1/deflection"),
    (r"_parameters/_values/(.+)", r"\1"),
    (r"_unblanked", "beam"),
    (r"_unprotected/(.+)", r"\1/deflection"),
    (r"_magnet/.*", "magnet"),
    (r"_collector/_(magnet|parameters)/.*", None),
    (r"_collector/gains/(.+)", r"\1/gain"),
    (r"_collector/active/(.+)", r"\1/counter"),
    (r"_cups/active/.*", "cups"),
    (r"_acquisition/seconds", "integration"),
    (r"_acquisition/.*", None),
    # Devices, which are parts of nothing else; runs and scripts.
    (r"_value|_end|_setpoint/.*", ""),
    (r"events/.*", None),
    (r"_ends/(\w+)-\d+", r"\1"),
    (r"_shown/.*", None),
)

# Where holes and points lie never changes, and is long.
_FIXED = frozenset({"_map", "_specs"})

_PACKAGE = "pychron_comms.lab.simulated"


def state_of(hardware: Hardware) -> dict[tuple[int, str], object]:
    """Every value in every manager and device: by the manager, and the way to it."""
    state: dict[tuple[int, str], object] = {}
    for manager in (*hardware._managers.values(), *hardware._devices.values()):
        for path, value in _values(manager, ""):
            state[id(manager), path] = value
    return state


def moved_parts(
    before: Mapping[tuple[int, str], object], after: Mapping[tuple[int, str], object]
) -> set[tuple[int, str]]:
    """The parts whose state differs. KeyError for a difference that belongs to none known."""
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    parts = {(manager, _part(path)) for manager, path in changed}
    return {(manager, part) for manager, part in parts if part is not None}


def _part(path: str) -> str | None:
    for pattern, part in _PARTS:
        found = re.fullmatch(pattern, path)
        if found is not None:
            return None if part is None else found.expand(part)
    raise KeyError(path)


def _values(value: Any, path: str) -> list[tuple[str, object]]:
    """The plain values within a value, and where they are."""
    if isinstance(value, Mapping):
        inner = {str(key): each for key, each in value.items()}
    elif isinstance(value, (set, frozenset)):
        inner = {str(each): True for each in value}
    elif hasattr(value, "_asdict"):
        inner = value._asdict()
    elif isinstance(value, (str, int, float)) or value is None:
        return [(path, value)]
    elif isinstance(value, (list, tuple, deque)):
        inner = {str(index): each for index, each in enumerate(value)}
    elif type(value).__module__.startswith(_PACKAGE) and hasattr(value, "__dict__"):
        inner = vars(value)
    else:  # clocks, sources of noise, functions
        return []
    return [
        found
        for name, each in inner.items()
        if name not in _FIXED
        for found in _values(each, f"{path}/{name}" if path else name)
    ]
