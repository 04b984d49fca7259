"""One exchange with an instrument, step by step, and what its answer means. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeAlias

from pychron_comms.instruments.description import Exchange, Reading, Step, Wire
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.framing import Ends
from pychron_comms.instruments.pattern import GarbledError

#: What a ``status`` says where all is well.
FINE = "ok"


class RefusedError(Exception):
    """The instrument has said no; ``str()`` tells its reason."""


class Message(NamedTuple):
    """Bytes to send; ``ends`` tells where the answer ends, None where none is waited for."""

    data: bytes
    ends: Ends | None


class Told(NamedTuple):
    """What a reading said. ``value`` is None where it is none, and ``reason`` tells why."""

    value: Value | None
    reason: str = ""


#: Yields what to send, is sent the answers, and returns what the fields of the last one are.
Talk: TypeAlias = Generator[Message, bytes, dict[str, Value]]


def talk(wire: Wire, exchange: Exchange, values: Mapping[str, Value]) -> Talk:
    """Errors: ValueError for values that do not fit, before anything is sent; GarbledError for an
    answer that is not what it should be; RefusedError."""
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
            return {}
        ends = exchange.ends if step is last and exchange.ends else step.ends
        taken = _taken(wire, step, (yield Message(data, ends)), inside)
    assert exchange.take is not None
    fields = exchange.take.match(str(taken.get("reply", "")).encode("latin-1"))
    _check_same(fields, inside)
    return fields


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
            code = str(refused.get("code", ""))
            raise RefusedError(wire.refusals.get(code, code or "refused"))
    fields = step.take.match(answer)
    _check_same(fields, values)
    return fields


def _check_same(fields: Mapping[str, Value], values: Mapping[str, Value]) -> None:
    """What was asked for comes back in many answers: an address, a channel, an echo."""
    for name, value in fields.items():
        asked = values.get(name, value)
        if name not in {"value", "reply"} and asked != value and str(asked) != str(value):
            raise GarbledError(f"an answer for {name} {value}, not {asked}")
