"""Numbers in registers: their types, and the order of words and bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from pychron_comms.instruments.fields import Value

_LETTERS = {
    "u16": "H",
    "i16": "h",
    "u32": "I",
    "i32": "i",
    "f32": "f",
    "u64": "Q",
    "i64": "q",
    "f64": "d",
}
TYPES = tuple(_LETTERS)

#: A big-endian number has the bytes A B C D: whether words and bytes stand the other way round.
_ORDERS: Mapping[str, tuple[bool, bool]] = {
    "ABCD": (False, False),
    "CDAB": (True, False),
    "BADC": (False, True),
    "DCBA": (True, True),
}
ORDERS = tuple(_ORDERS)

_WORD = 2

#: Digits that tell any two numbers of 32 bits apart.
_ENOUGH = 10


@dataclass(frozen=True)
class RegisterType:
    """One of ``TYPES`` in one of ``ORDERS``; ``value = number * scale + offset``."""

    name: str = "u16"
    order: str = "ABCD"
    scale: float = 1.0
    offset: float = 0.0

    @property
    def size(self) -> int:
        """How many registers it takes."""
        return struct.calcsize(self._letter) // _WORD

    @property
    def _letter(self) -> str:
        return ">" + _LETTERS[self.name]

    def raw(self, data: bytes) -> float | int:
        """The number as it stands in the registers. ValueError for one that is not finite."""
        number: float | int = struct.unpack(self._letter, self._arranged(data))[0]
        if not math.isfinite(number):
            raise ValueError(f"not a finite number: {number}")
        return _single(number) if self.name == "f32" else number

    def scaled(self, number: float | int) -> float | int:
        """What it means."""
        if (self.scale, self.offset) == (1.0, 0.0):
            return number
        value = float(f"{number * self.scale + self.offset:.12g}")
        return int(value) if value.is_integer() and abs(value) < 1e15 else value

    def write(self, value: Value) -> bytes:
        """As it is sent; with a scale, to the nearest step. ValueError for what does not fit."""
        number = (float(value) - self.offset) / self.scale
        if not math.isfinite(number):
            raise ValueError(f"not a finite number: {value}")
        is_float = self.name.startswith("f")
        if not is_float and self.scale == 1 and not number.is_integer():
            raise ValueError(f"not a whole number: {value}")
        try:
            packed = struct.pack(self._letter, number if is_float else round(number))
        except (struct.error, OverflowError) as error:
            raise ValueError(f"{value} does not fit: {error}") from None
        return self._arranged(packed)

    def _arranged(self, data: bytes) -> bytes:
        words_swapped, bytes_swapped = _ORDERS[self.order]
        words = [data[at : at + _WORD] for at in range(0, len(data), _WORD)]
        if bytes_swapped:
            words = [word[::-1] for word in words]
        return b"".join(reversed(words) if words_swapped else words)


def _single(number: float) -> float:
    """The shortest number that these 32 bits stand for: 23.4, not 23.399999618530273."""
    shorter = (float(f"{number:.{digits}g}") for digits in range(6, _ENOUGH))
    return next((each for each in shorter if _as_32_bits(each) == number), number)


def _as_32_bits(number: float) -> float:
    try:
        packed: float = struct.unpack(">f", struct.pack(">f", number))[0]
    except OverflowError:
        return math.inf
    return packed
