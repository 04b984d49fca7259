"""Marks what an ``[[interlock]]`` of the configuration guards, and why it may not be just now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError
from pychron_comms.interfaces import Move
from pychron_comms.observability.state.items import Item
from pychron_comms.safeguards.rules import Rule

#: Seconds between two looks at the rules, at least: each is a read of every device they name.
APART = 0.5

#: Fires where a rule holds just now, else with the 207.
Test = Callable[[Rule], Deferred[None]]


class RuleMarks:
    """What a rule guards has the detail ``rule``: why its command would be refused now, or empty.

    ``path_of`` tells the item that shows what is moved; ``changed`` is told the path of each item
    that is to be seen anew.
    """

    _log = Logger()

    def __init__(
        self,
        rules: Sequence[Rule],
        test: Test,
        *,
        path_of: Callable[[Move], str],
        changed: Callable[[str], None],
        clock: IReactorTime,
    ) -> None:
        self._rules = rules
        self._test = test
        self._path_of = path_of
        self._changed = changed
        self._clock = clock
        self._why: dict[str, str] = {}
        self._busy = False
        self._next = 0.0

    def seen(self, item: Item) -> Item:
        """As it is seen where a rule guards it."""
        why = self._why.get(item.path)
        return item if why is None else replace(item, details={**item.details, "rule": why})

    def look(self) -> None:
        """Ask the rules, in the turn of reads; not where they were asked a moment ago."""
        now = self._clock.seconds()
        if self._busy or now < self._next or not self._rules:
            return
        self._busy, self._next = True, now + APART
        answers = gatherResults(
            [self._test(rule).addCallbacks(lambda _: "", _refusal) for rule in self._rules],
            consumeErrors=True,
        )
        answers.addCallback(self._found).addErrback(self._failed).addCallback(self._over)

    def _found(self, answers: Sequence[str]) -> None:
        why: dict[str, str] = {}
        for rule, answer in zip(self._rules, answers, strict=True):
            for path in filter(None, map(self._shown_at, rule.moves)):
                why[path] = why.get(path) or answer
        before, self._why = self._why, why
        for path, text in why.items():
            if before.get(path) != text:
                self._changed(path)

    def _shown_at(self, move: Move) -> str:
        """A part within another, as ``output/enabled``, may be shown by its own name."""
        return self._path_of(move) or self._path_of(
            move._replace(target=move.target.rpartition("/")[2])
        )

    def _failed(self, failure: Failure) -> None:
        self._log.failure("how the rules stand cannot be told", failure)

    def _over(self, result: object) -> None:
        self._busy = False


def _refusal(failure: Failure) -> str:
    failure.trap(CommandError)
    return str(failure.value)
