"""Which items a subscriber wants: paths with ``*`` and ``?``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

#: Patterns of one subscriber, and characters of each.
MOST = 64
LONGEST = 128


class Wish(NamedTuple):
    """What a subscriber asks for; ``session`` and ``number`` are where it was, if it comes back."""

    patterns: list[str]
    session: str = ""
    number: int = 0


def parse_wish(text: str) -> Wish:
    """``PATTERN... [from=SESSION:NUMBER]``. Raises ValueError."""
    patterns = []
    session, number = "", 0
    for word in text.split():
        if word.startswith("from="):
            session, _, digits = word[5:].partition(":")
            number = int(digits)
        else:
            patterns.append(word)
    return Wish(patterns, session, number)


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Tells the paths that any of the patterns fits; ``*`` also crosses slashes.

    Raises ValueError for too many, too long or none.
    """
    if not patterns:
        raise ValueError("a pattern is wanted, as in System/valve/*")
    if len(patterns) > MOST:
        raise ValueError(f"{len(patterns)} patterns, at most {MOST} may be")
    for pattern in patterns:
        if len(pattern) > LONGEST:
            raise ValueError(f"a pattern of more than {LONGEST} characters")
    # Many stars in one pattern would cost a matcher that tries every way.
    if any(pattern.count("*") > 8 for pattern in patterns):
        raise ValueError("a pattern of more than 8 stars")
    if "*" in patterns:
        return lambda path: True
    together = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))
    return lambda path: together.match(path) is not None
