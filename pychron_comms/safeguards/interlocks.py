"""Rules across devices: a command begins only while others stand as they must."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import Table
from pychron_comms.errors import CommandError, InterlockError
from pychron_comms.interfaces import (
    Effect,
    ICall,
    IDescribedHandler,
    IRequestHandler,
    Move,
    Part,
    Source,
)
from pychron_comms.safeguards.holds import Hold, Holds
from pychron_comms.safeguards.named_parts import check_named
from pychron_comms.safeguards.proof import PROOFS, check_proof
from pychron_comms.safeguards.safe_state import safe_actions
from pychron_comms.wire.grammar import split_type

#: Seconds that one device may take to say how it stands.
READ_TIME = 2.0

#: As whom the gate itself asks.
SENDER = "interlock"

#: Gives the reply to a read, in its turn or ahead of all that waits for its manager.
Read = Callable[[IRequestHandler, ICall, bool], str | Deferred[str]]

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
            return _ORDER[self.compare](float(answer), float(self.wanted))
        return _same(answer, self.wanted) is (self.compare == "is")

    def call(self) -> ICall:
        """The read. Errors: as of ``prepare``; ValueError where it proves too little."""
        call = self.handler.prepare(self.read, SENDER)
        if self.compare not in _ORDER and self.proof is not Source.COMMANDED:
            check_proof(call, self.proof)
        return call


class Broken(NamedTuple):
    """Why a rule does not hold; ``told`` where it says so, and not only that nobody knows."""

    why: str
    told: bool


class Rule(NamedTuple):
    """``matches`` tells the calls of ``command``, which moves ``moves``; ``reason`` is why, for
    people. ``kept`` are the parts that are made safe when it does not hold any more."""

    command: str
    matches: Callable[[ICall], bool]
    conditions: Sequence[Condition]
    reason: str
    moves: Sequence[Move] = ()
    kept: Sequence[Part] = ()


class Interlocks:
    """Tests the rules of a command just before it begins, and keeps them true until it has ended.

    Of two commands that rules are for, one waits for the other where it moves what that moves or
    its rules read: so two which exclude each other cannot both pass. What makes safe is never held
    back, and neither is a read.
    """

    def __init__(self, read: Read, clock: IReactorTime) -> None:
        self._rules: Sequence[Rule] = ()
        self._read = read
        self._clock = clock
        self._holds = Holds(clock)

    def keep(self, rules: Sequence[Rule]) -> None:
        """These are the rules."""
        self._rules = rules

    def guard(self, call: ICall) -> bool:
        """Whether there is a rule for this call."""
        return bool(self._rules) and not call.safe and any(self._rules_of(call))

    def hold(self, call: ICall, seconds: float) -> Deferred[Hold]:
        """Fires with what must be released when the call has ended. Errors: 207.

        It is released after ``seconds`` at the latest.
        """
        return Deferred.fromCoroutine(self._hold(call, seconds))

    def test(self, call: ICall) -> Deferred[None]:
        """Fires where nothing is in the call's way just now. Errors: 207."""
        return Deferred.fromCoroutine(self._test(self._rules_of(call), ahead=False))

    def test_rule(self, rule: Rule) -> Deferred[None]:
        """Fires where it holds just now. Errors: 207."""
        return Deferred.fromCoroutine(self._test([rule], ahead=False))

    def broken(self, rule: Rule) -> Deferred[Broken | None]:
        """Whether it is broken just now, asked ahead of all that waits; None where it holds."""
        return Deferred.fromCoroutine(self._first_broken(rule))

    async def _hold(self, call: ICall, seconds: float) -> Hold:
        rules = self._rules_of(call)
        read = [condition.part for rule in rules for condition in rule.conditions]
        hold = self._holds.hold(call.name, call.moves, read, seconds)
        try:
            await hold.granted
            await self._test(rules, ahead=True)
        except Exception:
            hold.release()
            raise
        return hold

    async def _test(self, rules: Iterable[Rule], *, ahead: bool) -> None:
        for rule in rules:
            for condition in rule.conditions:
                await self._check(rule, condition, ahead)

    async def _check(self, rule: Rule, condition: Condition, ahead: bool) -> None:
        broken = await self._broken(rule, condition, ahead)
        if broken is not None:
            raise InterlockError(broken.why)

    async def _broken(self, rule: Rule, condition: Condition, ahead: bool) -> Broken | None:
        because = f"; {rule.reason}" if rule.reason else ""
        only = f"{rule.command} only if {condition.text}"
        try:
            answer = await self._answer(condition.handler, condition.call(), ahead)
            holds = condition.holds(answer)
        except (CommandError, TimedOut, ValueError) as error:
            reason = "no answer" if isinstance(error, TimedOut) else error
            return Broken(f"{only}, which cannot be told: {reason}{because}", told=False)
        if holds:
            return None
        return Broken(f"{only}, and it says {answer}{because}", told=True)

    async def _first_broken(self, rule: Rule) -> Broken | None:
        for condition in rule.conditions:
            broken = await self._broken(rule, condition, ahead=True)
            if broken is not None:
                return broken
        return None

    def _answer(self, handler: IRequestHandler, call: ICall, ahead: bool) -> Deferred[str]:
        read = cast(Callable[..., str], self._read)
        reply = maybeDeferred(read, handler, call, ahead)
        return reply.addTimeout(READ_TIME, self._clock)

    def _rules_of(self, call: ICall) -> list[Rule]:
        return [] if call.safe else [rule for rule in self._rules if rule.matches(call)]


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
    if call.effect is not Effect.READ or call.manager is None:
        raise ValueError(f"{call.name} does not read a device")
    check_named(call)
    if found[2] in _ORDER:
        float(found[3])
    part = Move(call.manager, call.target)
    return Condition(text.strip(), part, handler, read, found[2], found[3], proof)


def _same(answer: str, wanted: str) -> bool:
    try:
        return float(answer) == float(wanted)
    except ValueError:
        return answer == wanted
