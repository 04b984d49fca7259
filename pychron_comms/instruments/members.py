"""Reads what an item can tell and do: ``[item.NAME.read.X]`` and ``[item.NAME.do.Y]``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from pychron_comms.config.table import Table
from pychron_comms.instruments.description import Example, Exchange, Reading, Verb, Verify
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.kinds import Kind
from pychron_comms.instruments.wire_reader import WireReader
from pychron_comms.instruments.wire_text import hex_bytes, wire_bytes

_PROOFS = ("commanded", "coil", "indicator")
_SENT = ">"
_CAME = "<"


class Around(NamedTuple):
    """What stands around a reading or verb: the wire, the item's kind, the fields that it knows."""

    reader: WireReader
    kind: Kind
    known: Collection[str]


def read_reading(table: Table, name: str, around: Around) -> Reading:
    """Raises ConfigError."""
    reader, kind, known = around
    words = table.texts_by_name("words")
    exchange = reader.exchange(table, words)
    take = exchange.take
    if take is None or "value" not in take.fields:
        raise table.mistake("take", "a reading takes {value}")
    _check_fields(table, exchange, known)
    _check_words(table, name, words, kind)
    return Reading(
        name=name,
        exchange=exchange,
        unit=table.text("unit", ""),
        words=words,
        status=_coded(table, "status"),
        bits=_coded(table, "bits"),
        minimum=table.number("minimum", None),
        maximum=table.number("maximum", None),
        every=table.number("every", 1.0, minimum=0.02, maximum=86400),
        proof=table.choice("proof", _PROOFS, "coil"),
        is_state=bool(words) and not take.is_number("value"),
        simulated=table.scalar("simulated", _first(words)),
        tests=_tests(table, reader),
    )


def read_verb(table: Table, name: str, around: Around, readings: Mapping[str, Reading]) -> Verb:
    """Raises ConfigError."""
    reader, kind, known = around
    exchange = reader.exchange(table)
    takes_value = name in kind.sets
    if takes_value != ("value" in exchange.send.fields):
        says = "sends {value}" if takes_value else "has no value to send"
        raise table.error("send", f"a pattern that {says}")
    _check_fields(table, exchange, known)
    safe = name in kind.safe
    return Verb(
        name=name,
        exchange=exchange,
        safe=safe,
        repeat=table.integer("repeat", 3, minimum=1, maximum=10) if safe else 1,
        unit=table.text("unit", ""),
        minimum=table.number("minimum", None),
        maximum=table.number("maximum", None),
        verify=_verify(table, name, kind, readings),
        tests=_tests(table, reader),
    )


def _check_fields(table: Table, exchange: Exchange, known: Collection[str]) -> None:
    for key, pattern in (("send", exchange.send), ("take", exchange.take)):
        for field in pattern.fields if pattern else ():
            if field not in known:
                raise table.error(key, f"a pattern whose fields are known, not {{{field}}}", ())


def _check_words(table: Table, name: str, words: Mapping[str, str], kind: Kind) -> None:
    if name == "state" and kind.states:
        for word, state in words.items():
            if state not in kind.states:
                below = table.table("words")
                raise below.error(word, "one of " + ", ".join(sorted(kind.states)), [*kind.states])


def _coded(table: Table, key: str) -> dict[int, str]:
    below = table.table(key)
    coded = {}
    for code in below:
        if not code.isdecimal():
            raise below.mistake(code, "a code is a whole number")
        coded[int(code)] = below.text(code)
    return coded


def _first(words: Mapping[str, str]) -> Value:
    return next(iter(words.values()), 0)


def _verify(table: Table, name: str, kind: Kind, readings: Mapping[str, Reading]) -> Verify | None:
    if "verify" in table and not table.table("verify"):
        return None
    below = table.table("verify")
    wanted = [each for each in kind.effects.get(name, {}) if each in readings]
    # The set point, not the value that takes an hour to follow.
    default = wanted[0] if wanted else ""
    reading = below.text("reading", default)
    if not reading:
        return None
    if reading not in readings:
        raise below.error("reading", "one of " + ", ".join(readings), [*readings])
    if kind.effects.get(name, {}).get(reading) is None:
        raise below.error("reading", f"one that {name} changes: {', '.join(wanted) or 'none'}")
    return Verify(
        reading=reading,
        within=below.number("within", 0.0, minimum=0),
        seconds=below.number("seconds", 1.0, minimum=0, maximum=60),
    )


def _tests(table: Table, reader: WireReader) -> tuple[Example, ...]:
    return tuple(_example(below, reader) for below in table.tables("test"))


def _example(table: Table, reader: WireReader) -> Example:
    below = table.table("with")
    return Example(
        values={name: below.scalar(name) for name in below},
        wire=tuple(_message(table, line, reader) for line in table.texts("wire")),
        gives=table.scalar("gives", None),
        refused=table.flag("refused", False),
    )


def _message(table: Table, line: str, reader: WireReader) -> tuple[bool, bytes]:
    """Whether it is sent, and its bytes."""
    mark, text = line[:1], line[1:].removeprefix(" ")
    try:
        if mark in {_SENT, _CAME} and mark:
            return mark == _SENT, (hex_bytes if reader.hexadecimal else wire_bytes)(text)
    except ValueError:
        pass
    raise table.error("wire", 'lines such as "> PR1<CR><LF>" for what is sent, "< ..." for answers')
