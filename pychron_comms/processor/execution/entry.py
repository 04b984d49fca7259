"""One command that acts, as the gate remembers it: from its asking to its end."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pychron_comms.errors import (
    OutcomeUnknownError,
    error_from_line,
    error_line,
)
from pychron_comms.interfaces import ICall
from pychron_comms.processor.execution.audit import UNWRITTEN, Audit

Outcome = str | Failure

#: Characters that are kept of a refusal.
REFUSAL_LENGTH = 1024


class State(enum.Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    #: It ran when the processor died, or was given up: look before trying again.
    UNKNOWN = "unknown"


class Ended(NamedTuple):
    """How a command has ended; ``refused``: it was never begun."""

    state: State
    reply: str
    refused: bool = False

    def again(self, within: float) -> str:
        """The reply for one who asks it again. Errors: those that it had."""
        error = error_from_line(self.reply)
        if error is not None:
            raise error
        return self.reply

    def undone(self, command: str, by: str) -> Ended:
        """The same, when its part may have been made safe since: its success is of no use then."""
        if error_from_line(self.reply) is not None:
            return self
        lost = OutcomeUnknownError(f"{command} was done, and {by} may have undone it since")
        return Ended(State.UNKNOWN, error_line(lost), self.refused)


#: Nearly every command ends so.
_DONE = Ended(State.DONE, "OK")


class Keeper(Protocol):
    """Is told what becomes of a command.

    ``waiting`` has all that wait for a command, by the response that each waits by.
    """

    waiting: dict[Deferred[str], Entry]

    def begun(self, entry: Entry) -> None:
        """Its manager is told of it now."""

    def goes_on(self, entry: Entry) -> None:
        """Its manager takes its time over it."""

    def ended(self, entry: Entry, ended: Ended) -> None:
        """It is over, one way or the other."""


class Entry:
    """One command that acts, until its end, where no journal is kept.

    ``request`` is what it is known by, and what a journal says of it.
    """

    __slots__ = (
        "_askers",
        "_audit",
        "_clock",
        "_keeper",
        "_number",
        "call",
        "request",
        "response",
        "since",
        "state",
    )

    def __init__(
        self,
        keeper: Keeper,
        audit: Audit,
        clock: IReactorTime,
        request: Mapping[str, str],
        call: ICall,
    ) -> None:
        self._keeper = keeper
        self._audit = audit
        self._clock = clock
        self._number = UNWRITTEN
        # A dict, so that each leaves without a search.
        self._askers: dict[Deferred[str], None] = {}
        self.since = clock.seconds()
        self.request = request
        self.call = call
        self.state = State.WAITING
        self.response: Deferred[str] | None = None

    @property
    def number(self) -> int:
        """Of the record of its begin; ``UNWRITTEN`` before that."""
        return self._number

    def seal(self, told: Callable[[Exception | None], None]) -> None:
        """``told`` is when it may begin as far as its record is concerned, or its error (214)."""
        told(None)

    def begin(self) -> None:
        """Its manager is told of it next. Errors: 214, and then it must not be."""
        self.state = State.RUNNING
        self._keeper.begun(self)

    def goes_on(self) -> None:
        """Its manager has been told of it, and takes its time."""
        self._keeper.goes_on(self)

    def end(self, outcome: Outcome) -> None:
        """Its manager has done with it."""
        if outcome == "OK":
            ended = _DONE
        elif isinstance(outcome, str):
            ended = Ended(State.DONE, outcome)
        else:
            state = State.UNKNOWN if outcome.check(OutcomeUnknownError) else State.DONE
            ended = Ended(state, self._reply(outcome))
        self._end(ended, outcome)

    def prevented(self, error: Exception) -> None:
        """Its begin is written, and its manager was kept from taking it."""
        outcome = Failure(error)
        self._end(Ended(State.DONE, self._reply(outcome), refused=True), outcome)

    def asked_by(self, response: Deferred[str]) -> Deferred[str]:
        """By this its first asker is answered: with its own end, or that it never begins."""
        self.response = response
        self._add(response)
        return response.addBoth(self.answered)

    def answered(self, outcome: Outcome) -> Any:
        """Its first asker has an answer: this outcome, or later, when its end is written."""
        if self.response is not None:
            self._remove(self.response)
        if self.state is State.WAITING:
            reply = self._refusal(outcome)
            self._refused(reply)
            self.state = State.DONE
            self._keeper.ended(self, Ended(State.DONE, reply, refused=True))
            self.when_written(partial(self._tell, outcome))
        return outcome

    def when_written(self, done: Callable[[], object]) -> None:
        """``done`` is called when its end is written: here it is at once."""
        done()

    def again(self, within: float) -> Deferred[str]:
        """The reply, later, for one who asks it again and waits so long. Errors: its own, 201."""
        asker: Deferred[str] = Deferred(self._remove)
        self._add(asker)
        asker.addTimeout(max(within, 0.0), self._clock)
        return asker.addErrback(self._too_late)

    def leave(self, response: Deferred[str]) -> bool:
        """One who waits is gone: whether nobody is left who does."""
        if response is self.response:
            self._askers.pop(response, None)
        else:
            response.cancel()
        return not self._askers

    def _add(self, asker: Deferred[str]) -> None:
        self._askers[asker] = None
        self._keeper.waiting[asker] = self

    def _remove(self, asker: Deferred[str]) -> None:
        self._askers.pop(asker, None)
        self._keeper.waiting.pop(asker, None)

    def _end(self, ended: Ended, outcome: Outcome) -> None:
        self.state = ended.state
        self._keeper.ended(self, ended)
        # Nearly always nobody else has asked.
        if self._askers:
            self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        """All but the first asker."""
        for asker in list(self._askers):
            # The answer to one may find its connection lost, and others gone with it.
            if asker is not self.response and asker in self._askers:
                self._remove(asker)
                asker.callback(outcome)

    def _refused(self, reply: str) -> None:
        self._audit.refused(self.request, reply)

    def _refusal(self, outcome: Outcome) -> str:
        return self._reply(outcome)[:REFUSAL_LENGTH]

    def _reply(self, outcome: Outcome) -> str:
        if isinstance(outcome, str):
            return outcome
        return error_line(cast(Exception, outcome.value), self.request["command"])

    def _too_late(self, failure: Failure) -> str:
        failure.trap(TimedOut, CancelledError)
        raise OutcomeUnknownError(f"{self.request['command']} is still {self.state.value}")
