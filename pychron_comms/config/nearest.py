"""The known word that is meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# What is longer is no slip of the fingers, and would take long to compare.
_LONGEST = 64


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, whatever its case; empty where none is like it."""
    if len(word) > _LONGEST:
        return ""
    by_lower = {each.lower(): each for each in known}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    found = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """To be appended to what is said of an unknown word; empty where none is like it."""
    found = nearest(word, known)
    return f"; did you mean {found}?" if found else ""
