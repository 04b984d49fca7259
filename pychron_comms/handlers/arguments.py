"""The kinds of argument that a command may take, and how each reads text and JSON.

A kind's ``convert`` raises ``BadValue`` for what it cannot take; with a reason where the value is
of the right kind but out of its range, and what it ``wanted`` is reason enough for others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from pychron_comms.wire.numbers import finite_number
from pychron_comms.wire.quoting import split_quoted, unquoted

REQUIRED: Final = object()

_TRUE = frozenset({"true", "t", "yes", "y", "1", "ok", "open", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "close", "closed", "off"})


class BadValue(ValueError):
    """A value that an argument cannot take; ``str()`` is the reason, empty where it is obvious."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a command: free text, in its plainest form.

    ``keys`` are further names that it has in JSON beside its own. An argument with a ``default``
    may be left out, or be null in JSON. ``names`` says what part of the hardware it names:
    ``valve`` or ``gauge``.
    """

    kind: ClassVar[str] = "text"
    #: What it takes, for who gave something else.
    wanted: ClassVar[str] = "a text"

    name: str = field(kw_only=False)
    keys: tuple[str, ...] = ()
    default: object = REQUIRED
    unit: str = ""
    names: str = ""

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def usage(self) -> str:
        return self.name if self.required else f"[{self.name}]"

    def convert(self, value: object) -> object:
        """From the text of a line or a JSON value."""
        if isinstance(value, str):
            text = value.strip()
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            text = str(value)
        else:
            raise BadValue
        if not text:
            raise BadValue
        return text

    def describe(self) -> dict[str, object]:
        """What ``Describe`` says of it, for JSON."""
        described: dict[str, object] = {"name": self.name, "type": self.kind}
        if self.unit:
            described["unit"] = self.unit
        if not self.required:
            described["default"] = self.default
        return described


class Text(Argument):
    """Any text that is not empty, blanks inside it included."""


@dataclass(frozen=True, kw_only=True)
class Number(Argument):
    """A finite number from ``minimum`` to ``maximum``, both included; None for no bound."""

    kind = "number"
    wanted = "a number"

    minimum: float | None = None
    maximum: float | None = None

    def convert(self, value: object) -> float:
        number = self._number(value)
        if (self.minimum is not None and number < self.minimum) or (
            self.maximum is not None and number > self.maximum
        ):
            raise BadValue(f"{self.name} must be {self.range}")
        return number

    @property
    def range(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.minimum is None:
            return f"at most {self.maximum:.15g}{unit}"
        if self.maximum is None:
            return f"at least {self.minimum:.15g}{unit}"
        return f"{self.minimum:.15g} to {self.maximum:.15g}{unit}"

    def describe(self) -> dict[str, object]:
        described = super().describe()
        if self.minimum is not None:
            described["minimum"] = self.minimum
        if self.maximum is not None:
            described["maximum"] = self.maximum
        return described

    def _number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise BadValue
        try:
            number = finite_number(value) if isinstance(value, str) else float(value)
        except (ValueError, OverflowError):
            raise BadValue from None
        if not math.isfinite(number):
            raise BadValue
        return number


class Integer(Number):
    """A whole number, also written ``3.0``."""

    kind = "integer"
    wanted = "a whole number"

    def _number(self, value: object) -> int:
        number = super()._number(value)
        if number != int(number):
            raise BadValue
        return int(number)


class Boolean(Argument):
    """The words that Pychron's clients use for true and false, in any case."""

    kind = "boolean"
    wanted = "True or False"

    def convert(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        word = str(super().convert(value)).lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise BadValue


@dataclass(frozen=True, kw_only=True)
class Choice(Argument):
    """One of a few words, in any case; given on as it is written in ``choices``."""

    kind = "choice"

    choices: tuple[str, ...]

    def convert(self, value: object) -> str:
        word = str(super().convert(value)).lower()
        for choice in self.choices:
            if choice.lower() == word:
                return choice
        raise BadValue(f"{self.name} must be one of {', '.join(self.choices)}")

    def describe(self) -> dict[str, object]:
        return super().describe() | {"choices": list(self.choices)}


class Names(Argument):
    """One or more names; commas or blanks part them. Takes all that is left of a line."""

    kind = "names"
    wanted = "one or more names"

    def convert(self, value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            names = value.replace(",", " ").split()
        elif isinstance(value, list):
            names = [str(super(Names, self).convert(part)) for part in value]
        else:
            raise BadValue
        if not names:
            raise BadValue
        return tuple(names)

    @property
    def usage(self) -> str:
        return f"{self.name},..."


def split_text(text: str, arguments: Sequence[Argument]) -> list[str]:
    """The text behind a command word as so many values; BadValue where their number is wrong.

    Real clients part arguments by commas, by blanks, or write a Python tuple. A last (or only)
    argument may hold blanks; quotes hold words together where blanks part them.
    """
    text = text.strip()
    if not text:
        parts = []
    elif len(arguments) == 1:
        parts = [unquoted(text)]
    else:
        parts = _split_several(text, arguments)
    given, most = len(parts), len(arguments)
    if given > most or (given < most and given < sum(each.required for each in arguments)):
        raise BadValue("wrong number of arguments")
    return parts


def named_values(fields: Mapping[str, object], arguments: Sequence[Argument]) -> dict[str, object]:
    """The fields of a JSON object by the names of the arguments; BadValue for one that is none."""
    names = {key: each.name for each in arguments for key in (each.name, *each.keys)}
    values: dict[str, object] = {}
    for key, value in fields.items():
        if key not in names:
            raise BadValue(f"no argument named {key}")
        if names[key] in values:
            raise BadValue(f"{names[key]} is given twice")
        values[names[key]] = value
    return values


def _split_several(text: str, arguments: Sequence[Argument]) -> list[str]:
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if "," in text:
        return [part.strip() for part in text.split(",")]
    if '"' in text or "'" in text:
        try:
            return split_quoted(text)
        except ValueError as error:
            raise BadValue(str(error)) from None
    holds_blanks = bool(arguments) and isinstance(arguments[-1], (Text, Names))
    return text.split(maxsplit=len(arguments) - 1 if holds_blanks else -1)
