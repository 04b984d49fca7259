"""A description served backwards: an instrument that answers as its description says. No I/O.

What is talked to by coil and register is in ``modbus.simulated``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pychron_comms.instruments.description import (
    Description,
    Exchange,
    Item,
    Parameter,
    Reading,
    Step,
    Verb,
)
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.framing import Ends
from pychron_comms.instruments.kinds import GIVEN
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import FINE


class _Known(NamedTuple):
    """Something that can be asked: ``item`` is None for what identifies the instrument."""

    exchange: Exchange
    item: Item | None
    member: Reading | Verb | None


class _RefusesError(Exception):
    """The instrument says no."""


class SimulatedItems:
    """What an instrument remembers: the meaning of each reading, by item and parameters."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._state: dict[tuple[str, tuple[Value, ...], str], Value] = {}

    def get(self, item: Item, values: Mapping[str, Value], reading: Reading) -> Value:
        """What it is now."""
        return self._state.get(self._key(item, values, reading.name), reading.simulated)

    def put(self, item: Item, values: Mapping[str, Value], name: str, value: Value) -> None:
        """As if it had come about by itself."""
        self._state[self._key(item, values, name)] = value

    def do(self, item: Item, verb: Verb, values: Mapping[str, Value]) -> bool:
        """What a verb changes; False, and nothing has changed, for a value beyond its limits."""
        if "value" in values and not _within(verb, values["value"]):
            return False
        for name, effect in item.kind.effects.get(verb.name, {}).items():
            value = values["value"] if effect == GIVEN else effect
            self.put(item, values, name, 0 if value == "0" else value)
        return True

    def _key(
        self, item: Item, values: Mapping[str, Value], name: str
    ) -> tuple[str, tuple[Value, ...], str]:
        """A reading is the same for all parameters that its question does not name, and for all
        items that ask it in the same words."""
        named, where = set(item.parameters), item.name
        if name in item.readings:
            exchange = item.readings[name].exchange
            named = exchange.names
            for step in self.description.wire.steps:
                named |= set(step.send.fields)
            where, name = exchange.sent, exchange.taken or name
        own = [each for each in item.parameters if each in named]
        return where, tuple(values.get(each, "") for each in own), name


class SimulatedInstrument(SimulatedItems):
    """One that is talked to by patterns, whoever asks."""

    def __init__(self, description: Description) -> None:
        super().__init__(description)
        #: What was chosen just before, a bank say.
        self._before: dict[str, Value] = {}
        # Where several fit, the one that says most of itself is meant.
        self._known = sorted(_all(description), key=_said, reverse=True)

    def connection(self) -> SimulatedConnection:
        """For one who asks."""
        return SimulatedConnection(self)

    def knows(self, body: bytes) -> bool:
        """Whether that is a command of its."""
        return any(_fits(known.exchange, body) for known in self._known)

    def answer(self, body: bytes, outside: Mapping[str, Value]) -> tuple[bytes | None, Ends | None]:
        """The answer to a command, None for none; and where it ends, if not as all others.

        GarbledError for what it does not know.
        """
        for known in self._known:
            try:
                fields = {**self._before, **outside, **known.exchange.send.match(body)}
            except GarbledError:
                continue
            if known.item is None or _takes(known.item.parameters, fields):
                is_first = known.item is not None and known.member is None
                self._before = fields if is_first else {}
                return self._done(known, fields), known.exchange.ends
        raise GarbledError("no such command")

    def _done(self, known: _Known, fields: Mapping[str, Value]) -> bytes | None:
        take = known.exchange.take
        if known.item is None or known.member is None:
            identify = self.description.identify
            answer = identify.answer if identify and take else ""
            return None if take is None else take.build({"reply": answer, **fields})
        if isinstance(known.member, Verb):
            if not self.do(known.item, known.member, fields):
                raise _RefusesError
            return None if take is None else take.build(fields)
        assert take is not None
        value = self.get(known.item, fields, known.member)
        return take.build({**fields, **on_the_wire(known.member, value)})


class SimulatedConnection:
    """One connection to it: where in an exchange it is."""

    def __init__(self, instrument: SimulatedInstrument) -> None:
        self._instrument = instrument
        self._steps = instrument.description.wire.steps
        self._at = 0
        self._pending = b""
        self._reply: bytes | None = b""
        self._ends: Ends | None = None
        self._fields: dict[str, Value] = {}

    def received(self, data: bytes) -> Iterator[bytes]:
        """Answers, in their order."""
        self._pending += data
        while message := self._message():
            try:
                answer = self._answered(*message)
            except _RefusesError:
                answer = self._refusal()
            if answer is not None:
                yield answer

    def silence(self) -> None:
        """What has come so far, and is no whole message, is forgotten."""
        self._pending = b""
        self._at = 0

    def _message(self) -> tuple[int, dict[str, Value]] | None:
        """The next whole message: at which step, and its fields."""
        while self._pending:
            for at in dict.fromkeys((self._at, 0)):
                step = self._steps[at]
                frame, rest = _cut(step, self._pending)
                if frame is None:
                    continue
                try:
                    fields = step.send.match(frame)
                except GarbledError:
                    continue
                if "body" in fields and not step.line and not self._understands(fields):
                    continue
                self._pending = rest
                return at, fields
            if not self._steps[self._at].line or self._steps[self._at].line not in self._pending:
                return None
            _, _, self._pending = self._pending.partition(self._steps[self._at].line)
            self._at = 0
        return None

    def _understands(self, fields: Mapping[str, Value]) -> bool:
        """Without a line's end a message ends where it makes sense."""
        return self._instrument.knows(str(fields["body"]).encode("latin-1"))

    def _answered(self, at: int, fields: dict[str, Value]) -> bytes | None:
        step = self._steps[at]
        if "body" in fields:
            if not _takes(self._instrument.description.parameters, fields):
                # For another on the same wire.
                return None
            self._fields = fields
            body = str(fields["body"]).encode("latin-1")
            try:
                self._reply, self._ends = self._instrument.answer(body, fields)
            except GarbledError:
                raise _RefusesError from None
        self._at = (at + 1) % len(self._steps)
        last = self._at == 0
        if last and self._reply is None:
            return None
        reply = (self._reply or b"").decode("latin-1")
        ends = (self._ends if last else None) or step.ends
        return step.take.build({**self._fields, **fields, "reply": reply}) + ends.closing

    def _refusal(self) -> bytes | None:
        step, self._at = self._steps[self._at], 0
        if step.refuse is None:
            return None
        code = next(iter(self._instrument.description.wire.refusals), "0")
        number: Value = int(code) if code.isdecimal() else code
        return step.refuse.build({**self._fields, "code": number}) + step.ends.closing


def _all(description: Description) -> Iterator[_Known]:
    if description.identify:
        assert isinstance(description.identify.exchange, Exchange)
        yield _Known(description.identify.exchange, None, None)
    for item in description.items.values():
        for _, member in item.members():
            assert isinstance(member.exchange, Exchange)
            yield _Known(member.exchange, item, member)
            first = member.exchange.first
            while first is not None:
                yield _Known(first, item, None)
                first = first.first


def _said(known: _Known) -> int:
    """How much of a command's text stands fast."""
    return len(known.exchange.send.literal)


def _fits(exchange: Exchange, body: bytes) -> bool:
    try:
        exchange.send.match(body)
    except GarbledError:
        return False
    return True


def _takes(parameters: Mapping[str, Parameter], fields: Mapping[str, Value]) -> bool:
    return all(
        fields[name] is not None and parameter.takes(fields[name])
        for name, parameter in parameters.items()
        if name in fields
    )


def _within(verb: Verb, value: Value) -> bool:
    if isinstance(value, str):
        return True
    low, high = verb.minimum, verb.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def on_the_wire(reading: Reading, value: Value) -> dict[str, Value]:
    """The fields of an answer that say so."""
    fine = next((code for code, said in reading.status.items() if said == FINE), 0)
    for word, meaning in reading.words.items():
        if meaning == value:
            return {"value": word, "status": fine}
    for code, said in reading.status.items():
        if said == value:
            return {"value": 0, "status": code}
    if reading.bits and isinstance(value, str):
        names = {name: bit for bit, name in reading.bits.items()}
        return {"value": sum(1 << names[each] for each in value.split(", ") if each in names)}
    return {"value": value, "status": fine}


def _cut(step: Step, pending: bytes) -> tuple[bytes | None, bytes]:
    if not step.line:
        return pending, b""
    frame, found, rest = pending.partition(step.line)
    return (frame, rest) if found else (None, pending)
