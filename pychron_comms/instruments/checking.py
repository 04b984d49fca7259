"""Holds a description against its own examples, and against its own simulator. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pychron_comms.instruments.description import (
    Description,
    Example,
    Item,
    Parameter,
    Reading,
    Verb,
)
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.simulators import Simulator, simulator
from pychron_comms.instruments.talk import (
    Message,
    NoAnswerError,
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
    yield from _of_identity(description)
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
    return {**_defaults(item.parameters), **values}


def _any(parameter: Parameter) -> Value:
    """A value that it may have."""
    first = parameter.choices[0] if parameter.choices else parameter.minimum
    return next((each for each in (parameter.default, first) if each is not None), 1)


def _defaults(parameters: Mapping[str, Parameter]) -> dict[str, Value]:
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not None
    }


def _of_identity(description: Description) -> Iterator[str]:
    """Its simulator must be taken for it."""
    identify = description.identify
    if identify is None:
        return
    values = {name: _any(parameter) for name, parameter in description.parameters.items()}
    try:
        told = asked(talk(description.wire, identify.exchange, values), simulator(description))
        identify.check(told)
    except (WrongError, ValueError, GarbledError, RefusedError, NoAnswerError) as error:
        yield f"identify (with its simulator): {error}"


def _of_member(
    description: Description, item: Item, place: str, member: Reading | Verb
) -> Iterator[str]:
    if not member.tests:
        yield from _of_untested(description, item, place, member)
    for number, example in enumerate(member.tests, 1):
        for way in (_by_script, _by_simulator):
            try:
                way(description, item, member, example)
            except (WrongError, ValueError, GarbledError, RefusedError, NoAnswerError) as error:
                kind = "" if way is _by_script else " (with its simulator)"
                yield f"{place}, test {number}{kind}: {error}"


def _of_untested(
    description: Description, item: Item, place: str, member: Reading | Verb
) -> Iterator[str]:
    """Without an example too, its own simulator must understand it and be understood."""
    values = {name: _any(parameter) for name, parameter in item.parameters.items()}
    if isinstance(member, Verb):
        limits = (member.minimum, member.maximum, 0)
        values["value"] = next(each for each in limits if each is not None)
    try:
        fields = asked(talk(description.wire, member.exchange, values), simulator(description))
        if isinstance(member, Reading):
            interpreted(member, fields)
    except (WrongError, ValueError, GarbledError, RefusedError, NoAnswerError) as error:
        yield f"{place} (with its simulator): {error}"


def _by_script(
    description: Description, item: Item, member: Reading | Verb, example: Example
) -> None:
    """What is sent must be what the example says, and its answers must mean what it says."""
    script = _Script(description, example)
    values = defaults(item, example.values)
    dialogue = talk(description.wire, member.exchange, values)
    try:
        fields = carried_out(dialogue, script.answer)
    except (RefusedError, NoAnswerError):
        if not example.refused:
            raise
        return
    if example.refused:
        raise WrongError("it was not refused")
    script.end()
    _expect_meaning(member, fields, example)


class _Script:
    """What an example says, line by line. Raises WrongError where it says otherwise."""

    def __init__(self, description: Description, example: Example) -> None:
        self._lines = list(example.wire)
        self._show = partial(shown, hexadecimal=description.wire.hexadecimal)

    def answer(self, message: Message) -> bytes | None:
        """The next answer; None where none is waited for."""
        self._expect_sent(message.data)
        if message.ends is None:
            return None
        if not self._lines or self._lines[0][0]:
            raise WrongError("an answer is waited for, and the example has none")
        came = self._lines.pop(0)[1]
        cut = message.ends.cut(came)
        if cut is None or cut[0] is None or cut[1]:
            raise WrongError(f"the answer {self._show(came)!r} does not end where it should")
        return cut[0]

    def end(self) -> None:
        """Nothing may be left."""
        if self._lines:
            raise WrongError(f"left over: {self._show(self._lines[0][1])!r}")

    def _expect_sent(self, data: bytes) -> None:
        if not self._lines or not self._lines[0][0]:
            raise WrongError(f"it sends {self._show(data)!r}, and the example does not")
        wanted = self._lines.pop(0)[1]
        if wanted != data:
            raise WrongError(
                f"it sends {self._show(data)!r}, and the example {self._show(wanted)!r}"
            )


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
    instrument = simulator(description)
    values = defaults(item, example.values)
    if isinstance(member, Reading) and example.gives is not None:
        instrument.put(item, values, member.name, example.gives)
    fields = asked(talk(description.wire, member.exchange, values), instrument)
    if isinstance(member, Reading):
        _expect_meaning(member, fields, example)


def asked(dialogue: Talk, instrument: Simulator) -> dict[str, Value]:
    """A whole exchange with a simulated instrument. Raises WrongError where it does not answer."""
    connection = instrument.connection()
    show = partial(shown, hexadecimal=instrument.description.wire.hexadecimal)

    def ask(message: Message) -> bytes | None:
        came = b"".join(connection.received(message.data))
        if message.ends is None:
            return None
        cut = message.ends.cut(came)
        if cut is None or cut[0] is None:
            raise WrongError(f"no answer to {show(message.data)!r}: {show(came)!r}")
        if cut[1]:
            raise WrongError(f"more than one answer to {show(message.data)!r}: {show(came)!r}")
        return cut[0]

    return carried_out(dialogue, ask)
