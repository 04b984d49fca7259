"""What two readings of a configuration say differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The keys whose values differ, as mistakes name them: those of a section one by one."""
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if one == other:
            continue
        if isinstance(one or {}, Mapping) and isinstance(other or {}, Mapping):
            yield from (f"{key}.{below}" for below in _differing(one or {}, other or {}))
        else:
            yield key


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in sorted(one.keys() | other.keys()) if one.get(key) != other.get(key))
