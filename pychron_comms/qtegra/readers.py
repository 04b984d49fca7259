"""How Qtegra's script reads the words behind a command's own: as values by their names.

Words are parted by single blanks; names that hold blanks are joined again where the script does so.
"""

from __future__ import annotations

from collections.abc import Callable

from pychron_comms.qtegra import formatting as texts

Values = dict[str, object]

#: The values that some words say. Raises Unanswered where the script breaks.
Reader = Callable[[list[str]], Values]


class Unanswered(Exception):
    """The script breaks here: a missing argument, a number that is none, data that is not there."""


def nothing(words: list[str]) -> Values:
    """Whatever stands there is ignored."""
    return {}


def first(*names: str) -> Reader:
    """One word for each name."""
    return lambda words: {name: _word(words, index) for index, name in enumerate(names)}


def joined(name: str) -> Reader:
    """All words, with their blanks; no word is an empty name."""
    return lambda words: {name: " ".join(words)}


def listed(name: str) -> Reader:
    """Names that commas part, with their blanks."""
    return lambda words: {name: tuple(" ".join(words).split(","))}


def number(name: str) -> Reader:
    return lambda words: {name: _number(words)}


def named_number(name: str, value: str) -> Reader:
    """``Name with blanks,1.5``."""

    def read(words: list[str]) -> Values:
        parts = " ".join(words).split(",")
        return {name: parts[0], value: _number(parts, 1)}

    return read


def truth(name: str) -> Reader:
    """``True`` in any case; all else is false, but what may be a part of it."""
    return lambda words: {name: _is(_word(words), "true")}


def protection(words: list[str]) -> Values:
    """``detector,On`` in any case; all but On is Off, but what may be a part of it."""
    parts = _word(words).split(",")
    return {
        "detector": parts[0],
        "protection": "On" if _is(_word(parts, 1), "on") else "Off",
    }


def mass(words: list[str]) -> Values:
    """``39.962,AX``. The script knows no detector that is left out: it is an empty name."""
    parts = " ".join(words).split(",")
    return {"mass": _number(parts), "detector": parts[1] if len(parts) > 1 else ""}


def unreadable(words: list[str]) -> Values:
    """Never answered."""
    raise Unanswered


def _word(words: list[str], index: int = 0) -> str:
    if index >= len(words):
        raise Unanswered
    return words[index]


def _is(word: str, wanted: str) -> bool:
    """Nothing here ends a line for certain: of a word that was cut, the script takes the contrary,
    and would let a beam through that was to be kept away."""
    word = word.lower()
    if word != wanted and wanted.startswith(word):
        raise Unanswered
    return word == wanted


def _number(words: list[str], index: int = 0) -> float:
    try:
        return texts.parse_number(_word(words, index))
    except ValueError:
        raise Unanswered from None
