"""What a handler declares of one command, and what comes of it: its values, errors, help, moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.handlers.arguments import Argument, BadValue, named_values, split_text
from pychron_comms.handlers.moves import Mover, Values
from pychron_comms.handlers.replies import Reply
from pychron_comms.interfaces import ALWAYS, NEVER, SOMETIMES, Effect, IHardware, Move, Source

#: Raises a CommandError for values that a manager would refuse.
Check = Callable[[object, Values], None]


class ServesHardware(Protocol):
    """A handler, as far as a declaration knows it."""

    @property
    def hardware(self) -> IHardware:
        """The managers of its laboratory."""

    @property
    def manager(self) -> object:
        """Who owns what most of its commands are for; None for no one."""


#: Finds the owner of a command's hardware; None where it touches none.
FindManager = Callable[[ServesHardware, Values], object]

#: Seconds after which a command that declares nothing else must have ended.
DEADLINE = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class CommandSpec:
    """What a handler declares of one command.

    ``method(handler, manager, sender, **values)`` runs it and returns what the manager returned.
    ``manager(handler, values)`` finds the owner of its hardware, None where it touches none.
    ``safe`` tells whether it makes hardware safe, always or by its values. ``target`` is the part
    of the manager that it acts on, or the name of the argument that says which; empty for all.
    ``moves(manager, values)`` tells the parts that it moves, and to what.
    ``check(manager, values)`` raises what its manager would refuse, as far as can be told without
    hardware.
    ``told_by`` is what its answer rests on at best, where that may be less than its part can prove.
    Where it ``takes_context``, the method is also given ``context``, the request's
    ``RequestContext``.
    """

    names: tuple[str, ...]
    arguments: tuple[Argument, ...]
    method: Callable[..., object]
    reply: Reply
    effect: Effect
    manager: FindManager
    safe: bool | Callable[[Values], bool]
    target: str
    moves: Mover
    check: Check | None
    deadline: float
    help: str
    takes_context: bool
    told_by: Source | None = None

    @property
    def usage(self) -> str:
        return " ".join([self.names[0], *(argument.usage for argument in self.arguments)])

    def makes_safe(self, values: Values) -> bool:
        """Whether it makes hardware safe with these values."""
        return self.safe(values) if callable(self.safe) else self.safe

    def moved(self, manager: object, values: Values) -> tuple[Move, ...]:
        """What it moves with these values, of which some may be left out."""
        if self.effect.reads or manager is None:
            return ()
        return self.moves(manager, values)

    def values(self, name: str, given: str | Mapping[str, object]) -> dict[str, Any]:
        """The arguments by name, converted; InvalidArgumentsError (004) where they do not fit."""
        try:
            raw: Sequence[object]
            if isinstance(given, str):
                raw = split_text(given, self.arguments)
            else:
                named = named_values(given, self.arguments)
                raw = [named.get(argument.name) for argument in self.arguments]
            values = {}
            for argument, value in zip_longest(self.arguments, raw):
                values[argument.name] = _converted(argument, value)
            return values
        except BadValue as error:
            raise InvalidArgumentsError(name, self._explained(given, str(error))) from None

    def leading_values(self, given: str) -> dict[str, Any]:
        """As ``values``, of a text that may leave out all arguments but the first ones."""
        for count in range(len(self.arguments) if given else 0, -1, -1):
            leading = self.arguments[:count]
            try:
                parts = split_text(given, leading)
                pairs = zip(leading, parts, strict=False)
                return {argument.name: argument.convert(part) for argument, part in pairs}
            except BadValue:
                continue
        raise InvalidArgumentsError(self.names[0], f"{given} (usage: {self.usage})")

    def describe(self) -> dict[str, object]:
        """What ``Describe`` says of it, for JSON."""
        return {
            "name": self.names[0],
            "aliases": list(self.names[1:]),
            "usage": self.usage,
            "help": self.help,
            "arguments": [argument.describe() for argument in self.arguments],
            "effect": self.effect.value,
            "target": self.target,
            "safe": SOMETIMES if callable(self.safe) else ALWAYS if self.safe else NEVER,
            "deadline": self.deadline,
        }

    def _explained(self, given: str | Mapping[str, object], reason: str) -> str:
        text = given if isinstance(given, str) else " ".join(f"{k}={v}" for k, v in given.items())
        return f"{text} ({reason}; usage: {self.usage})".lstrip()


def _converted(argument: Argument, value: object) -> object:
    """What an argument's value means; None where it is not given."""
    if value is None:
        if argument.required:
            raise BadValue("wrong number of arguments")
        return argument.default
    try:
        return argument.convert(value)
    except BadValue as error:
        wanted = f"{argument.name} must be {argument.wanted}"
        raise BadValue(str(error) or wanted) from None
