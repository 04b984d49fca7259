"""One exchange with an instrument, step by step, and what its answer means. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeAlias

from pychron_comms.instruments.description import AnyExchange, Exchange, Reading, Step, Wire
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.framing import Ends
from pychron_comms.instruments.modbus.exchange import UNIT, ModbusExchange
from pychron_comms.instruments.modbus.frames import Answer
from pychron_comms.instruments.modbus.refusals import refusal
from pychron_comms.instruments.pattern import GarbledError

#: What a ``status`` says where all is well.
FINE = "ok"


class RefusedError(Exception):
    """The instrument has said no; ``str()`` tells its reason."""


class NoAnswerError(Exception):
    """It was sent, and what came of it is not known: no answer came in time, or the connection
    ended, or the answer says so."""


class Message(NamedTuple):
    """Bytes to send; ``ends`` tells where the answer ends, None where none is waited for."""

    data: bytes
    ends: Ends | Answer | None


class Told(NamedTuple):
    """What a reading said. ``value`` is None where it is none, and ``reason`` tells why."""

    value: Value | None
    reason: str = ""


Fields: TypeAlias = dict[str, Value]

#: Yields what to send, is sent the answers, and returns what the fields of the last one are.
Talk: TypeAlias = Generator[Message, bytes, Fields]

#: The same; it returns the reply.
Asking: TypeAlias = Generator[Message, bytes, bytes]


def talk(wire: Wire, exchange: AnyExchange, values: Mapping[str, Value]) -> Talk:
    """Errors: ValueError for values that do not fit, before anything is sent; GarbledError for an
    answer that is not what it should be; RefusedError; NoAnswerError for one that says so."""
    reply = yield from asking(wire, exchange, values)
    return understood(exchange, reply, values)


def asking(wire: Wire, exchange: AnyExchange, values: Mapping[str, Value]) -> Asking:
    """As ``talk``, and what the reply means is left to be understood."""
    if not isinstance(exchange, Exchange):
        return (yield from _over_modbus(wire, exchange, values))
    if exchange.first is not None:
        yield from talk(wire, exchange.first, values)
    body = exchange.send.build(values)
    inside = {**values, "body": body.decode("latin-1")}
    *_, last = wire.steps
    for step in wire.steps:
        data = _built(step, inside)
        if step is last and exchange.take is None:
            if "body" in step.send.fields:
                yield Message(data, None)
            return b""
        ends = exchange.ends if step is last and exchange.ends else step.ends
        taken = _taken(wire, step, (yield Message(data, ends)), inside)
    return str(taken.get("reply", "")).encode("latin-1")


def question(wire: Wire, exchange: AnyExchange, values: Mapping[str, Value]) -> bytes:
    """What tells a question from any other; empty for one that is always asked by itself.

    ValueError for values that do not fit.
    """
    if not isinstance(exchange, Exchange):
        return bytes([int(values[UNIT])]) + exchange.asked(values)
    if exchange.first is not None:
        return b""
    inside = {**values, "body": exchange.send.build(values).decode("latin-1")}
    return b"".join(_built(step, inside) for step in wire.steps)


def understood(exchange: AnyExchange, reply: bytes, values: Mapping[str, Value]) -> Fields:
    """What the fields of a reply are. GarbledError."""
    if not isinstance(exchange, Exchange):
        return exchange.understood(reply, values)
    if exchange.take is None:
        return {}
    fields = exchange.take.match(reply)
    _check_same(fields, values)
    return fields


def _over_modbus(wire: Wire, exchange: ModbusExchange, values: Mapping[str, Value]) -> Asking:
    assert wire.frames is not None
    message = exchange.asked(values)
    reply = yield Message(*wire.frames.question(int(values[UNIT]), message))
    refused = refusal(message, reply)
    if refused is not None:
        raise RefusedError(refused.text) if refused.is_certain else NoAnswerError(refused.text)
    return reply


def carried_out(dialogue: Talk, ask: Callable[[Message], bytes | None]) -> dict[str, Value]:
    """A whole exchange; ``ask`` gives the answer to each message, None where none is waited for."""
    answer: bytes | None = None
    try:
        while True:
            answer = ask(next(dialogue) if answer is None else dialogue.send(answer))
    except StopIteration as end:
        fields: dict[str, Value] = end.value
        return fields


def interpreted(reading: Reading, fields: Mapping[str, Value]) -> Told:
    """What the fields of an answer mean. GarbledError for a state that has no such word."""
    value = fields["value"]
    if reading.status and "status" in fields:
        code = int(fields["status"])
        said = reading.status.get(code, f"status {code}")
        if said != FINE:
            return Told(None, said)
    if isinstance(value, str) and value in reading.words:
        state = reading.words[value]
        return Told(state) if reading.is_state else Told(None, state)
    if reading.is_state:
        raise GarbledError(f"expected one of {', '.join(reading.words)}")
    if reading.bits:
        return Told(", ".join(_set_bits(int(value), reading.bits)))
    return _in_range(reading, value)


def _set_bits(value: int, names: Mapping[int, str]) -> list[str]:
    return [names.get(bit, f"bit {bit}") for bit in range(value.bit_length()) if value >> bit & 1]


def _in_range(reading: Reading, value: Value) -> Told:
    if isinstance(value, str):
        return Told(value)
    if reading.minimum is not None and value < reading.minimum:
        return Told(None, f"{value:g} is below {reading.minimum:g}")
    if reading.maximum is not None and value > reading.maximum:
        return Told(None, f"{value:g} is above {reading.maximum:g}")
    return Told(value)


def _built(step: Step, values: Mapping[str, Value]) -> bytes:
    return step.send.build(values) + step.line


def _taken(wire: Wire, step: Step, answer: bytes, values: Mapping[str, Value]) -> dict[str, Value]:
    if step.refuse is not None:
        try:
            refused = step.refuse.match(answer)
        except GarbledError:
            pass
        else:
            _check_same(refused, values)
            raise RefusedError(_why_refused(wire.refusals, refused.get("code", "")))
    fields = step.take.match(answer)
    _check_same(fields, values)
    return fields


def _why_refused(texts: Mapping[str, str], code: Value) -> str:
    """What a code says; of a number that is written as 07 too."""
    for known, text in texts.items():
        if known == str(code) or (known.isdecimal() and int(known) == code):
            return text
    return str(code) or "refused"


def _check_same(fields: Mapping[str, Value], values: Mapping[str, Value]) -> None:
    """What was asked for comes back in many answers: an address, a channel, an echo."""
    for name, value in fields.items():
        asked = values.get(name, value)
        if name not in {"value", "reply"} and asked != value and str(asked) != str(value):
            raise GarbledError(f"an answer for {name} {value}, not {asked}")
