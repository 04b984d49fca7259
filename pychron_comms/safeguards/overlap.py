"""Which parts of a manager are in each other's way."""

from __future__ import annotations

from collections.abc import Iterable

from pychron_comms.interfaces import InTerms, Move


def overlap(one: str, other: str) -> bool:
    """Whether two targets have something in common: ``stage`` and ``stage/x`` have.

    Empty is all of a manager.
    """
    if one == other or not one or not other:
        return True
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")


def any_overlap(one: Iterable[Move], other: Iterable[Move]) -> bool:
    """Whether some part is in both."""
    return any(
        mine.manager is its.manager and overlap(mine.target, its.target)
        for mine in one
        for its in other
    )


def may_be_one(one: Move, other: Move) -> bool:
    """Whether both may move one part to one value; what cannot be told may be the same."""
    return (
        one.manager is other.manager
        and overlap(one.target, other.target)
        and _may_be_equal(one.value, other.value)
    )


def _may_be_equal(one: object, other: object) -> bool:
    if one is None or other is None:
        return True
    if isinstance(one, InTerms) and isinstance(other, InTerms) and one.terms == other.terms:
        return one.value == other.value
    if isinstance(one, InTerms) or isinstance(other, InTerms):
        return True
    # For Python True is 1: an enabled laser is no power of 1 %.
    return one == other and isinstance(one, bool) is isinstance(other, bool)
