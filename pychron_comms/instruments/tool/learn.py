"""``pychron-instrument learn``: a recording of both ways becomes tests for a description."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pychron_comms.config.toml_text import toml_text
from pychron_comms.instruments.description import (
    Command,
    Description,
    Exchange,
    Item,
    Question,
    Reading,
    Verb,
)
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.library import named_description
from pychron_comms.instruments.modbus.exchange import UNIT
from pychron_comms.instruments.modbus.frames import bare
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError, RefusedError, interpreted, talk
from pychron_comms.instruments.wire_text import bytes_of, shown

_KEPT = frozenset({"> ", "< "})


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser(
        "learn", help="make tests of a recording, lines of > and < as try and sim show them"
    )
    command.add_argument("description", help="a file, or the name of a ready one")
    command.add_argument("recording", type=Path, help="what was said, one message on a line")
    command.set_defaults(run=_learn)


def _learn(given: argparse.Namespace) -> int:
    description = named_description(given.description)
    lines = given.recording.read_text("utf-8").splitlines()
    talks = list(_exchanges([line for line in lines if line[:2] in _KEPT]))
    for exchange in talks:
        for line in learned(description, exchange):
            sys.stdout.write(line + "\n")
    return 0


def _exchanges(lines: Iterable[str]) -> Iterator[list[str]]:
    """What is sent, with what follows until the next thing is sent."""
    current: list[str] = []
    for line in lines:
        if line.startswith(">") and current and current[-1].startswith("<"):
            yield current
            current = []
        current.append(line)
    if current:
        yield current


def learned(description: Description, lines: list[str]) -> Iterator[str]:
    """The test that an exchange makes, beside the key that it belongs to; else why none."""
    hexadecimal = description.wire.hexadecimal
    said = [(line[0], bytes_of(line[2:], hexadecimal=hexadecimal)) for line in lines]
    if description.wire.frames is not None:
        said = [(way, bare(data)) for way, data in said]
    shown_lines = [f"{way} {shown(data, hexadecimal=hexadecimal)}" for way, data in said]
    for item in description.items.values():
        for place, member in item.members():
            found = _meant(description, item, member, said)
            if found is not None:
                yield f"# {place}"
                yield _written(shown_lines, *found)
                return
    yield f"# nothing described says {lines[0]!r}"


def _meant(
    description: Description,
    item: Item,
    member: Reading | Verb,
    said: list[tuple[str, bytes]],
) -> tuple[dict[str, Value], Value | None, bool] | None:
    """The values that make this member send these bytes, and what its answers then mean."""
    try:
        values = _values(description, item, member.exchange, said[0][1])
        dialogue = talk(description.wire, member.exchange, values)
        message = next(dialogue)
        for way, data in said[1:]:
            if way == ">":
                continue
            cut = message.ends.cut(data) if message.ends else None
            if cut is None or cut[0] is None:
                return None
            message = dialogue.send(cut[0])
    except StopIteration as end:
        return _told(member, values, end.value)
    except RefusedError:
        return values, None, True
    except (GarbledError, NoAnswerError, ValueError):
        pass
    return None


def _values(
    description: Description, item: Item, exchange: Question | Command, sent: bytes
) -> dict[str, Value]:
    """ValueError, GarbledError for what it does not send.

    A question that is the same for all is taken for that of the first.
    """
    if not isinstance(exchange, Exchange):
        found = exchange.recognised(sent[1:])
        if found is None:
            raise GarbledError("another question")
        first = {name: each.minimum for name, each in item.parameters.items()}
        given = {name: int(least) for name, least in first.items() if least is not None}
        return {**given, UNIT: sent[0], **found}
    step = description.wire.steps[0]
    outside = step.send.match(sent.removesuffix(step.line))
    body = str(outside.pop("body", "")).encode("latin-1")
    return {**outside, **exchange.send.match(body)}


def _told(
    member: Reading | Verb, values: dict[str, Value], fields: dict[str, Value]
) -> tuple[dict[str, Value], Value | None, bool] | None:
    if not isinstance(member, Reading):
        return values, None, False
    if "value" not in fields:
        return None
    told = interpreted(member, fields)
    return values, told.reason if told.value is None else told.value, False


def _written(lines: list[str], values: dict[str, Value], gives: Value | None, refused: bool) -> str:
    with_ = ", ".join(f"{name} = {_toml(value)}" for name, value in values.items())
    wire = ", ".join(_toml(line) for line in lines)
    end = ", refused = true" if refused else "" if gives is None else f", gives = {_toml(gives)}"
    return f"{{ with = {{ {with_} }}, wire = [{wire}]{end} }},"


def _toml(value: Value) -> str:
    return toml_text(value) if isinstance(value, str) else repr(value)
