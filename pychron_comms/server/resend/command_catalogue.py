"""What the processor tells of its commands (``Describe``), for who must know copies from wishes."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from twisted.python.failure import Failure

from pychron_comms.errors import (
    InvalidCommandError,
    MalformedRequestError,
    OutcomeUnknownError,
    PychronCommunicationError,
)
from pychron_comms.interfaces import ALWAYS, SOMETIMES, Effect, ICommandRepeater
from pychron_comms.wire.grammar import Command, parse_command

_APART = re.compile(r"[\s,]+")


class Asked(NamedTuple):
    """A command as one computer asked it: what a copy of it has in common with it."""

    request_type: str
    data: str
    sender: str


class Nature(enum.Enum):
    """What a command does, whatever its values."""

    READS = "reads"
    MAKES_SAFE = "makes safe"
    ACTS = "acts"


class _Target(NamedTuple):
    """The part that a command acts on: ``constant``, or the argument of that ``place``."""

    constant: str
    argument: str
    place: int
    alone: bool


class _Type(NamedTuple):
    """Of one request type: the words that only read, that always make safe, that do with some
    values; and the part that each acts on."""

    reads: frozenset[str] = frozenset()
    safe: frozenset[str] = frozenset()
    perhaps_safe: frozenset[str] = frozenset()
    targets: Mapping[str, _Target] = {}


#: Of a type that has not described itself: each of its commands acts, on all of it.
_NOTHING = _Type()


class CommandCatalogue:
    """Asks each type once to describe itself, and again after the processor was down."""

    def __init__(self, repeater: ICommandRepeater) -> None:
        self._repeater = repeater
        self._types: dict[str, _Type] = {}

    def nature(self, asked: Asked) -> Nature:
        """What it does; it acts where that is not known."""
        known = self._of(asked)
        if known is _NOTHING:
            return Nature.ACTS
        word = _command(asked.data).name
        if word in known.reads:
            return Nature.READS
        return Nature.MAKES_SAFE if word in known.safe else Nature.ACTS

    def may_make_safe(self, asked: Asked) -> bool:
        """Whether it makes safe with some values."""
        return _command(asked.data).name in self._of(asked).perhaps_safe

    def part(self, asked: Asked) -> str:
        """What it acts on; empty for all, and where that is not known."""
        known = self._of(asked)
        if known is _NOTHING:
            return ""
        name, arguments = _command(asked.data)
        target = known.targets.get(name)
        if target is None:
            return ""
        if not target.argument:
            return target.constant
        if not isinstance(arguments, str):
            return str(arguments.get(target.argument, ""))
        text = arguments.strip("() ")
        if target.alone:
            return text.strip("\"'")
        parts = _APART.split(text)
        return parts[target.place].strip("\"'") if target.place < len(parts) else ""

    def _of(self, asked: Asked) -> _Type:
        known = self._types.get(asked.request_type)
        if known is None:
            known = self._types[asked.request_type] = _NOTHING
            self._learn(asked.request_type)
        return known

    def _learn(self, request_type: str) -> None:
        description = self._repeater.get_response(request_type, "Describe", "")
        description.addCallback(self._learned, request_type)
        description.addErrback(self._not_learned, request_type)

    def _not_learned(self, failure: Failure, request_type: str) -> None:
        # While the processor is down it is asked again with the next command. A type that does
        # not describe itself is left as one whose every command acts.
        if failure.check(PychronCommunicationError, OutcomeUnknownError):
            del self._types[request_type]

    def _learned(self, description: str, request_type: str) -> None:
        commands = json.loads(description)["commands"]
        self._types[request_type] = _Type(
            reads=_words(each for each in commands if each["effect"] == Effect.READ.value),
            safe=_words(each for each in commands if each["safe"] == ALWAYS),
            perhaps_safe=_words(each for each in commands if each["safe"] == SOMETIMES),
            targets={word: _target(each) for each in commands for word in _words([each])},
        )


def _target(command: Mapping[str, Any]) -> _Target:
    names = [each["name"] for each in command.get("arguments", [])]
    target = command.get("target", "")
    if target in names:
        return _Target("", target, names.index(target), len(names) == 1)
    return _Target(target, "", 0, False)


@lru_cache(256)
def _command(data: str) -> Command:
    try:
        return parse_command(data)
    except (InvalidCommandError, MalformedRequestError):
        return Command("", "")


def _words(commands: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(word for each in commands for word in (each["name"], *each["aliases"]))
