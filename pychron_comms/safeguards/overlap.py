"""Which parts of a manager are in each other's way."""

from __future__ import annotations


def overlap(one: str, other: str) -> bool:
    """Whether two targets have something in common: ``stage`` and ``stage/x`` have.

    Empty is all of a manager.
    """
    if one == other or not one or not other:
        return True
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")
