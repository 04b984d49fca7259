"""Reads how an instrument is talked to: its patterns, its steps, where its answers end."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from pychron_comms.config.table import Table
from pychron_comms.instruments.checksums import CHECKSUMS
from pychron_comms.instruments.description import Exchange, Limits, Step, Wire
from pychron_comms.instruments.framing import Ends
from pychron_comms.instruments.pattern import Pattern
from pychron_comms.instruments.wire_text import bytes_of, wire_bytes

#: Of a step where none is described: the command as it stands, and its answer.
_PLAIN_STEP = {"send": "{body}", "take": "{reply}"}


class WireReader:
    """Reads patterns and exchanges as one description writes them."""

    def __init__(self, wire: Table) -> None:
        self.hexadecimal = wire.flag("hexadecimal", False)
        check = wire.choice("check", sorted(CHECKSUMS), "")
        self.check = CHECKSUMS.get(check)
        self.line = self.bytes_at(wire, "line", "<CR>")
        self.send_line = self.bytes_at(wire, "send_line", None)
        self.extra = wire.integer("extra", 0, minimum=0, maximum=64)

    def pattern(self, table: Table, key: str, words: Collection[str] = ()) -> Pattern:
        text = table.text(key)
        try:
            return Pattern(text, self.check, hexadecimal=self.hexadecimal, words=words)
        except (ValueError, re.error) as error:
            raise table.error(key, f"a wire pattern ({error})") from None

    def ends(self, table: Table) -> Ends | None:
        """Where an answer ends, if this table says so itself."""
        if "size" in table:
            return Ends(size=table.integer("size", minimum=1, maximum=65536))
        if "line" in table:
            return Ends(line=self.bytes_at(table, "line", ""), extra=table.integer("extra", 0))
        return None

    def exchange(self, table: Table, words: Collection[str] = ()) -> Exchange:
        first = self.exchange(table.table("first")) if "first" in table else None
        take = self.pattern(table, "take", words) if "take" in table else None
        return Exchange(
            send=self.pattern(table, "send"), take=take, first=first, ends=self.ends(table)
        )

    def question(
        self, table: Table, words: Collection[str], known: Collection[str]
    ) -> tuple[Exchange, bool]:
        """Of a reading, and whether its value is always a word. ``known``: its parameters."""
        exchange = self.exchange(table, words)
        take = exchange.take
        if take is None or "value" not in take.fields:
            raise table.mistake("take", "a reading takes {value}")
        if "bits" in table and not take.is_number("value"):
            raise table.mistake("take", "bits are of a number: {value:d}")
        if "status" in table and not take.is_number("status"):
            raise table.mistake("take", "a status is a number: {status:d}")
        if take.is_binary("value"):
            _check_numbers(table, words)
        _check_fields(table, exchange, known)
        return exchange, bool(words) and not (take.is_number("value") and "unit" in table)

    def command(self, table: Table, known: Collection[str], *, takes_value: bool) -> Exchange:
        """Of a verb."""
        exchange = self.exchange(table)
        if takes_value != ("value" in exchange.send.fields):
            says = "sends {value}" if takes_value else "has no value to send"
            raise table.error("send", f"a pattern that {says}")
        _check_fields(table, exchange, known)
        return exchange

    def identifying(self, table: Table, answer: str) -> Exchange:
        """Of what says which instrument it is."""
        send = self.pattern(table, "send")
        return Exchange(send=send, take=Pattern("{reply}"), ends=self.ends(table))

    def message(self, text: str) -> bytes:
        """What an example shows. ValueError."""
        return bytes_of(text, hexadecimal=self.hexadecimal)

    def bytes_at(self, table: Table, key: str, default: str | None) -> bytes:
        """``default`` None for the wire's line end. Raises ConfigError."""
        text = table.text(key, default)
        if text is None:
            return self.line
        try:
            return wire_bytes(text)
        except ValueError:
            raise table.error(key, "a text of single bytes, such as <CR><LF>") from None


def read_limits(wire: Table) -> Limits:
    """Raises ConfigError."""
    first = wire.number("first_byte", 1.0, minimum=0.001, maximum=600)
    return Limits(
        lock=wire.number("lock", 5.0, minimum=0.01, maximum=600),
        first_byte=first,
        between_bytes=wire.number("between_bytes", 0.1, minimum=0.001, maximum=60),
        idle=wire.number("idle", 0.0, minimum=0, maximum=60),
        late=wire.number("late", 2 * first, minimum=0, maximum=600),
    )


def read_wire(table: Table, wire: Table, reader: WireReader) -> Wire:
    """Raises ConfigError."""
    return Wire(
        link=wire.text("link"),
        steps=_steps(table, reader),
        limits=read_limits(wire),
        recover=reader.bytes_at(wire, "recover", ""),
        unasked=_unasked(wire),
        refusals=table.texts_by_name("refusal"),
        speaks="unasked" in wire,
        hexadecimal=reader.hexadecimal,
    )


def _unasked(wire: Table) -> Callable[[bytes], bool]:
    expressions = [expression(wire, "unasked", text) for text in wire.texts("unasked", [])]
    return lambda data: any(each.fullmatch(data.decode("latin-1")) for each in expressions)


def _steps(table: Table, reader: WireReader) -> tuple[Step, ...]:
    tables = table.tables("step") or [Table(_PLAIN_STEP, "a plain step")]
    steps = tuple(_step(below, reader) for below in tables)
    bodies = [step for step in steps if "body" in step.send.fields]
    if len(bodies) != 1 or "reply" not in steps[-1].take.fields:
        raise table.mistake("step", "one step sends {body}, and the last one takes {reply}")
    return steps


def _step(table: Table, reader: WireReader) -> Step:
    return Step(
        send=reader.pattern(table, "send"),
        take=reader.pattern(table, "take"),
        refuse=reader.pattern(table, "refuse") if "refuse" in table else None,
        line=reader.bytes_at(table, "send_line", "") if "send_line" in table else reader.send_line,
        ends=reader.ends(table) or Ends(line=reader.line, extra=reader.extra),
    )


def _check_numbers(table: Table, words: Collection[str]) -> None:
    for word in words:
        try:
            float(word)
        except ValueError:
            below = table.table("words")
            raise below.mistake(word, "the value is binary, and its words are numbers") from None


def _check_fields(table: Table, exchange: Exchange, known: Collection[str]) -> None:
    for key, pattern in (("send", exchange.send), ("take", exchange.take)):
        for field in pattern.fields if pattern else ():
            if field not in known:
                raise table.error(key, f"a pattern whose fields are known, not {{{field}}}", ())


def expression(table: Table, key: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise table.error(key, f"a regular expression ({error})") from None
