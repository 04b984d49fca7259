"""Reads what is asked and told by ``coil``, ``discrete``, ``holding`` and ``input``."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.instruments.description import Parameter, Wire
from pychron_comms.instruments.modbus.exchange import (
    OBJECTS,
    READS,
    WRITE_COIL,
    WRITE_REGISTER,
    WRITE_REGISTERS,
    ModbusIdentity,
    ModbusRead,
    ModbusWrite,
    Span,
    is_bits,
)
from pychron_comms.instruments.modbus.frames import bare_frames
from pychron_comms.instruments.modbus.places import HIGHEST, Place
from pychron_comms.instruments.modbus.registers import ORDERS, TYPES, RegisterType
from pychron_comms.instruments.speaking import MODBUS
from pychron_comms.instruments.wire_reader import read_limits
from pychron_comms.instruments.wire_text import hex_bytes

#: Of a description that says nothing of its unit.
ANY_UNIT = Parameter(name="unit", minimum=0, maximum=255, choices=(), default=1)

_WRITTEN = ("coil", "holding")
_REGISTERS = ("holding", "input")


def is_modbus(wire: Table) -> bool:
    """Whether the wire is Modbus."""
    return wire.text("link").startswith(MODBUS)


class ModbusReader:
    """Reads questions and commands as one description writes them. ConfigError."""

    def __init__(self, blocks: Table) -> None:
        self._blocks: Mapping[str, tuple[str, Span]] = {
            name: _block(blocks.table(name)) for name in blocks
        }

    def wire(self, wire: Table) -> Wire:
        """How the bus is used."""
        return Wire(
            link=wire.text("link"),
            steps=(),
            limits=read_limits(wire),
            recover=b"",
            unasked=lambda data: False,
            refusals={},
            hexadecimal=True,
            frames=bare_frames(),
        )

    def question(
        self, table: Table, words: Collection[str], known: Collection[str]
    ) -> tuple[ModbusRead, bool]:
        """Of a reading, and whether its value is always a word: of bits, or without a unit."""
        kept = _one_of(table, tuple(READS))
        places = tuple(_place(table, kept, text, known) for text in _texts(table, kept))
        if not places or (len(places) > 1 and not is_bits(kept)):
            raise table.error(kept, "one address, or several of bits")
        is_word = bool(words) and (is_bits(kept) or "unit" not in table)
        exchange = ModbusRead(
            table=kept,
            places=places,
            type=None if is_bits(kept) else _type(table),
            words=frozenset(words),
            is_word=is_word,
            block=self._block_of(table, kept),
        )
        _check_words(table, exchange, words)
        return exchange, is_word

    def command(self, table: Table, known: Collection[str], *, takes_value: bool) -> ModbusWrite:
        """Of a verb."""
        kept = _one_of(table, _WRITTEN)
        kind = None if is_bits(kept) else _type(table)
        write = table.number("write", None)
        if takes_value == (write is not None):
            says = "none: it writes what it is given" if takes_value else "what it writes"
            raise table.error("write", says)
        exchange = ModbusWrite(
            table=kept,
            place=_place(table, kept, str(table.scalar(kept)), known),
            type=kind,
            write=write,
            function=_function(table, kind),
        )
        if write is not None:
            _check_write(table, exchange, write)
        return exchange

    def identifying(self, table: Table, answer: str) -> ModbusIdentity | ModbusRead:
        """Of what the unit says that it is, or of a register that always holds the same."""
        if "device" in table:
            return ModbusIdentity(object=table.choice("device", list(OBJECTS)))
        kept = _one_of(table, _REGISTERS, "device")
        exchange = ModbusRead(
            table=kept,
            places=(_place(table, kept, str(table.scalar(kept)), ()),),
            type=_type(table),
            words=frozenset(),
            is_word=False,
            block=None,
        )
        try:
            exchange.told(answer)
        except ValueError as error:
            raise table.error("answer", f"a number that fits ({error})") from None
        return exchange

    def message(self, text: str) -> bytes:
        """What an example shows: unit and message, without what frames it. ValueError."""
        return hex_bytes(text)

    def _block_of(self, table: Table, kept: str) -> Span | None:
        name = table.text("block", "")
        if not name:
            return None
        known = [each for each, (of, _) in self._blocks.items() if of == kept]
        if name not in known:
            raise table.error(
                "block", f"one of {kept}: {', '.join(known) or 'there is none'}", known
            )
        return self._blocks[name][1]


def _block(table: Table) -> tuple[str, Span]:
    kept = _one_of(table, tuple(READS))
    start = table.integer(kept, minimum=0, maximum=HIGHEST)
    most = 2000 if is_bits(kept) else 125
    return kept, Span(start=start, count=table.integer("count", minimum=1, maximum=most))


def _one_of(table: Table, kinds: Collection[str], *others: str) -> str:
    there = [each for each in kinds if each in table]
    if len(there) != 1:
        known = [*others, *kinds]
        raise table.mistake(known[0], f"one of {', '.join(known)} is needed")
    return there[0]


def _texts(table: Table, key: str) -> list[str]:
    """One address, or a list of them; numbers too."""
    try:
        return [str(each) for each in table.scalars(key)]
    except ConfigError:
        return [str(table.scalar(key))]


def _place(table: Table, key: str, text: str, known: Collection[str]) -> Place:
    try:
        place = Place(text)
    except ValueError as error:
        raise table.error(key, str(error)) from None
    if place.name and place.name not in known:
        raise table.error(key, f"an address of a known parameter, not {{{place.name}}}")
    return place


def _type(table: Table) -> RegisterType:
    scale = table.number("scale", 1.0)
    if not scale:
        raise table.error("scale", "a number that is not 0")
    return RegisterType(
        table.choice("type", TYPES, "u16"),
        table.choice("order", ORDERS, "ABCD"),
        scale,
        table.number("offset", 0.0),
    )


def _function(table: Table, kind: RegisterType | None) -> int:
    if kind is None:
        return WRITE_COIL
    usual = WRITE_REGISTER if kind.size == 1 else WRITE_REGISTERS
    function = table.integer("function", usual)
    if function not in {usual, WRITE_REGISTERS}:
        raise table.error("function", f"{usual} or {WRITE_REGISTERS}")
    return function


def _check_words(table: Table, exchange: ModbusRead, words: Collection[str]) -> None:
    below = table.table("words")
    digits = len(exchange.places)
    for word in words:
        if exchange.type is None and (len(word) != digits or set(word) - {"0", "1"}):
            raise below.mistake(word, f"{digits} of the digits 0 and 1, one for each bit")
        if exchange.type is not None and not _is_number(word):
            raise below.mistake(word, "a number, as it stands in the register")


def _check_write(table: Table, exchange: ModbusWrite, write: float) -> None:
    try:
        if exchange.type is None and write not in {0, 1}:
            raise ValueError("a coil is 0 or 1")
        exchange.data({"value": write})
    except ValueError as error:
        raise table.error("write", f"a number that fits ({error})") from None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
