"""The arguments of a command as text, checked before anything is sent.

Each takes the command's word and raises InvalidArgumentsError (004) for what it cannot write.
"""

from __future__ import annotations

import math

from pychron_comms.errors import InvalidArgumentsError

# What parts arguments, or would end the line.
_PARTS_ARGUMENTS = ","


def amount(
    command: str,
    value: float,
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
) -> str:
    """A finite number from ``minimum`` to ``maximum``, both included."""
    number = float(value)
    if (
        not math.isfinite(number)
        or (minimum is not None and number < minimum)
        or (maximum is not None and number > maximum)
    ):
        raise InvalidArgumentsError(command, f"{number:g} ({_range(minimum, maximum, unit)})")
    return repr(number)


def count(command: str, value: int, minimum: int) -> str:
    """A whole number, at least ``minimum``."""
    if int(value) != value or value < minimum:
        raise InvalidArgumentsError(command, f"{value} (a whole number, at least {minimum})")
    return str(int(value))


def word(command: str, name: str) -> str:
    """A name that a list of arguments can hold: no comma, nothing unprintable, not empty."""
    if not name.strip() or not name.isprintable() or _PARTS_ARGUMENTS in name:
        raise InvalidArgumentsError(command, f"{name!r} (a name without commas)")
    return name


def _range(minimum: float | None, maximum: float | None, unit: str) -> str:
    least = "" if minimum is None else f" from {minimum:g}"
    most = "" if maximum is None else f" to {maximum:g}"
    return f"a number{least}{most} {unit}".rstrip()
