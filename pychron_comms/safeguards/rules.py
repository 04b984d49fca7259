"""Rules across devices, as a configuration says them: what each guards, and what must be true."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pychron_comms.config.table import Table
from pychron_comms.errors import CommandError
from pychron_comms.interfaces import (
    PROOFS,
    ICall,
    IDescribedHandler,
    IRequestHandler,
    Move,
    Part,
    Source,
)
from pychron_comms.safeguards.named_parts import check_named
from pychron_comms.safeguards.proof import check_proof
from pychron_comms.safeguards.safe_state import safe_actions
from pychron_comms.wire.grammar import split_type

#: As whom the gate itself asks.
SENDER = "interlock"

#: What is said of a command that leaves out arguments.
_LEFT_OUT = "wrong number of arguments"

_CONDITION = re.compile(r"(.+?)\s+(is not|is|<=|>=|<|>)\s+(\S+)")
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(NamedTuple):
    """``System|GetIndicatorState W is False``: a read, of which part, and what it must answer.

    A state must be proven by ``proof`` or better; a number is measured, and needs none.
    """

    text: str
    part: Move
    handler: IRequestHandler
    read: str
    compare: str
    wanted: str
    proof: Source = Source.COMMANDED

    def holds(self, answer: str) -> bool:
        """Whether the answer is as wanted; ValueError for one that is no number, but must be."""
        if self.compare in _ORDER:
            number = float(answer)
            return math.isfinite(number) and _ORDER[self.compare](number, float(self.wanted))
        if _is_no_measure(answer):
            # What is measured cannot be told: then it is not known to be another either.
            return False
        return _same(answer, self.wanted) is (self.compare == "is")

    def call(self) -> ICall:
        """The read. Errors: as of ``prepare``; ValueError where it proves too little."""
        call = self.handler.prepare(self.read, SENDER)
        if self.compare not in _ORDER and self.proof is not Source.COMMANDED:
            check_proof(call, self.proof)
        return call


class Rule(NamedTuple):
    """``matches`` tells the calls of ``command``, which moves ``moves``; ``reason`` is why, for
    people. ``kept`` are the parts that are made safe when it does not hold any more."""

    command: str
    matches: Callable[[ICall], bool]
    conditions: Sequence[Condition]
    reason: str
    moves: Sequence[Move] = ()
    kept: Sequence[Part] = ()


class InterlockText(NamedTuple):
    """A rule as its configuration has it; ``table`` is where, for what is wrong with it."""

    command: str
    only_if: Sequence[str]
    reason: str
    table: Table
    proof: Source = Source.COMMANDED
    make_safe: bool = False


def read_interlocks(top: Table) -> list[InterlockText]:
    """The tables ``[[interlock]]`` of a configuration. Raises ConfigError."""
    return [_text(each) for each in top.tables("interlock")]


def _text(table: Table) -> InterlockText:
    proof = PROOFS[table.choice("proof", tuple(PROOFS), "commanded")]
    command, only_if = table.text("command"), table.texts("only_if")
    make_safe = table.flag("make_safe", False)
    return InterlockText(command, only_if, table.text("reason", ""), table, proof, make_safe)


def rules_for(
    texts: Iterable[InterlockText], handlers: Mapping[str, IRequestHandler]
) -> list[Rule]:
    """The rules that texts say, of the commands that these handlers have. Raises ConfigError."""
    return [_rule(each, handlers) for each in texts]


def _rule(text: InterlockText, handlers: Mapping[str, IRequestHandler]) -> Rule:
    request_type, command = split_type(text.command)
    handler = handlers.get(request_type)
    if not IDescribedHandler.providedBy(handler):
        raise text.table.error("command", "Type|command with a type that is served here")
    try:
        moves, matches = handler.moves_of(command), handler.matcher(command)
        _check_parts(handler, command)
    except (CommandError, ValueError) as error:
        raise text.table.error("command", f"a command of {request_type} ({error})") from None
    conditions = []
    for condition in text.only_if:
        try:
            conditions.append(_condition(condition, handlers, text.proof))
        except (CommandError, ValueError) as error:
            expected = "reads such as System|GetIndicatorState W is False"
            raise text.table.error("only_if", f"{expected} ({condition}: {error})") from None
    for each in conditions:
        try:
            each.call()
        except ValueError as error:
            raise text.table.mistake("proof", f"{each.text}: {error}") from None
    kept = _kept_parts(text, handler, moves) if text.make_safe else ()
    return Rule(text.command, matches, conditions, text.reason, moves, kept)


def _kept_parts(
    text: InterlockText, handler: IDescribedHandler, moves: Iterable[Move]
) -> list[Part]:
    """What the command moves, by the names of which later processes know it again."""
    request_type, _ = split_type(text.command)
    parts = []
    for move in moves:
        name = move.target or getattr(move.manager, "name", request_type)
        try:
            part = handler.part(name)
        except CommandError:
            part = handler.part(request_type)
        if part.manager is not move.manager or not safe_actions(part):
            raise text.table.mistake("make_safe", f"nothing is known to make {part.name} safe")
        parts.append(part)
    return parts


def _check_parts(handler: IRequestHandler, command: str) -> None:
    try:
        call = handler.prepare(command, SENDER)
    except CommandError as error:
        if _LEFT_OUT not in str(error):
            raise
        return  # Every argument is meant.
    check_named(call)


def _condition(text: str, handlers: Mapping[str, IRequestHandler], proof: Source) -> Condition:
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise ValueError("no comparison in it")
    request_type, read = split_type(found[1])
    if request_type not in handlers:
        raise ValueError(f"no request type {request_type}")
    handler = handlers[request_type]
    call = handler.prepare(read, SENDER)
    if not call.effect.reads or call.manager is None:
        raise ValueError(f"{call.name} does not read a device")
    check_named(call)
    if found[2] in _ORDER and not math.isfinite(float(found[3])):
        raise ValueError("no number that can be measured")
    part = Move(call.manager, call.target)
    return Condition(text.strip(), part, handler, read, found[2], found[3], proof)


def _is_no_measure(answer: str) -> bool:
    """Whether it is what instruments say of a number that they have not: nan, or inf."""
    try:
        return not math.isfinite(float(answer))
    except ValueError:
        return False


def _same(answer: str, wanted: str) -> bool:
    try:
        return float(answer) == float(wanted)
    except ValueError:
        return answer == wanted
