"""Reads a description from its TOML. Every mistake names file, line, key and the nearest word."""

from __future__ import annotations

from collections.abc import Mapping

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import Table
from pychron_comms.instruments.description import (
    Description,
    Identify,
    Item,
    Parameter,
)
from pychron_comms.instruments.fitting import check_default, check_limits_of, check_places
from pychron_comms.instruments.kinds import KINDS, Kind
from pychron_comms.instruments.members import Around, ExchangeReader, read_reading, read_verb
from pychron_comms.instruments.modbus.exchange import UNIT
from pychron_comms.instruments.modbus.reader import ANY_UNIT, ModbusReader, is_modbus
from pychron_comms.instruments.wire_reader import WireReader, expression, read_wire

_ALWAYS_KNOWN = frozenset({"value", "body", "reply", "code", "status"})


def read_description(table: Table, name: str) -> Description:
    """A whole file. Raises ConfigError, for keys that nobody reads too."""
    wire = table.table("wire")
    parameters = _parameters(table.table("parameter"))
    reader: ExchangeReader
    if is_modbus(wire):
        reader = modbus = ModbusReader(table.table("block"))
        spoken = modbus.wire(wire)
        parameters = {UNIT: ANY_UNIT, **parameters}
    else:
        reader = lines = WireReader(wire)
        spoken = read_wire(table, wire, lines)
    description = Description(
        name=name,
        title=table.text("title"),
        source=table.text("source"),
        unsure=tuple(table.texts("unsure", [])),
        wire=spoken,
        identify=_identify(table, reader),
        parameters=parameters,
        items={
            name: _item(below, name, reader, parameters)
            for name, below in table.named_tables("item").items()
        },
    )
    if not description.items:
        raise table.mistake("item", "an instrument has at least one [item.NAME]")
    table.finish()
    return description


def _identify(table: Table, reader: ExchangeReader) -> Identify | None:
    if "identify" not in table:
        return None
    below = table.table("identify")
    found = expression(below, "match", below.text("match"))
    answer = str(below.scalar("answer"))
    if not found.search(answer):
        raise below.error("answer", "what the simulator says, and what match finds")
    exchange = reader.identifying(below, answer)
    return Identify(exchange=exchange, fits=lambda text: bool(found.search(text)), answer=answer)


def _parameters(table: Table) -> dict[str, Parameter]:
    return {name: _parameter(table.table(name), name) for name in table}


def _parameter(table: Table, name: str) -> Parameter:
    parameter = Parameter(
        name=name,
        minimum=table.number("minimum", None),
        maximum=table.number("maximum", None),
        choices=tuple(table.texts("choices", [])),
        default=table.scalar("default", None),
    )
    check_limits_of(table, parameter)
    check_default(table, parameter)
    return parameter


def _item(table: Table, name: str, reader: ExchangeReader, shared: Mapping[str, Parameter]) -> Item:
    kind_name = table.choice("kind", sorted(KINDS))
    kind = KINDS[kind_name]
    parameters = {**shared, **_parameters(table.table("parameter"))}
    around = Around(reader, kind, _ALWAYS_KNOWN | parameters.keys())
    read = table.named_tables("read")
    do = table.named_tables("do")
    _check_members(table, kind, kind_name)
    readings = {key: read_reading(below, key, around) for key, below in read.items()}
    verbs = {key: read_verb(below, key, around, readings) for key, below in do.items()}
    item = Item(
        name=name,
        kind_name=kind_name,
        kind=kind,
        parameters=parameters,
        readings=readings,
        verbs=verbs,
    )
    for key, reading in readings.items():
        check_places(read[key], item, reading)
    for key, verb in verbs.items():
        check_places(do[key], item, verb)
    return item


def _check_members(table: Table, kind: Kind, kind_name: str) -> None:
    read, do = table.table("read"), table.table("do")
    for below, needed in ((read, kind.readings), (do, kind.must)):
        for missing in sorted(needed - set(below)):
            raise below.mistake(missing, f"a {kind_name} has it, and it is missing")
    for verb in do:
        if verb not in kind.verbs:
            known = sorted(kind.verbs)
            raise do.mistake(
                verb,
                f"a {kind_name} does no such thing{did_you_mean(verb, known)} "
                f"(it does {', '.join(known) or 'nothing'})",
            )
