"""Every type of the default laboratory reads whatever stands behind its commands."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, cast

from twisted.internet.task import Clock

from pychron_comms.errors import CommandError, error_line
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import Call, CommandSpec, declared_commands
from pychron_comms.handlers.factories import own_factories
from pychron_comms.lab.hardware import hardware_from_config
from pychron_comms.processor.assembly import handlers_for
from pychron_comms.processor.settings import default_laboratory
from pychron_comms.wire.grammar import decode
from tests.faults.fuzz.choices import Choices

#: What a fuzzer would take long to find by itself.
WORDS = (
    *(b"(1.5, 2.0)", b"mask,2", b"True", b'"a b"', b"1e999", b"nan", b"-0.0", b"1_000"),
    *(b"\\ud800", b"null", b"[[[[", b"9" * 30, b"\xd9\xa3", b"percent", b"FooFlag", b"A"),
)


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    handler = choices.one_of(_handlers())
    specs = declared_commands(type(handler))
    name = choices.one_of(list(specs))
    form = choices.one_of((_line, _json, _free))
    text = form(choices, name, specs[name])
    try:
        call = handler.prepare(decode(text.encode(errors="replace")), "10.0.0.5")
    except CommandError as error:
        line = error_line(error)
        assert line.splitlines() == [line]
        line.encode()
        return
    _assert_sound(call)


def _assert_sound(call: Call) -> None:
    assert (call.question is not None) == (call.effect.value == "read")
    hash(call.question)
    assert isinstance(call.safe, bool)
    assert isinstance(call.target, str)
    assert call.deadline > 0


def _line(choices: Choices, name: str, spec: CommandSpec) -> str:
    return f"{name} {_text(choices)}"


def _json(choices: Choices, name: str, spec: CommandSpec) -> str:
    """The fields as they should be called, with values of any kind."""
    fields = ["command", *(key for each in spec.arguments for key in (each.name, *each.keys))]
    values = [json.dumps(name), *_text(choices).split(";")]
    pairs = zip(fields, values, strict=False)
    return "{" + ", ".join(f'"{field}": {value}' for field, value in pairs) + "}"


def _free(choices: Choices, name: str, spec: CommandSpec) -> str:
    return _text(choices)


def _text(choices: Choices) -> str:
    return choices.rest().decode("utf-8", errors="replace")


@cache
def _handlers() -> list[BaseHandler]:
    # Nothing is run here, so that what guards the hardware is never asked.
    guards = cast(Any, None)
    hardware = hardware_from_config(default_laboratory(), Clock(), guards)
    handlers = handlers_for(hardware, own_factories())
    unique = {type(handler): handler for handler in handlers.values()}
    return [each for each in unique.values() if isinstance(each, BaseHandler)]
