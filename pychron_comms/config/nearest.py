"""The known word that is meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# What is longer is no slip of the fingers, and would take long to compare.
_LONGEST = 64

#: Of those that look alike, so many are looked at closely.
_ALIKE = 3

#: One slip of the fingers for so many letters of the longer word, and one in any word.
_LETTERS_A_SLIP = 3

#: So much of a word must be there for it to stand for the whole.
_SHORTEST = 0.6


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was meant, whatever its case; empty where none is near.

    Near is a word that a few slips make of this one (a letter more, less, another, or two the
    wrong way round), or one of which it is short or long for (``int16``, ``i16``). What merely
    has letters in common is worse than no word: it sends a person the wrong way.
    """
    if len(word) > _LONGEST:
        return ""
    by_lower = {each.lower(): each for each in known}
    meant = word.lower()
    if meant in by_lower:
        return by_lower[meant]
    alike = get_close_matches(meant, by_lower, n=_ALIKE)
    near = [each for each in alike if _is_near(meant, each)]
    return by_lower[min(near, key=lambda each: _slips(meant, each))] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """To be appended to what is said of an unknown word; empty where none is near."""
    found = nearest(word, known)
    return f"; did you mean {found}?" if found else ""


def _is_near(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if _stands_for(short, long):
        return True
    allowed = max(1, len(long) // _LETTERS_A_SLIP)
    return len(long) - len(short) <= allowed and _slips(short, long) <= allowed


def _stands_for(short: str, long: str) -> bool:
    """Whether the letters of one are found in the other, in their order, and few others."""
    letters = iter(long)
    return len(short) >= _SHORTEST * len(long) and all(letter in letters for letter in short)


def _slips(word: str, other: str) -> int:
    """How many letters were added, left out, taken for another, or changed with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(word):
        above, row = row, [at + 1]
        for place, wanted in enumerate(other):
            cost = min(above[place] + (letter != wanted), above[place + 1] + 1, row[place] + 1)
            if at and place and letter == other[place - 1] and wanted == word[at - 1]:
                cost = min(cost, before[place - 1] + 1)
            row.append(cost)
        before = above
    return row[-1]
