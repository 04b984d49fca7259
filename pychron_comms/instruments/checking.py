"""Holds a description against its own examples, and against its own simulator. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pychron_comms.instruments.description import Description, Example, Item, Reading, Verb
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.simulated import SimulatedConnection, SimulatedInstrument
from pychron_comms.instruments.talk import (
    Message,
    RefusedError,
    Talk,
    carried_out,
    interpreted,
    talk,
)
from pychron_comms.instruments.wire_text import shown


class WrongError(Exception):
    """An example does not hold; ``str()`` tells how."""


def findings(description: Description) -> Iterator[str]:
    """What does not hold, each in a line that names the place."""
    for item in description.items.values():
        for place, member in item.members():
            yield from _of_member(description, item, place, member)


def warnings(description: Description) -> Iterator[str]:
    """What its author was not sure of, and what no example shows."""
    for unsure in description.unsure:
        yield f"unsure: {unsure}"
    for item in description.items.values():
        for place, member in item.members():
            if not member.tests:
                yield f"{place} has no test"


def defaults(item: Item, values: Mapping[str, Value]) -> dict[str, Value]:
    """Values of all its parameters: as given, or as declared."""
    declared = {
        name: parameter.default
        for name, parameter in item.parameters.items()
        if parameter.default is not None
    }
    return {**declared, **values}


def _of_member(
    description: Description, item: Item, place: str, member: Reading | Verb
) -> Iterator[str]:
    for number, example in enumerate(member.tests, 1):
        for way in (_by_script, _by_simulator):
            try:
                way(description, item, member, example)
            except (WrongError, ValueError, GarbledError, RefusedError) as error:
                kind = "" if way is _by_script else " (with its simulator)"
                yield f"{place}, test {number}{kind}: {error}"


def _by_script(
    description: Description, item: Item, member: Reading | Verb, example: Example
) -> None:
    """What is sent must be what the example says, and its answers must mean what it says."""
    script = list(example.wire)
    values = defaults(item, example.values)
    dialogue = talk(description.wire, member.exchange, values)
    try:
        fields = carried_out(dialogue, partial(_scripted, script))
    except RefusedError:
        if not example.refused:
            raise
        return
    if example.refused:
        raise WrongError("it was not refused")
    if script:
        raise WrongError(f"left over: {shown(script[0][1])!r}")
    _expect_meaning(member, fields, example)


def _scripted(script: list[tuple[bool, bytes]], message: Message) -> bytes | None:
    """The next answer of the script; None where none is waited for."""
    _expect_sent(script, message.data)
    if message.ends is None:
        return None
    if not script or script[0][0]:
        raise WrongError("an answer is waited for, and the example has none")
    came = script.pop(0)[1]
    cut = message.ends.cut(came)
    if cut is None or cut[1]:
        raise WrongError(f"the answer {shown(came)!r} does not end where it should")
    return cut[0]


def _expect_sent(script: list[tuple[bool, bytes]], data: bytes) -> None:
    if not script or not script[0][0]:
        raise WrongError(f"it sends {shown(data)!r}, and the example does not")
    wanted = script.pop(0)[1]
    if wanted != data:
        raise WrongError(f"it sends {shown(data)!r}, and the example {shown(wanted)!r}")


def _expect_meaning(member: Reading | Verb, fields: Mapping[str, Value], example: Example) -> None:
    if isinstance(member, Verb):
        return
    told = interpreted(member, fields)
    given = told.reason if told.value is None else told.value
    if given != example.gives:
        raise WrongError(f"it gives {given!r}, and the example {example.gives!r}")


def _by_simulator(
    description: Description, item: Item, member: Reading | Verb, example: Example
) -> None:
    """What its simulator is told, or is, must come back."""
    if example.refused:
        return
    instrument = SimulatedInstrument(description)
    values = defaults(item, example.values)
    if isinstance(member, Reading) and example.gives is not None:
        instrument.put(item, values, member.name, example.gives)
    fields = asked(talk(description.wire, member.exchange, values), instrument)
    if isinstance(member, Reading):
        _expect_meaning(member, fields, example)


def asked(dialogue: Talk, instrument: SimulatedInstrument) -> dict[str, Value]:
    """A whole exchange with a simulated instrument. Raises WrongError where it does not answer."""
    connection = SimulatedConnection(instrument)

    def ask(message: Message) -> bytes | None:
        came = b"".join(connection.received(message.data))
        if message.ends is None:
            return None
        cut = message.ends.cut(came)
        if cut is None:
            raise WrongError(f"no answer to {shown(message.data)!r}: {shown(came)!r}")
        return cut[0]

    return carried_out(dialogue, ask)
