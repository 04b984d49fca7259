"""What a server says of its own commands, for completion and help at a prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pychron_comms.client import answers, valve_words
from pychron_comms.errors import CommandError

Ask = Callable[[str], str]

#: The words that the prompt itself obeys.
OWN_WORDS = {"help": "list the commands, or tell of one", "quit": "leave (also Ctrl-D)"}

_VALVES = "GetValveStates"
_PATTERNS = "GetPatternNames"
_PIPETTES = "GetPipetteCounts"
# The command whose reply holds the names that another command takes.
_NAMES_FOR = {
    "Open": _VALVES,
    "Close": _VALVES,
    "GetValveState": _VALVES,
    "GetIndicatorState": _VALVES,
    "GetValveLockState": _VALVES,
    "GetManualState": _VALVES,
    "GetStateChecksum": _VALVES,
    "GetPipetteCount": _PIPETTES,
    "DoPattern": _PATTERNS,
}
_PART = re.compile(r"[\s,]+")


class Candidate(NamedTuple):
    """A word that may stand where the cursor is, how much it replaces, and what it means."""

    text: str
    replaces: int
    meaning: str


class Argument(NamedTuple):
    name: str
    kind: str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: Sequence[str]

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.name}:", self._kind, self._range, self.unit)))

    @property
    def is_limited(self) -> bool:
        """Whether it is more than any text."""
        return self.kind != "text" or bool(self.unit)

    @property
    def _kind(self) -> str:
        return " or ".join(self.choices) if self.choices else self.kind

    @property
    def _range(self) -> str:
        least = "" if self.minimum is None else f"from {self.minimum:g}"
        most = "" if self.maximum is None else f"to {self.maximum:g}"
        return " ".join(filter(None, (least, most)))


class Described(NamedTuple):
    """One command, as the server describes it."""

    name: str
    aliases: Sequence[str]
    usage: str
    help: str
    arguments: Sequence[Argument]

    @property
    def line(self) -> str:
        """All of it in one line: usage, what it does, and what its arguments may be."""
        limited = (str(each) for each in self.arguments if each.is_limited)
        return "; ".join([f"{self.usage}: {self.help}", *limited])


@dataclass(frozen=True)
class Catalogue:
    """``names`` are those that arguments may have, by the command that answered them."""

    request_type: str = ""
    commands: Sequence[Described] = ()
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def find(self, word: str) -> Described | None:
        """The command of a word, in any case, as far as there is one."""
        lower = word.lower()
        for command in self.commands:
            if lower in (each.lower() for each in (command.name, *command.aliases)):
                return command
        return None

    def complete(self, text: str) -> list[Candidate]:
        """What may stand at the end of ``text``, the part of a line in front of the cursor."""
        word, blank, arguments = text.lstrip().partition(" ")
        if not blank:
            return _matching(word, self._command_words())
        if word.lower() == "help":
            return _matching(arguments.lstrip(), self._command_words())
        command = self.find(word)
        return [] if command is None else self._complete_argument(command, arguments.lstrip())

    def explain(self, text: str) -> str:
        """One line of help for the command that a line begins with; empty for no such one."""
        command = self.find(_PART.split(text.strip())[0])
        return "" if command is None else command.line

    def _command_words(self) -> Iterator[tuple[str, str]]:
        yield from OWN_WORDS.items()
        for command in self.commands:
            for word in (command.name, *command.aliases):
                yield word, command.help

    def _complete_argument(self, command: Described, arguments: str) -> list[Candidate]:
        parts = _PART.split(arguments)
        place = len(parts) - 1
        if place >= len(command.arguments):
            place = len(command.arguments) - 1
            if place < 0 or command.arguments[place].kind != "names":
                return []
        argument = command.arguments[place]
        values = list(argument.choices)
        if argument.kind == "boolean":
            values = ["True", "False"]
        elif place == 0 and not values:
            values = list(self.names.get(_NAMES_FOR.get(command.name, ""), ()))
        return _matching(parts[-1], ((value, argument.name) for value in values))


def fetch_catalogue(ask: Ask) -> Catalogue:
    """From the server's ``Describe``. Raises CommandError, ValueError for no description."""
    try:
        described: Any = json.loads(ask("Describe"))
        commands = [_command(each) for each in described["commands"]]
        request_type = str(described["type"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"Describe: {error!r}") from None
    known = {command.name for command in commands}
    sources = sorted({_NAMES_FOR[name] for name in known & set(_NAMES_FOR)} & known)
    return Catalogue(request_type, commands, {each: _names(ask, each) for each in sources})


def _names(ask: Ask, source: str) -> Sequence[str]:
    """None at all where they cannot be had: completion is a convenience."""
    try:
        reply = ask(source)
        if source == _VALVES:
            return list(valve_words.parse_word(source, reply))
        if source == _PIPETTES:
            return [str(name) for name, _ in json.loads(reply)]
        return answers.names(reply)
    except (CommandError, ValueError, TypeError):
        return ()


def _command(described: Any) -> Described:
    return Described(
        described["name"],
        described["aliases"],
        described["usage"],
        described["help"],
        [_argument(each) for each in described["arguments"]],
    )


def _argument(described: Any) -> Argument:
    return Argument(
        described["name"],
        described["type"],
        described.get("unit", ""),
        described.get("minimum"),
        described.get("maximum"),
        described.get("choices", ()),
    )


def _matching(begun: str, words: Any) -> list[Candidate]:
    lower = begun.lower()
    return [
        Candidate(word, len(begun), meaning)
        for word, meaning in words
        if word.lower().startswith(lower)
    ]
