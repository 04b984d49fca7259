"""Reads what an item can tell and do: ``[item.NAME.read.X]`` and ``[item.NAME.do.Y]``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from pychron_comms.config.table import Table
from pychron_comms.instruments.description import (
    Command,
    Example,
    Identifying,
    Question,
    Reading,
    Verb,
    Verify,
)
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.fitting import check_reading, check_verb
from pychron_comms.instruments.kinds import Kind
from pychron_comms.interfaces import PROOFS

_SENT = ">"
_CAME = "<"


class ExchangeReader(Protocol):
    """Reads how something is asked and told, as the wire needs it."""

    def question(
        self, table: Table, words: Collection[str], known: Collection[str]
    ) -> tuple[Question, bool]:
        """Of a reading, and whether its value is always a word. ``known``: parameters."""

    def command(self, table: Table, known: Collection[str], *, takes_value: bool) -> Command:
        """Of a verb."""

    def identifying(self, table: Table, answer: str) -> Identifying:
        """Of what says which instrument it is; ``answer`` is what its simulator says."""

    def message(self, text: str) -> bytes:
        """What an example shows. ValueError."""


class Around(NamedTuple):
    """What stands around a reading or verb: the wire, the item's kind, the fields that it knows."""

    reader: ExchangeReader
    kind: Kind
    known: Collection[str]


def read_reading(table: Table, name: str, around: Around) -> Reading:
    """Raises ConfigError."""
    reader, kind, known = around
    words = table.texts_by_name("words")
    exchange, is_state = reader.question(table, words, known)
    _check_words(table, name, words, kind)
    reading = Reading(
        name=name,
        exchange=exchange,
        unit=table.text("unit", ""),
        words=words,
        status=_coded(table, "status"),
        bits=_coded(table, "bits"),
        minimum=table.number("minimum", None),
        maximum=table.number("maximum", None),
        every=table.number("every", 1.0, minimum=0.02, maximum=86400),
        proof=table.choice("proof", tuple(PROOFS), "coil"),
        is_state=is_state,
        simulated=table.scalar("simulated", _first(words)),
        tests=_tests(table, reader),
    )
    check_reading(table, reading, kind)
    return reading


def read_verb(table: Table, name: str, around: Around, readings: Mapping[str, Reading]) -> Verb:
    """Raises ConfigError."""
    reader, kind, known = around
    takes_value = name in kind.sets
    exchange = reader.command(table, known, takes_value=takes_value)
    safe = name in kind.safe
    verb = Verb(
        name=name,
        exchange=exchange,
        safe=safe,
        repeat=table.integer("repeat", 3, minimum=1, maximum=10) if safe else 1,
        unit=table.text("unit", ""),
        minimum=table.number("minimum", None),
        maximum=table.number("maximum", None),
        verify=_verify(table, name, kind, readings),
        step=table.number("step", None, minimum=0) if takes_value else None,
        ramp=table.number("ramp", None, minimum=0) if takes_value else None,
        tests=_tests(table, reader),
    )
    check_verb(table, verb, readings[verb.verify.reading] if verb.verify else None)
    return verb


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
    below = table.table("verify")
    if "verify" in table and not [*below]:
        return None
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


def _tests(table: Table, reader: ExchangeReader) -> tuple[Example, ...]:
    return tuple(_example(below, reader) for below in table.tables("test"))


def _example(table: Table, reader: ExchangeReader) -> Example:
    below = table.table("with")
    return Example(
        values={name: below.scalar(name) for name in below},
        wire=tuple(_message(table, line, reader) for line in table.texts("wire")),
        gives=table.scalar("gives", None),
        refused=table.flag("refused", False),
    )


def _message(table: Table, line: str, reader: ExchangeReader) -> tuple[bool, bytes]:
    """Whether it is sent, and its bytes."""
    mark, text = line[:1], line[1:].removeprefix(" ")
    try:
        if mark in {_SENT, _CAME} and mark:
            return mark == _SENT, reader.message(text)
    except ValueError:
        pass
    raise table.error("wire", 'lines such as "> PR1<CR><LF>" for what is sent, "< ..." for answers')
