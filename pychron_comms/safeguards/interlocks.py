"""Rules across devices: a command begins only while others stand as they must."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, cast

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, FuncCallError, InterlockError, told
from pychron_comms.interfaces import ICall, IRequestHandler
from pychron_comms.safeguards.holds import Hold, Holds
from pychron_comms.safeguards.rules import Condition, Rule

#: Seconds that one device may take to say how it stands.
READ_TIME = 2.0

#: Gives the reply to a read, in its turn or ahead of all that waits for its manager.
Read = Callable[[IRequestHandler, ICall, bool], str | Deferred[str]]


class Broken(NamedTuple):
    """Why a rule does not hold; ``told`` where it says so, and not only that nobody knows."""

    why: str
    told: bool


class Interlocks:
    """Tests the rules of a command just before it begins, and keeps them true until it has ended.

    Of two commands that rules are for, one waits for the other where it moves what that moves or
    its rules read: so two which exclude each other cannot both pass. What makes safe is never held
    back, and neither is a read.
    """

    _log = Logger()

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
        return bool(self._rules) and bool(self._rules_of(call))

    def hold(self, call: ICall, seconds: float) -> Deferred[Hold]:
        """Fires with what must be released when the call has ended. Errors: 207.

        It is released after ``seconds`` at the latest.
        """
        return Deferred.fromCoroutine(self._hold(call, seconds))

    def test(self, call: ICall) -> Deferred[None]:
        """Fires where nothing is in the call's way just now. Errors: 207."""
        return Deferred.fromCoroutine(self._test(self._rules_of(call), ahead=False))

    def test_held(self, call: ICall) -> Deferred[None]:
        """The same for one that has its ``hold``, ahead of all that waits. Errors: 207."""
        return Deferred.fromCoroutine(self._test(self._rules_of(call), ahead=True))

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
        except CancelledError:
            raise
        except Exception as error:
            # A driver with a bug tells no more than one that hangs, and is no less dangerous.
            if not _is_told(error):
                self._log.failure("{read} cannot be told", read=condition.read)
            return Broken(f"{only}, which cannot be told: {_reason(error)}{because}", told=False)
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
        return reply.addTimeout(READ_TIME, self._clock).addErrback(_as_error)

    def _rules_of(self, call: ICall) -> list[Rule]:
        return [] if call.safe else [rule for rule in self._rules if rule.matches(call)]


def _as_error(failure: Failure) -> Failure:
    """What would end a program, as ``SystemExit`` in a driver's thread, is an error like others."""
    if isinstance(failure.value, Exception):
        return failure
    raise FuncCallError(repr(failure.value))


def _is_told(error: Exception) -> bool:
    """Whether it is no bug: silence, an error of ours, or what is no number, as Python says it."""
    return isinstance(error, CommandError | TimedOut) or type(error) is ValueError


def _reason(error: Exception) -> str:
    """Why how a device stands cannot be told."""
    if isinstance(error, TimedOut):
        return "no answer"
    return str(error) if _is_told(error) else told(error)
