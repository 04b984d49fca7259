"""A Modbus description served backwards: its coils and registers, as they would stand. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from pychron_comms.instruments.description import (
    Description,
    Item,
    Parameter,
    Reading,
    Verb,
)
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.modbus.exchange import (
    READS,
    UNIT,
    WRITE_COIL,
    WRITE_REGISTER,
    WRITE_REGISTERS,
    ModbusIdentity,
    ModbusRead,
    ModbusWrite,
    is_bits,
)
from pychron_comms.instruments.modbus.frames import Frame, Frames, bare_frames
from pychron_comms.instruments.modbus.refusals import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    REFUSED,
)
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.simulated import SimulatedItems, on_the_wire

#: Of one parameter, how many values have a place of their own.
MOST = 1024

_WORD = 2


class _Cell(NamedTuple):
    """What stands at an address: the ``part``-th bit or register of a reading."""

    item: Item
    values: Mapping[str, Value]
    reading: Reading
    part: int


class _Target(NamedTuple):
    """What is done when an address is written."""

    item: Item
    values: Mapping[str, Value]
    verb: Verb
    exchange: ModbusWrite


class _RefusesError(Exception):
    """The unit says no; ``code`` tells why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class SimulatedModbus(SimulatedItems):
    """All units that the description allows, each with its own coils and registers.

    An address between two that are described reads as 0; one beyond is refused.
    """

    def __init__(self, description: Description, frames: Frames | None = None) -> None:
        super().__init__(description)
        self._frames = frames
        self._cells: dict[tuple[str, int], _Cell] = {}
        self._targets: dict[tuple[str, int], list[_Target]] = {}
        for item in description.items.values():
            for values in _all_values(item.parameters):
                self._place(item, values)
        self._identity = self._fixed()
        self._spans = {table: self._span(table) for table in READS}

    def connection(self) -> ModbusConnection:
        """For one who asks."""
        return ModbusConnection(self, self._frames or bare_frames())

    def answer(self, unit: int, message: bytes) -> bytes | None:
        """None for a unit that is not there."""
        if not self.description.parameters[UNIT].takes(unit):
            return None
        function = message[0]
        try:
            if function in READS.values():
                return self._read(unit, function, message)
            if said := self._said(message):
                return said
            if function in {WRITE_COIL, WRITE_REGISTER, WRITE_REGISTERS}:
                return self._write(unit, function, message)
            raise _RefusesError(ILLEGAL_FUNCTION)
        except _RefusesError as refusal:
            return bytes([function | REFUSED, refusal.code])

    def _place(self, item: Item, values: Mapping[str, Value]) -> None:
        for _, member in item.members():
            exchange = member.exchange
            if isinstance(member, Reading) and isinstance(exchange, ModbusRead):
                for number, place in enumerate(exchange.places):
                    for index in range(exchange.size):
                        at = (exchange.table, place.of(values) + index)
                        cell = _Cell(item, values, member, number + index)
                        self._cells.setdefault(at, cell)
            elif isinstance(member, Verb) and isinstance(exchange, ModbusWrite):
                to = (exchange.table, exchange.place.of(values))
                targets = self._targets.setdefault(to, [])
                targets.append(_Target(item, values, member, exchange))

    def _said(self, message: bytes) -> bytes | None:
        """What it is; None where it says no such thing of itself."""
        identify = self.description.identify
        if identify is None or not isinstance(identify.exchange, ModbusIdentity):
            return None
        return identify.exchange.told(message, identify.answer)

    def _fixed(self) -> dict[tuple[str, int], bytes]:
        """The registers that say what it is."""
        identify = self.description.identify
        if identify is None or not isinstance(identify.exchange, ModbusRead):
            return {}
        exchange = identify.exchange
        start, data = exchange.span({}).start, exchange.told(identify.answer)
        return {
            (exchange.table, start + index): data[index * _WORD : (index + 1) * _WORD]
            for index in range(exchange.size)
        }

    def _span(self, table: str) -> range:
        at = [address for kept, address in [*self._cells, *self._identity] if kept == table]
        for item in self.description.items.values():
            for reading in item.readings.values():
                exchange = reading.exchange
                if isinstance(exchange, ModbusRead) and exchange.table == table and exchange.block:
                    at += (exchange.block.start, exchange.block.end - 1)
        return range(min(at), max(at) + 1) if at else range(0)

    def _read(self, unit: int, function: int, message: bytes) -> bytes:
        table = next(each for each, reads in READS.items() if reads == function)
        if len(message) != 5:
            raise _RefusesError(ILLEGAL_VALUE)
        start, count = int.from_bytes(message[1:3], "big"), int.from_bytes(message[3:5], "big")
        span = self._spans[table]
        if not count or start not in span or start + count - 1 not in span:
            raise _RefusesError(ILLEGAL_ADDRESS)
        told = [self._at(unit, table, address) for address in range(start, start + count)]
        if is_bits(table):
            number = sum(bit[0] << place for place, bit in enumerate(told))
            data = number.to_bytes((count + 7) // 8, "little")
        else:
            data = b"".join(told)
        return bytes([function, len(data)]) + data

    def _at(self, unit: int, table: str, address: int) -> bytes:
        """One bit, as a byte, or the two bytes of a register."""
        if said := self._identity.get((table, address)):
            return said
        size = 1 if is_bits(table) else _WORD
        cell = self._cells.get((table, address))
        if cell is None:
            return bytes(size)
        exchange = cell.reading.exchange
        assert isinstance(exchange, ModbusRead)
        value = self.get(cell.item, {**cell.values, UNIT: unit}, cell.reading)
        data = exchange.told(on_the_wire(cell.reading, value)["value"])
        return data[cell.part * size : (cell.part + 1) * size]

    def _write(self, unit: int, function: int, message: bytes) -> bytes:
        table = "coil" if function == WRITE_COIL else "holding"
        targets = self._targets.get((table, int.from_bytes(message[1:3], "big")), [])
        if not targets:
            raise _RefusesError(ILLEGAL_ADDRESS)
        for target in targets:
            try:
                given = target.exchange.recognised(message)
            except ValueError:
                continue
            if given is None:
                continue
            value = {"value": given["value"]} if "value" in given else {}
            if self.do(target.item, target.verb, {**target.values, UNIT: unit, **value}):
                return message[:5]
        raise _RefusesError(ILLEGAL_VALUE)


class ModbusConnection:
    """One connection to simulated units; noise is passed over."""

    def __init__(self, units: SimulatedModbus, frames: Frames) -> None:
        self._units = units
        self._frames = frames
        self._pending = b""

    def received(self, data: bytes) -> Iterator[bytes]:
        """Answers, in their order."""
        self._pending += data
        try:
            for frame, rest in self._frames.frames(self._pending):
                self._pending = rest
                reply = self._units.answer(frame.unit, frame.message)
                if reply is not None:
                    yield self._frames.framed(Frame(frame.unit, frame.transaction, reply))
        except GarbledError:
            self._pending = b""

    def silence(self) -> None:
        """What has come so far, and is no whole message, is forgotten."""
        self._pending = b""


def _all_values(parameters: Mapping[str, Parameter]) -> Iterator[dict[str, Value]]:
    """Every value of each parameter but the unit's, as far as they can be counted."""
    names = [name for name in parameters if name != UNIT]
    for values in product(*(_values(parameters[name]) for name in names)):
        yield dict(zip(names, values, strict=True))


def _values(parameter: Parameter) -> list[Value]:
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None:
        return [parameter.default if parameter.default is not None else 0]
    return list(range(int(low), min(int(high), int(low) + MOST) + 1))
