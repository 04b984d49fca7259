"""What a command moves: how its declaration says it, and what a call makes of that.

``"stage/x={x}"`` is the part ``stage/x`` of the command's manager, moved to its argument ``x``;
``"motors/{name}"`` a part that an argument names, moved to what the command does not say;
``"camera/measuring=True"`` one that is always moved to the same; ``"stage=hole:{hole}"`` one whose
value is told in other terms than the part's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from pychron_comms.interfaces import InTerms, Move

Values = Mapping[str, Any]

#: A part and what it is moved to; None where the command does not say.
Moved = tuple[str, object]

#: One part or several; a function of the manager and the values where that does not say it. The
#: values may lack arguments: a rule leaves out those that may be any.
Moves = str | tuple[str, ...] | Callable[[object, Values], Iterable[Moved]]

#: Tells what a call with these values moves.
Mover = Callable[[object, Values], tuple[Move, ...]]

_CONSTANTS: Mapping[str, object] = {"True": True, "False": False}
_NOTATION = re.compile(
    r"(?P<head>[^{}=]*)(?:\{(?P<part>\w+)\}(?P<tail>[^{}=]*))?"
    r"(?:=(?:(?:(?P<terms>\w+):)?\{(?P<argument>\w+)\}|(?P<constant>True|False|-?\d+(?:\.\d+)?)))?"
)


def mover(moves: Moves, arguments: Collection[str]) -> Mover:
    """What a declaration makes of the values of these arguments. ValueError for one that is none.

    A part whose name lacks its argument is the whole that it is a part of.
    """
    if callable(moves):
        tell = moves
        return lambda manager, values: tuple(Move(manager, *each) for each in tell(manager, values))
    each = [_one(text, arguments) for text in ((moves,) if isinstance(moves, str) else moves)]
    if len(each) == 1:
        (only,) = each
        return lambda manager, values: (Move(manager, *only(values)),)
    return lambda manager, values: tuple(Move(manager, *one(values)) for one in each)


def _one(text: str, arguments: Collection[str]) -> Callable[[Values], Moved]:
    found = _NOTATION.fullmatch(text)
    if found is None or not {found["part"], found["argument"]} <= {None, *arguments}:
        raise ValueError(f"{text!r} says of no part what it is moved to")
    part = _part(found["head"], found["part"], found["tail"])
    value = _value(found["terms"], found["argument"], found["constant"])
    return lambda values: (part(values), value(values))


def _part(head: str, argument: str | None, tail: str) -> Callable[[Values], str]:
    if argument is None:
        return lambda values: head
    whole = head.rstrip("/")
    return lambda values: f"{head}{values[argument]}{tail}" if argument in values else whole


def _value(
    terms: str | None, argument: str | None, constant: str | None
) -> Callable[[Values], object]:
    if constant is not None:
        fixed = _CONSTANTS[constant] if constant in _CONSTANTS else float(constant)
        return lambda values: fixed
    if argument is None:
        return lambda values: None
    if terms is None:
        return lambda values: values.get(argument)
    return lambda values: InTerms(terms, values[argument]) if argument in values else None
