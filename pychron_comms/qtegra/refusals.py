"""What Qtegra replies where the spectrometer refused a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from pychron_comms.errors import CommandError
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.parameters import ParameterError
from pychron_comms.qtegra.readers import Unanswered, Values

#: The reply for an error of a command with these values. Raises Unanswered for none.
Refused = Callable[[CommandError, Values], str]


def always_ok(error: CommandError, values: Values) -> str:
    return "OK"


def says(text: str) -> Refused:
    """That text, with the values in its braces."""
    return lambda error, values: text.format(**values)


def in_general(error: CommandError, values: Values) -> str:
    """Where a command has no words of its own for it."""
    if isinstance(error, ParameterError):
        return texts.could_not_set(error.name, error.value)
    return texts.INVALID


def not_set(error: CommandError, values: Values) -> str:
    """For commands that set the parameter ``name``."""
    return texts.could_not_set(str(values["name"]), cast(float, values["value"]))


def unset(name: str, value: Callable[[Values], float]) -> Refused:
    """For commands that set one parameter."""
    return lambda error, values: texts.could_not_set(name, value(values))


def unanswered(error: CommandError, values: Values) -> str:
    raise Unanswered


def time_not_set(error: CommandError, values: Values) -> str:
    seconds = texts.number(cast(float, values["seconds"]))
    return f"Error: could not set integration time to {seconds}"


def number_of(values: Values) -> float:
    return cast(float, values["value"])
