"""Words parted by blanks, where quotes hold some together, as a shell and ``shlex`` part them.

In time that grows with the length of the text alone, which cannot be said of ``shlex``: a line of
64 KB may come from anybody.
"""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"""(?P<bare>[^"'\\]+)"""
    r"""|"(?P<double>[^"\\]*(?:\\.[^"\\]*)*)\""""
    r"""|'(?P<single>[^']*)'"""
    r"""|\\(?P<escaped>.)""",
    re.DOTALL,
)
_BLANKS = re.compile(r"[ \t\r\n]+")
# Between double quotes a backslash is one, but before these.
_ESCAPED = re.compile(r"""\\(["\\])""")


def quoted(word: str) -> str:
    """A word as ``split_quoted`` gives it back, whatever is in it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def split_quoted(text: str) -> list[str]:
    """The words of a text. ValueError for a quote without its end, or a backslash at the end."""
    words: list[str] = []
    word: list[str] | None = None
    end = 0
    for found in _PIECE.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        kind = found.lastgroup or ""
        first, *rest = _BLANKS.split(found[kind]) if kind == "bare" else (found[kind],)
        if first or kind != "bare":
            word = word or []
            word.append(_ESCAPED.sub(r"\1", first) if kind == "double" else first)
        if rest:
            # A blank ends what stood before it; what stands behind the last one may go on.
            words += ["".join(word)] if word is not None else []
            words += rest[:-1]
            word = [rest[-1]] if rest[-1] else None
    if end != len(text):
        raise ValueError(_unfinished(text[end:]))
    return words if word is None else [*words, "".join(word)]


def _unfinished(rest: str) -> str:
    """What is wrong with a rest that begins with a quote or is a backslash."""
    backslashes = len(rest) - len(rest.rstrip("\\"))
    return "No escaped character" if backslashes % 2 and rest[0] != "'" else "No closing quotation"
