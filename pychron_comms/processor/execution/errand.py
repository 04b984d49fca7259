"""One command that acts, from the gate to its end."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, OutcomeUnknownError
from pychron_comms.interfaces import ICall
from pychron_comms.processor.execution.entry import Entry
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Hold, Interlocks

Run = Callable[[], str | Deferred[str]]


class Errand:
    """Holds a command to what must be true when it begins, and has its begin and end written down.

    ``begun`` is whether its manager may have been told of it.
    """

    __slots__ = ("_access", "_call", "_entry", "_hold", "_interlocks", "_prevented", "begun")

    def __init__(
        self, call: ICall, entry: Entry, access: AccessRules, interlocks: Interlocks
    ) -> None:
        self._call = call
        self._entry = entry
        self._access = access
        self._interlocks = interlocks
        self._hold: Hold | None = None
        self._prevented: CommandError | None = None
        self.begun = False

    def check_again(self) -> None:
        """It has waited, and who may do what can have changed since. Errors: 012, 013, 204, 208."""
        self._access.check(self._call)

    def prevent(self, error: CommandError) -> None:
        """It fails with ``error`` where it has not begun yet."""
        self._prevented = error

    def run(self, run: Run) -> str | Deferred[str]:
        """What ``run`` gives, once nothing is in the way. Errors: 207, 214, and what it raises."""
        if not self._interlocks.guard(self._call):
            return self._run(run)
        return self._interlocks.hold(self._call).addCallback(self._run_held, run)

    def _run_held(self, hold: Hold, run: Run) -> str | Deferred[str]:
        self._hold = hold
        try:
            return self._run(run)
        except Exception:
            hold.release()
            raise

    def _run(self, run: Run) -> str | Deferred[str]:
        if self._prevented is not None:
            raise self._prevented
        self._entry.begin()
        self.begun = True
        try:
            result = run()
        except Exception:
            self._ended(Failure())
            raise
        if isinstance(result, str):
            self._ended(result)
            return result
        return result.addBoth(self._ended)

    def _ended(self, outcome: str | Failure) -> str | Failure:
        if self._hold is not None:
            self._hold.release()
        if isinstance(outcome, Failure) and outcome.check(CancelledError):
            # It was given up while it ran.
            self._entry.end(Failure(OutcomeUnknownError(f"{self._call.name} was given up")))
        else:
            self._entry.end(outcome)
        return outcome
