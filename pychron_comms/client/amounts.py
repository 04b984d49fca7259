"""The arguments of a command as text, checked before anything is sent."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from pychron_comms.errors import InvalidArgumentsError

# What parts arguments, or would end the line.
_PARTS_ARGUMENTS = ","


class Argument(Protocol):
    def checked(self, command: str) -> str:
        """As it stands in the line. Raises InvalidArgumentsError (004) for what cannot be there."""


class Amount(NamedTuple):
    """A finite number from ``minimum`` to ``maximum``, both included."""

    value: float
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""

    def checked(self, command: str) -> str:
        number = float(self.value)
        if not (math.isfinite(number) and self._least <= number <= self._most):
            raise InvalidArgumentsError(command, f"{number:g} ({self._range})")
        return repr(number)

    @property
    def _least(self) -> float:
        return -math.inf if self.minimum is None else self.minimum

    @property
    def _most(self) -> float:
        return math.inf if self.maximum is None else self.maximum

    @property
    def _range(self) -> str:
        least = "" if self.minimum is None else f" from {self.minimum:g}"
        most = "" if self.maximum is None else f" to {self.maximum:g}"
        return f"a number{least}{most} {self.unit}".rstrip()


class Count(NamedTuple):
    """A whole number, at least ``minimum``."""

    value: int
    minimum: int

    def checked(self, command: str) -> str:
        if int(self.value) != self.value or self.value < self.minimum:
            wanted = f"a whole number, at least {self.minimum}"
            raise InvalidArgumentsError(command, f"{self.value} ({wanted})")
        return str(int(self.value))


class Word(NamedTuple):
    """A name that a list of arguments can hold: no comma, nothing unprintable, not empty."""

    name: str

    def checked(self, command: str) -> str:
        name = self.name
        if not name.strip() or not name.isprintable() or _PARTS_ARGUMENTS in name:
            raise InvalidArgumentsError(command, f"{name!r} (a name without commas)")
        return name


def written(command: str, *arguments: Argument) -> str:
    """The line of a command with its arguments. Raises as each argument does."""
    return f"{command} {','.join(each.checked(command) for each in arguments)}".strip()
