"""Faults that a simulated instrument can have: ``drop=1%,late=2s,garble=5%,half,other-address``."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

_FAULT = re.compile(r"([a-z-]+)(?:=(\d+(?:\.\d+)?)(%|s)?)?")
_CERTAIN = 100.0

#: Bytes that an answer is longer by: more than a driver takes.
_LONG = 5000


class Piece(NamedTuple):
    """Bytes of an answer, and after how many seconds they come."""

    after: float
    data: bytes


class Faults:
    """Spoils answers. ``text`` is a list parted by commas; ValueError for what is none.

    ``drop``, ``garble``, ``half``, ``double``, ``long``, ``noise`` and ``other-address`` take a
    share in percent (100 where none is given), ``late`` seconds and ``pieces`` seconds between
    bytes.
    """

    def __init__(self, text: str, source: random.Random) -> None:
        self._source = source
        self._shares: dict[str, float] = {}
        self._late = 0.0
        self._between = 0.0
        for word in filter(None, (each.strip() for each in text.split(","))):
            self._take(word)

    def spoiled(self, answer: bytes) -> Iterator[Piece]:
        """What comes in its place."""
        for name, spoil in _SPOILS.items():
            if self._source.random() * _CERTAIN < self._shares.get(name, 0.0):
                answer = spoil(answer, self._source)
        if not self._between:
            if answer:
                yield Piece(self._late, answer)
            return
        for index, byte in enumerate(answer):
            yield Piece(self._late + index * self._between, bytes([byte]))

    def _take(self, word: str) -> None:
        found = _FAULT.fullmatch(word)
        if found is None:
            raise ValueError(f"no fault: {word!r}")
        name, number, unit = found.groups()
        if name == "late" and unit == "s":
            self._late = float(number)
        elif name == "pieces" and unit == "s":
            self._between = float(number)
        elif name in _SPOILS and unit in {"%", None} and float(number or 0) <= _CERTAIN:
            self._shares[name] = float(number) if number else _CERTAIN
        else:
            known = ", ".join([f"{each}=5%" for each in _SPOILS] + ["late=2s", "pieces=0.1s"])
            raise ValueError(f"no fault: {word!r}; known are {known}")


def _garbled(answer: bytes, source: random.Random) -> bytes:
    if not answer:
        return answer
    spoiled = bytearray(answer)
    spoiled[source.randrange(len(answer))] ^= 1 << source.randrange(7)
    return bytes(spoiled)


def _for_another(answer: bytes, source: random.Random) -> bytes:
    """The first digit is another one: on many wires the address."""
    for index, byte in enumerate(answer):
        if chr(byte).isdigit():
            return answer[:index] + b"%d" % ((byte - 48 + 1) % 10) + answer[index + 1 :]
    return answer


_SPOILS: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "other-address": _for_another,
    "garble": _garbled,
    "half": lambda answer, source: answer[: len(answer) // 2],
    "double": lambda answer, source: answer * 2,
    "long": lambda answer, source: answer[:1] * _LONG + answer,
    "noise": lambda answer, source: source.randbytes(3) + answer,
    "drop": lambda answer, source: b"",
}
