"""A wire pattern: one text that says both what is sent and how an answer is read.

``SETP {loop:d},{value:.3f}`` makes bytes of values, and takes such bytes apart again; so one
description serves the driver and its simulator. ``{value*2:u8}`` is scaled on the wire,
``{channel-1}`` shifted, ``{_:w}`` passed over. ``{check}`` is the checksum over what precedes it,
from ``{start}`` on where that stands in the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from pychron_comms.instruments.fields import Format, Value, field_format, finite
from pychron_comms.instruments.wire_text import hex_bytes, wire_bytes

CHECK = "check"
START = "start"

#: A field that nobody wants to know: 0 where it is built, or nothing where that will do.
PASSED_OVER = "_"

#: Fields that hold a message within a message, byte for byte.
_RAW = frozenset({"body", "reply"})

_ANY = field_format("")

_FIELD = re.compile(r"\{([^{}]*)\}")
_INSIDE = re.compile(r"(_|[a-z][a-z0-9_]*)(?:([*/+-])(\d+(?:\.\d+)?))?(?::(.+))?")
_SCALES: Mapping[str, tuple[Callable[..., float], Callable[..., float]]] = {
    "*": (lambda value, by: value * by, lambda value, by: value / by),
    "/": (lambda value, by: value / by, lambda value, by: value * by),
    "+": (lambda value, by: value + by, lambda value, by: value - by),
    "-": (lambda value, by: value - by, lambda value, by: value + by),
}


class GarbledError(Exception):
    """Bytes that are not what the pattern says; ``str()`` tells what they should have been."""


@dataclass(frozen=True)
class _Field:
    name: str
    format: Format
    scale: str = ""
    by: float = 0.0

    def write(self, value: Value) -> bytes:
        if self.scale:
            value = _tidy(_SCALES[self.scale][0](float(value), self.by))
        return self.format.write(value)

    def read(self, data: bytes) -> Value:
        value = self.format.read(data)
        if self.scale:
            value = finite(_tidy(_SCALES[self.scale][1](float(value), self.by)))
        return value


class Pattern:
    """``fields`` are the names of its fields, in their order, without the checksum.

    ValueError for a text that is none. ``words`` are texts that may stand in place of ``{value}``,
    numbers where that is binary; ``hexadecimal`` says that what is no field is pairs of hexadecimal
    digits.
    """

    def __init__(
        self,
        text: str,
        check: Callable[[bytes], int] | None = None,
        *,
        hexadecimal: bool = False,
        words: Collection[str] = (),
    ) -> None:
        self.text = text
        self._check = check
        self._words = frozenset(words)
        self._numbers = _numbers(words)
        self._parts = list(_parts(text, hex_bytes if hexadecimal else wire_bytes))
        self.fields = [
            part.name
            for part in self._parts
            if isinstance(part, _Field) and part.name not in {CHECK, PASSED_OVER}
        ]
        names = [part.name for part in self._parts if isinstance(part, _Field)]
        if CHECK in names and check is None:
            raise ValueError("{check} stands here, and no checksum is named")
        self._compiled = re.compile(self._expression(), re.DOTALL)

    @property
    def literal(self) -> bytes:
        """What stands fast."""
        return b"".join(part for part in self._parts if isinstance(part, bytes))

    def is_number(self, name: str) -> bool:
        """Whether a field of that name is read as a number."""
        return any(each.is_number for each in self._formats(name))

    def is_binary(self, name: str) -> bool:
        """Whether a field of that name is bytes that are no characters."""
        return any(each.is_binary for each in self._formats(name))

    def build(self, values: Mapping[str, Value]) -> bytes:
        """The bytes. ValueError for a value that does not fit, or is missing."""
        made = bytearray()
        start = 0
        for part in self._parts:
            if isinstance(part, bytes):
                made += part
            elif part is None:
                start = len(made)
            elif part.name == CHECK:
                assert self._check is not None
                made += part.write(self._check(bytes(made[start:])))
            else:
                made += self._write(part, values)
        return bytes(made)

    def carried(self, value: float) -> Value:
        """What is left of a value on the wire. ValueError for one that does not fit."""
        fields = [part for part in self._parts if isinstance(part, _Field) and part.name == "value"]
        return fields[0].read(fields[0].write(value)) if fields else value

    def match(self, data: bytes) -> dict[str, Value]:
        """What the fields are in ``data``, all of it. GarbledError where it is not so."""
        found = self._compiled.fullmatch(data)
        if found is None:
            raise GarbledError(f"expected {self.text}")
        values: dict[str, Value] = {}
        for index, part in enumerate(self._parts):
            if isinstance(part, _Field):
                self._take(part, found, index, values)
        return values

    def _formats(self, name: str) -> Iterator[Format]:
        for part in self._parts:
            if isinstance(part, _Field) and part.name == name:
                yield part.format

    def _take(
        self, field: _Field, found: re.Match[bytes], index: int, values: dict[str, Value]
    ) -> None:
        data = found[f"f{index}"]
        try:
            value = self._read(field, data)
        except ValueError as error:
            raise GarbledError(f"expected {self.text}: {error}") from None
        if field.name == CHECK:
            assert self._check is not None
            start = found.start("start") if None in self._parts else 0
            if value != self._check(found.string[start : found.start(f"f{index}")]):
                raise GarbledError("wrong checksum")
        elif field.name != PASSED_OVER and values.setdefault(field.name, value) != value:
            raise GarbledError(f"{field.name} is both {values[field.name]} and {value}")

    def _write(self, field: _Field, values: Mapping[str, Value]) -> bytes:
        if field.name == PASSED_OVER:
            return b"" if field.format == _ANY else field.write(0)
        if field.name not in values:
            raise ValueError(f"no value for {field.name}")
        value = values[field.name]
        if field.name == "value" and value in self._words:
            if not field.format.is_binary:
                return str(value).encode("latin-1")
            value = float(value)
        try:
            return field.write(value)
        except ValueError as error:
            raise ValueError(f"{field.name}: {error}") from None

    def _read(self, field: _Field, data: bytes) -> Value:
        if field.name == "value" and not field.format.is_binary:
            text = data.decode("latin-1").strip(" ")
            if text in self._words:
                return text
        value = field.read(data)
        if field.name == "value" and field.format.is_number:
            return self._numbers.get(value, value)
        return value

    def _expression(self) -> bytes:
        made = []
        for index, part in enumerate(self._parts):
            if isinstance(part, bytes):
                made.append(re.escape(part))
            elif part is None:
                made.append(b"(?P<start>)")
            else:
                made.append(b"(?P<f%d>%s)" % (index, self._alternatives(part)))
        return b"".join(made)

    def _alternatives(self, field: _Field) -> bytes:
        if field.name != "value" or not self._words or field.format.is_binary:
            return field.format.pattern
        words = sorted((word.encode("latin-1") for word in self._words), key=len, reverse=True)
        return b"|".join([b" *%s *" % re.escape(word) for word in words] + [field.format.pattern])


def _parts(text: str, literal: Callable[[str], bytes]) -> list[bytes | _Field | None]:
    """Literal bytes and fields; None where the checksum's range begins."""
    parts: list[bytes | _Field | None] = []
    at = 0
    for found in _FIELD.finditer(text):
        parts += (literal(text[at : found.start()]), _field(found[1]))
        at = found.end()
    parts.append(literal(text[at:]))
    return [part for part in parts if part != b""]


def _field(inside: str) -> _Field | None:
    found = _INSIDE.fullmatch(inside)
    if found is None:
        raise ValueError(f"not a field: {{{inside}}}")
    name, scale, by, spec = found.groups()
    if name == START:
        return None
    if spec is None and (scale or name == CHECK):
        spec = "u8" if name == CHECK else "d"
    if spec is None and name in _RAW:
        spec = "raw"
    return _Field(name, field_format(spec or ""), scale or "", float(by or 0))


def _numbers(words: Collection[str]) -> dict[Value, str]:
    """Words that are numbers: 9.9E+9 that means "off" does so with more digits too."""
    numbers: dict[Value, str] = {}
    for word in words:
        with suppress(ValueError):
            numbers[float(word)] = word
    return numbers


def _tidy(value: float) -> float | int:
    """12.000000000000002 was 12: scaling there and back must not leave a trace."""
    value = float(f"{value:.12g}")
    return int(value) if value.is_integer() and abs(value) < 1e15 else value
