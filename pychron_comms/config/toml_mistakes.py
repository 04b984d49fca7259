"""What a line that is no TOML likely lacks: ``tomllib`` tells where it stopped, and not why."""

from __future__ import annotations

import re
from typing import NamedTuple

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_CURLY = re.compile("[\u201c\u201d\u201e\u2018\u2019]")
_COMMENT = re.compile(r"""\A((?:[^"'#]|"[^"]*"|'[^']*')*)#.*""")
_BARE_WORD = re.compile(r"""[^\s,\]}#"'\[{]+""")
_BARE_VALUE = re.compile(r"""=\s*([^\s"'\[{#][^#]*)""")
_NUMBER = re.compile(r"[\w.+-]+\Z")
_LONGEST = 80

#: How what tomllib says begins, and what is meant by it.
_MEANINGS = {
    "Expected '=' after": "a key is one word, and = stands between it and its value",
    "Expected ']' at": "a ] is missing",
    "Unescaped '\\'": "a backslash between double quotes is written twice; or take single quotes",
    "Unclosed array": "a comma or a ] is missing before this",
    "Unclosed inline table": "what stands between { and } stands in one line",
    "Cannot overwrite a value": "this key has a value already",
    "Cannot declare": "this table is there already; [[...]] begins one more of its kind",
    "Expected newline": "a value may be followed by a comment alone",
}


class Mistake(NamedTuple):
    """``line`` counts from 1, None where none is told; ``text`` is one line for a person."""

    line: int | None
    text: str


def mistake_in(text: str, error: Exception) -> Mistake:
    """What ``tomllib`` has against ``text``, as a person would say it."""
    said = str(error)
    lines = text.splitlines() or [""]
    found = _PLACE.search(said)
    if found is None:
        return Mistake(None, f"cannot be read: {said}")
    told = said[: found.start()]
    if found[1] is None:
        number, column = _last_of(lines, told), 1
    else:
        number, column = int(found[1]), int(found[2])
    # What ends too early is told of in the line behind the last.
    number = min(number, len(lines))
    line = lines[number - 1]
    meaning = _meaning(line, column, told)
    shown = line.strip()
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
    return Mistake(number, f"cannot be read: {shown} ({meaning or told})")


def _last_of(lines: list[str], told: str) -> int:
    """The line that a mistake stands in which was found at the end of the file."""
    filled = [number for number, line in enumerate(lines, 1) if line.strip()] or [1]
    odd = [number for number in filled if _lacks_quote(lines[number - 1])]
    return odd[-1] if odd and told.startswith(("Unterminated", "Expected")) else filled[-1]


def _meaning(line: str, column: int, told: str) -> str:
    if _CURLY.search(line):
        return 'quotes are straight: "'
    if _lacks_quote(line):
        return "a quote is missing"
    if told.startswith("Invalid value"):
        return _of_value(line[column - 1 :])
    if told.startswith("Expected newline") and (bare := _BARE_VALUE.search(line)):
        return _of_value(bare[1])
    # What begins as a number, and goes on: an address.
    begun = _NUMBER.search(line[: column - 1])
    rest = _BARE_WORD.match(line, column - 1)
    if told.startswith("Unclosed array") and begun and rest:
        return _of_value(begun[0] + rest[0])
    return next((text for begin, text in _MEANINGS.items() if told.startswith(begin)), "")


def _lacks_quote(line: str) -> bool:
    """Whether one of its two kinds of quotes is open at its end."""
    line = _COMMENT.sub(r"\1", line).replace('"""', "").replace("'''", "").replace(r"\"", "")
    opened = ""
    for letter in line:
        if letter in "\"'" and opened in {"", letter}:
            opened = "" if opened else letter
    return bool(opened)


def _of_value(value: str) -> str:
    found = _BARE_WORD.match(value.strip())
    if found is None:
        return "a value is missing after the ="
    word = found[0]
    if word.lower() in {"true", "false"}:
        return f"it is written small: {word.lower()}"
    if re.fullmatch(r"0\d+", word):
        return "a number begins with no 0"
    return f'a text stands between quotes: "{word}"'
