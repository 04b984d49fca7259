"""What is asked and told over Modbus: the part of a message that is the same on TCP and RTU.

Functions 1 to 6, 16 and 43/14 of the Modbus Application Protocol, V1.1b3. No I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.modbus.places import HIGHEST, Place
from pychron_comms.instruments.modbus.registers import RegisterType
from pychron_comms.instruments.pattern import GarbledError

#: The function that reads each table.
READS: Mapping[str, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
WRITE_COIL = 5
WRITE_REGISTER = 6
WRITE_REGISTERS = 16
#: Reads what the unit says of itself, from one object on.
IDENTIFY = bytes([43, 14, 1])

#: What every unit that can be asked says of itself, and the object that it is.
OBJECTS: Mapping[str, int] = {"vendor": 0, "product": 1, "revision": 2}

ON = b"\xff\x00"
OFF = b"\x00\x00"

#: The parameter that says which unit on the bus is meant.
UNIT = "unit"

_MOST = {"coil": 2000, "discrete": 2000, "holding": 125, "input": 125}
_WORD = 2
#: Bytes before the first object: the last of them tells how many there are.
_IDENTITY_HEAD = 7


def is_bits(table: str) -> bool:
    """Whether a table holds bits, or registers."""
    return table in {"coil", "discrete"}


@dataclass(frozen=True, kw_only=True)
class Span:
    """``count`` coils or registers, from ``start`` on."""

    start: int
    count: int

    @property
    def end(self) -> int:
        return self.start + self.count


@dataclass(frozen=True, kw_only=True)
class ModbusRead:
    """Reads one number, or one or several bits; with a ``block``, all of that at once.

    Of bits the value is their digits, in the order of ``places``.
    """

    table: str
    places: tuple[Place, ...]
    #: Of registers; None for bits.
    type: RegisterType | None
    #: Numbers, as they stand in the registers, that stand for a word.
    words: frozenset[str]
    #: Whether the value is always a word.
    is_word: bool
    block: Span | None

    @property
    def names(self) -> set[str]:
        """Parameters that make a difference."""
        return {place.name for place in self.places if place.name} | {UNIT}

    @property
    def sent(self) -> str:
        """Where it looks, in words: of two with the same, both have the same answer."""
        return self.table

    @property
    def taken(self) -> str:
        """What it takes of the answer, in words."""
        return ", ".join(place.text for place in self.places)

    @property
    def size(self) -> int:
        """How many coils or registers stand at one place."""
        return self.type.size if self.type else 1

    def span(self, values: Mapping[str, Value]) -> Span:
        """What is asked for. ValueError for values that do not fit."""
        at = [place.of(values) for place in self.places]
        own = Span(start=min(at), count=max(at) + self.size - min(at))
        span = self.block or own
        if not span.start <= own.start <= own.end <= span.end <= HIGHEST + 1:
            raise ValueError(f"address {own.start} is outside what is read")
        if span.count > _MOST[self.table]:
            raise ValueError(f"{span.count} at once; {_MOST[self.table]} is the most")
        return span

    def check(self, values: Mapping[str, Value]) -> None:
        """ValueError for parameters with which it is not there."""
        self.span(values)

    def asked(self, values: Mapping[str, Value]) -> bytes:
        """The message. ValueError."""
        span = self.span(values)
        return bytes([READS[self.table]]) + _two(span.start) + _two(span.count)

    def understood(self, reply: bytes, values: Mapping[str, Value]) -> dict[str, Value]:
        """``{"value": ...}``. GarbledError for a reply of another shape."""
        span = self.span(values)
        length = (span.count + 7) // 8 if is_bits(self.table) else span.count * _WORD
        if reply[:2] != bytes([READS[self.table], length]) or len(reply) != length + 2:
            raise GarbledError(f"expected {length} bytes of function {READS[self.table]}")
        data = reply[2:]
        offsets = [place.of(values) - span.start for place in self.places]
        if self.type is None:
            digits = "".join(str(data[at // 8] >> at % 8 & 1) for at in offsets)
            return {"value": digits if self.is_word else int(digits, 2)}
        (at,) = offsets
        return {"value": self._number(data[at * _WORD : (at + self.size) * _WORD])}

    def recognised(self, message: bytes) -> dict[str, Value] | None:
        """The parameters with which it sends that; None where it does not."""
        function, start = message[0], int.from_bytes(message[1:3], "big")
        if function != READS[self.table]:
            return None
        return {} if self.block else self.places[0].found(start)

    def told(self, value: Value) -> bytes:
        """As it stands in its registers, or a byte for each of its bits, for a simulator."""
        if self.type is not None:
            return _registers(self.type, value, self.words)
        digits = str(value) if self.is_word else f"{int(value):0{len(self.places)}b}"
        return bytes(int(each) for each in digits)

    def _number(self, data: bytes) -> Value:
        assert self.type is not None
        try:
            number = self.type.raw(data)
        except ValueError as error:
            raise GarbledError(str(error)) from None
        word = next((each for each in self.words if float(each) == number), None)
        if word is None and self.is_word:
            return f"{number:.12g}"
        return self.type.scaled(number) if word is None else word


@dataclass(frozen=True, kw_only=True)
class ModbusWrite:
    """Writes a coil or a number: always ``write``, or the value that the verb is given."""

    table: str
    place: Place
    type: RegisterType | None
    write: float | None
    function: int

    @property
    def names(self) -> set[str]:
        """Parameters that make a difference."""
        return {self.place.name} - {""} | {UNIT}

    def check(self, values: Mapping[str, Value]) -> None:
        """ValueError for parameters with which it is not there."""
        self.place.of(values)

    def carried(self, value: float) -> Value:
        """What is left of a value in its registers. ValueError for one that does not fit."""
        if self.type is None or self.write is not None:
            return value
        return self.type.scaled(self.type.raw(self.type.write(value)))

    def data(self, values: Mapping[str, Value]) -> bytes:
        """What shall stand there. ValueError for what does not fit."""
        value = values["value"] if self.write is None else self.write
        if self.type is None:
            return ON if value else OFF
        return self.type.write(value)

    def asked(self, values: Mapping[str, Value]) -> bytes:
        """The message. ValueError."""
        data = self.data(values)
        head = bytes([self.function]) + _two(self.place.of(values))
        if self.function == WRITE_REGISTERS:
            return head + _two(len(data) // _WORD) + bytes([len(data)]) + data
        return head + data

    def understood(self, reply: bytes, values: Mapping[str, Value]) -> dict[str, Value]:
        """Nothing. GarbledError for an answer that does not repeat what was asked."""
        if reply != self.asked(values)[:5]:
            raise GarbledError("expected what was written to be repeated")
        return {}

    def recognised(self, message: bytes) -> dict[str, Value] | None:
        """The parameters, and the value, with which it sends that; None where it does not."""
        values = self.place.found(int.from_bytes(message[1:3], "big"))
        if message[0] != self.function or values is None:
            return None
        if self.write is None and self.type is not None:
            data = message[6:] if self.function == WRITE_REGISTERS else message[3:5]
            if len(data) != self.type.size * _WORD:
                return None
            values["value"] = self.type.scaled(self.type.raw(data))
        return values if self.asked({**values, UNIT: 0}) == message else None


@dataclass(frozen=True, kw_only=True)
class ModbusIdentity:
    """Asks what a unit says of itself; ``object`` is one of ``OBJECTS``."""

    object: str

    def asked(self, values: Mapping[str, Value]) -> bytes:
        """The message."""
        return IDENTIFY + bytes([OBJECTS[self.object]])

    def understood(self, reply: bytes, values: Mapping[str, Value]) -> dict[str, Value]:
        """``{"reply": ...}``. GarbledError for a reply of another shape."""
        said = _objects(reply).get(OBJECTS[self.object])
        if said is None:
            raise GarbledError(f"expected what its {self.object} is")
        return {"reply": said.decode("latin-1").strip(" \0")}

    def told(self, message: bytes, answer: str) -> bytes | None:
        """What a simulated unit replies; None where it was asked something else."""
        if message != self.asked({}):
            return None
        data = answer.encode("latin-1")
        head = IDENTIFY + bytes([1, 0, 0, 1])
        return head + bytes([OBJECTS[self.object], len(data)]) + data


ModbusExchange = ModbusIdentity | ModbusRead | ModbusWrite


def _objects(reply: bytes) -> dict[int, bytes]:
    """By their numbers; none of a reply that is not whole."""
    if reply[:3] != IDENTIFY or len(reply) < _IDENTITY_HEAD:
        return {}
    objects: dict[int, bytes] = {}
    rest = reply[_IDENTITY_HEAD:]
    while len(rest) > 1 and len(rest) >= (end := 2 + rest[1]):
        objects[rest[0]], rest = rest[2:end], rest[end:]
    return {} if rest or len(objects) != reply[_IDENTITY_HEAD - 1] else objects


def _registers(kind: RegisterType, value: Value, words: frozenset[str]) -> bytes:
    if isinstance(value, str) and value in words:
        return RegisterType(kind.name, kind.order).write(float(value))
    return kind.write(value)


def _two(number: int) -> bytes:
    return number.to_bytes(2, "big")
