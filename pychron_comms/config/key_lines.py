"""In which line of a TOML text each key stands, which ``tomllib`` does not tell."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' + r"|'''.*?'{3,5}" + r"""|"(?:[^"\\]|\\.)*"|'[^']*'""",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


def key_lines(text: str) -> dict[str, int]:
    """The line of each key and table, from 1, by its path: ``server.listener[0].type``.

    ``text`` must be TOML: what it gives for anything else says nothing.
    """
    return _Scanner(text).scan()


class _Scanner:
    """Goes through the text once; it looks at keys, and past values."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[str, int] = {}
        # How many tables each array of tables has so far.
        self._lengths: dict[str, int] = {}

    def scan(self) -> dict[str, int]:
        table = ""
        while self._skip_blanks() < len(self._text):
            if self._take("[["):
                table = self._header(in_array=True)
            elif self._take("["):
                table = self._header(in_array=False)
            else:
                self._pair(table)
        return self._lines

    def _header(self, *, in_array: bool) -> str:
        *above, last = self._keys()
        self._take("]]" if in_array else "]")
        path = ""
        for key in above:
            path = self._latest(_join(path, key))
            self._note(path)
        path = _join(path, last)
        if in_array:
            self._lengths[path] = self._lengths.get(path, 0) + 1
            self._note(path)
            path = self._latest(path)
        self._note(path)
        return path

    def _latest(self, path: str) -> str:
        return f"{path}[{self._lengths[path] - 1}]" if path in self._lengths else path

    def _pair(self, path: str) -> None:
        for key in self._keys():
            path = _join(path, key)
            self._note(path)
        self._take("=")
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while found := _KEY.match(self._text, self._at):
            self._at = found.end()
            keys.append(next(each for each in found.groups() if each is not None))
            if not self._take("."):
                return keys
        raise ValueError("no TOML")

    def _value(self, path: str) -> None:
        self._skip_blanks()
        if self._take("["):
            index = 0
            while not self._end_of("]"):
                self._note(f"{path}[{index}]")
                self._value(f"{path}[{index}]")
                index += 1
        elif self._take("{"):
            while not self._end_of("}"):
                self._pair(path)
        else:
            found = _STRING.match(self._text, self._at) or _SCALAR.match(self._text, self._at)
            self._at = found.end() if found else len(self._text)

    def _end_of(self, bracket: str) -> bool:
        """Past the comma between two members, or past the bracket behind the last (True)."""
        self._skip_blanks()
        self._take(",")
        return self._skip_blanks() >= len(self._text) or self._take(bracket)

    def _skip_blanks(self) -> int:
        found = _BLANKS.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _take(self, word: str) -> bool:
        if self._text.startswith(word, self._at):
            self._at += len(word)
            return True
        return False

    def _note(self, path: str) -> None:
        self._lines.setdefault(path, self._text.count("\n", 0, self._at) + 1)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
