"""One field of a wire pattern: how a value becomes bytes, and bytes that value again."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

#: What stands in a field: a number or a text.
Value: TypeAlias = float | int | str

# No two of its parts take the same bytes, so that a long answer costs no more than its length.
_NUMBER = rb" *(?:[+-] *)?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_BINARY = re.compile(r"([uif])(8|16|32)(be|le)?")
_TEXT = re.compile(r"(\+?)(0?)(\d*)(?:\.(\d+))?([dXxgfeE])")
_LETTERS = {("u", 8): "B", ("i", 8): "b", ("u", 16): "H", ("i", 16): "h", ("u", 32): "I"} | {
    ("i", 32): "i",
    ("f", 32): "f",
}


@dataclass(frozen=True)
class Format:
    """``pattern`` matches what ``write`` makes; ``read`` takes it. Both raise ValueError.

    What is binary has bytes that are no characters.
    """

    pattern: bytes
    is_number: bool
    write: Callable[[Value], bytes]
    read: Callable[[bytes], Value]
    is_binary: bool = False


def field_format(spec: str) -> Format:
    """By what stands behind the colon in ``{value:.2f}``. ValueError for what is none.

    Nothing or ``s`` is text, ``w`` a word without blanks, commas and semicolons; ``d`` a whole
    number, ``X`` a hexadecimal one, ``g``, ``f`` and ``e`` numbers, with a width and a precision
    as in Python; ``u8``, ``i16le``, ``u32be``, ``f32le`` are binary. ``m4e2`` is six digits: four
    of a mantissa in thousandths, two of a power of ten and 20 more.
    """
    if spec == "raw":
        return Format(rb".*", False, lambda value: str(value).encode("latin-1"), _raw)
    if spec in {"", "s"}:
        return _ANY_TEXT
    if spec == "w":
        return Format(rb"[!-+\x2d-:<-~]+", False, _text, _as_text)
    if spec == "m4e2":
        return Format(rb"[0-9]{6}", True, _mantissa_and_power, _of_mantissa_and_power)
    if binary := _BINARY.fullmatch(spec):
        return _binary(binary[1], int(binary[2]), binary[3])
    if number := _TEXT.fullmatch(spec):
        return _number(spec, number)
    raise ValueError(
        f"no such format: {spec!r}; known are s, w, d, X, g, f, e, u8, i16le, f32be, m4e2"
    )


def _text(value: Value) -> bytes:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _plain(text).encode("latin-1")


def _as_text(data: bytes) -> str:
    return _plain(data.decode("latin-1").strip(" "))


def _plain(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError("a text with a control character")
    return text


_ANY_TEXT = Format(rb".*?", False, _text, _as_text)


def _raw(data: bytes) -> str:
    return data.decode("latin-1")


def _binary(letter: str, bits: int, order: str | None) -> Format:
    if (letter, bits) not in _LETTERS or (bits > 8) != (order is not None):
        raise ValueError(f"no such binary format: {letter}{bits}{order or ''}")
    packing = struct.Struct(("<" if order == "le" else ">") + _LETTERS[letter, bits])

    def write(value: Value) -> bytes:
        number = finite(value)
        try:
            return packing.pack(number if letter == "f" else _whole(number))
        except (struct.error, OverflowError) as error:
            raise ValueError(f"{value} does not fit: {error}") from None

    def read(data: bytes) -> Value:
        value: float | int = packing.unpack(data)[0]
        return finite(value)

    return Format(rb"[\x00-\xff]{%d}" % packing.size, True, write, read, is_binary=True)


def _number(spec: str, found: re.Match[str]) -> Format:
    sign, zero, width, _, letter = found.groups()
    if letter in "gfeE":
        return Format(_NUMBER, True, lambda value: _decimal(spec, finite(value)), _as_float)
    digits = b"0-9A-Fa-f" if letter in "Xx" else b"0-9"
    count = b"{%s}" % width.encode() if zero and width else b"+"
    minus = b"" if letter in "Xx" or (zero and width and not sign) else b"[+-]?"
    if zero and sign:
        count = b"{%d}" % (int(width) - 1)
    return Format(
        b" *" * (not zero) + minus + b"[%s]%s" % (digits, count),
        True,
        lambda value: _formatted(spec, _whole(finite(value)), int(width or 0) if zero else 0),
        lambda data: finite(int(data, 16 if letter in "Xx" else 10)),
    )


def _decimal(spec: str, value: float | int) -> bytes:
    """Nothing is sent as -0.0, which not every instrument takes for a number."""
    data = _formatted(spec, value)
    return data if float(data) else _formatted(spec, abs(value))


def _formatted(spec: str, value: float | int, width: int = 0) -> bytes:
    text = format(value, spec)
    if width and len(text) > width:
        raise ValueError(f"{value} is wider than {width}")
    return text.encode()


def _mantissa_and_power(value: Value) -> bytes:
    mantissa, power = f"{finite(value):.3e}".split("e")
    digits = f"{round(float(mantissa) * 1000):04d}{int(power) + 20:02d}"
    if len(digits) != 6 or not digits.isdecimal():
        raise ValueError(f"{value} does not fit")
    return digits.encode()


def _of_mantissa_and_power(data: bytes) -> Value:
    return finite(float(f"{data[:4].decode()}e{int(data[4:]) - 23}"))


def _as_float(data: bytes) -> float:
    return finite(float(data.replace(b" ", b"")))


def finite(value: Value) -> float | int:
    """The same number, and 0 for -0.0.

    ValueError for what is none, infinite, or beyond what a float can be.
    """
    try:
        if math.isfinite(number := float(value)):
            return value if isinstance(value, int) else number + 0.0
    except OverflowError:
        pass
    raise ValueError(f"not a finite number: {value}")


def _whole(number: float | int) -> int:
    rounded = round(number)
    if abs(rounded - number) > 1e-6:
        raise ValueError(f"not a whole number: {number:g}")
    return rounded
