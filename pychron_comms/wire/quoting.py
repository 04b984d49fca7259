"""Words parted by blanks, where quotes hold some together, as a shell and ``shlex`` part them.

In time that grows with the length of the text alone, which cannot be said of ``shlex``: a line of
64 KB may come from anybody.
"""

from __future__ import annotations

import re

# What holds a word together, possessively: nothing is tried twice. What stands in it in groups.
_DOUBLE = r"""[^"\\]*+(?:\\.[^"\\]*+)*+"""
_HELD = re.compile(rf"""\"({_DOUBLE})\"|'([^']*+)'|\\(.)""", re.DOTALL)
_DOUBLES = slice(1, None, 4)
_PIECE = rf"""\"{_DOUBLE}\"|'[^']*+'|\\."""
_WORD = re.compile(rf"""(?:[^"'\\ \t\r\n]++|{_PIECE})++""", re.DOTALL)
_FINISHED = re.compile(rf"""(?:[^"'\\]++|{_PIECE})*+""", re.DOTALL)
# Between double quotes a backslash is one, but before these.
_ESCAPED = re.compile(r"""\\(["\\])""")


def quoted(word: str) -> str:
    """A word as ``split_quoted`` gives it back, whatever is in it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(text: str) -> str:
    """The only word of a text: all of it, without quotes around the whole."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def split_quoted(text: str) -> list[str]:
    """The words of a text. ValueError for a quote without its end, or a backslash at the end."""
    rest = _FINISHED.sub("", text, count=1)
    if rest:
        raise ValueError(_unfinished(rest))
    return [_as_meant(word) for word in _WORD.findall(text)]


def _as_meant(word: str) -> str:
    """Without what holds it together. There may be thirty thousand pieces: no step for each."""
    if not ('"' in word or "'" in word or "\\" in word):
        return word
    pieces = _HELD.split(word)
    if "\\" in word:
        pieces[_DOUBLES] = [
            "".join(_ESCAPED.split(each)) if each and "\\" in each else each
            for each in pieces[_DOUBLES]
        ]
    return "".join(filter(None, pieces))


def _unfinished(rest: str) -> str:
    """What is wrong with a rest that begins with a quote or is a backslash."""
    backslashes = len(rest) - len(rest.rstrip("\\"))
    return "No escaped character" if backslashes % 2 and rest[0] != "'" else "No closing quotation"
