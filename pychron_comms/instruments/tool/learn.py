"""``pychron-instrument learn``: a recording of both ways becomes tests for a description."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pychron_comms.config.toml_text import toml_text
from pychron_comms.instruments.description import Description, Reading, Verb
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.library import named_description
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import RefusedError, interpreted, talk
from pychron_comms.instruments.wire_text import wire_bytes

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
    for item in description.items.values():
        for place, member in item.members():
            found = _meant(description, member, lines)
            if found is not None:
                yield f"# {place}"
                yield _written(lines, *found)
                return
    yield f"# nothing described says {lines[0]!r}"


def _meant(
    description: Description, member: Reading | Verb, lines: list[str]
) -> tuple[dict[str, Value], Value | None, bool] | None:
    """The values that make this member send these bytes, and what its answers then mean."""
    sent = wire_bytes(lines[0][2:])
    step = description.wire.steps[0]
    try:
        outside = step.send.match(sent.removesuffix(step.line))
        body = str(outside.pop("body", "")).encode("latin-1")
        values = {**outside, **member.exchange.send.match(body)}
        dialogue = talk(description.wire, member.exchange, values)
        message = next(dialogue)
        fields: dict[str, Value] = {}
        for line in lines[1:]:
            if line.startswith(">"):
                continue
            cut = message.ends.cut(wire_bytes(line[2:])) if message.ends else None
            if cut is None:
                return None
            message = dialogue.send(cut[0])
    except StopIteration as end:
        fields = end.value
    except RefusedError:
        return values, None, True
    except (GarbledError, ValueError):
        return None
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
