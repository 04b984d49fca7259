"""Commands that are asked again: remembered by their keys, run once."""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pychron_comms.errors import (
    MalformedRequestError,
    OutcomeUnknownError,
    error_from_line,
    error_line,
)
from pychron_comms.processor.execution.audit import UNWRITTEN, Audit

#: Seconds that a command's key is remembered after its end, and how many keys at most.
KEEP = 3600.0
LIMIT = 100_000

#: Characters of a key.
KEY_LENGTH = 128

NEVER_SEEN = "never seen"

Outcome = str | Failure

_Name = tuple[str, str]
_REQUEST = ("type", "command", "sender", "key")
_OF_REQUESTS = {"begin", "end", "refused"}


class State(enum.Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    #: It ran when the processor died, or was given up: look before trying again.
    UNKNOWN = "unknown"


_OVER = {State.DONE, State.UNKNOWN}


class Entry:
    """One command that acts. ``request`` is what the journal says of it."""

    __slots__ = (
        "_asks",
        "_audit",
        "_first_gone",
        "_memory",
        "_number",
        "_safe",
        "reply",
        "request",
        "response",
        "state",
        "until",
    )

    def __init__(
        self, memory: CommandMemory, audit: Audit, request: Mapping[str, str], safe: bool = False
    ) -> None:
        self._memory = memory
        self._audit = audit
        self._safe = safe
        self._number = UNWRITTEN
        self._asks: list[Deferred[str]] = []
        self._first_gone = False
        self.request = request
        self.state = State.WAITING
        self.reply = ""
        self.response: Deferred[str] | None = None
        self.until = 0.0

    def begin(self) -> None:
        """Its manager is told of it next. Errors: 214, and then it must not be."""
        self._number = self._audit.begin(self.request, self._safe)
        self.state = State.RUNNING

    def end(self, outcome: Outcome) -> None:
        """Its manager has done with it."""
        unknown = isinstance(outcome, Failure) and outcome.check(OutcomeUnknownError)
        self._finish(State.UNKNOWN if unknown else State.DONE, outcome)
        self._audit.end(self._number, self.request, self.reply)

    def answered(self, outcome: Outcome) -> Outcome:
        """Its first asker has an answer: its own, or that it has not begun and never will."""
        if self.state is State.WAITING:
            self._finish(State.DONE, outcome)
            self._audit.refused(self.request, self.reply)
        return outcome

    def again(self, request: Mapping[str, str], within: float) -> str | Deferred[str]:
        """The reply for one who asks with the same key, and waits so long for it.

        Errors: the reply's, 201, 206.
        """
        if request != self.request:
            raise MalformedRequestError(f"key={request['key']} was another command's")
        if self.state in _OVER:
            error = error_from_line(self.reply)
            if error is not None:
                raise error
            return self.reply
        ask: Deferred[str] = Deferred(self._asks.remove)
        self._asks.append(ask)
        ask.addTimeout(max(within, 0.0), self._memory.clock)
        return ask.addErrback(self._too_late)

    def leave(self, response: Deferred[str]) -> bool:
        """One who waits is gone: whether nobody is left who does."""
        if response is self.response:
            self._first_gone = True
        else:
            response.cancel()
        return self._first_gone and not self._asks

    def recall(self, reply: str | None) -> None:
        """It was of an earlier process; without a reply, it ran when that ended."""
        self.state = State.UNKNOWN if reply is None else State.DONE
        lost = OutcomeUnknownError(f"the processor stopped during {self.request['command']}")
        self.reply = error_line(lost) if reply is None else reply
        self._memory.finished(self)

    def is_asked_by(self, response: Deferred[str]) -> bool:
        return response is self.response or response in self._asks

    def _finish(self, state: State, outcome: Outcome) -> None:
        self.state = state
        self.reply = outcome if isinstance(outcome, str) else _line(outcome, self.request)
        self._memory.finished(self)
        asks, self._asks = self._asks, []
        for ask in asks:
            ask.callback(outcome)

    def _too_late(self, failure: Failure) -> str:
        failure.trap(TimedOut, CancelledError)
        raise OutcomeUnknownError(f"{self.request['command']} is still {self.state.value}")


class CommandMemory:
    """Remembers the commands that act by sender and key.

    A key is remembered for ``keep`` seconds after its command's end, and no more than ``limit``
    of them.
    """

    def __init__(
        self, audit: Audit, clock: IReactorTime, keep: float = KEEP, limit: int = LIMIT
    ) -> None:
        self.clock = clock
        self._audit = audit
        self._keep = keep
        self._limit = limit
        self._open: dict[_Name, Entry] = {}
        self._finished: OrderedDict[_Name, Entry] = OrderedDict()

    def open(self, request: Mapping[str, str], safe: bool) -> Entry:
        """A command that has come, and is no copy of one that is known."""
        entry = Entry(self, self._audit, request, safe)
        if "key" in request:
            self._open[_name(request)] = entry
        return entry

    def find(self, sender: str, key: str) -> Entry | None:
        """Errors: 206 for a key that is too long."""
        if len(key) > KEY_LENGTH:
            raise MalformedRequestError(f"a key of more than {KEY_LENGTH} characters")
        name = sender, key
        entry = self._open.get(name)
        if entry is None:
            entry = self._finished.get(name)
            if entry is not None and entry.until <= self.clock.seconds():
                return None
        return entry

    def outcome(self, sender: str, key: str) -> str:
        entry = self.find(sender, key)
        if entry is None:
            return NEVER_SEEN
        return f"done {entry.reply}" if entry.state is State.DONE else entry.state.value

    def leave(self, response: Deferred[str]) -> Deferred[str] | None:
        """One who waits is gone. The response that nobody waits for now, None where some do."""
        for entry in self._open.values():
            if entry.is_asked_by(response):
                return entry.response if entry.leave(response) else None
        return response

    def finished(self, entry: Entry) -> None:
        if "key" not in entry.request:
            return
        now = self.clock.seconds()
        name = _name(entry.request)
        self._open.pop(name, None)
        entry.until = now + self._keep
        # A key that was forgotten and came again is among the newest now.
        self._finished.pop(name, None)
        self._finished[name] = entry
        while self._finished:
            oldest = next(iter(self._finished.values()))
            if oldest.until > now and len(self._finished) <= self._limit:
                break
            self._finished.popitem(last=False)

    def recall(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Know again the keys of which earlier processes wrote."""
        begun: dict[int, Entry] = {}
        for record in records:
            event = record.get("event")
            if event in _OF_REQUESTS and "key" in record:
                entry = Entry(self, self._audit, {name: record[name] for name in _REQUEST})
                if event == "begin":
                    begun[record["n"]] = entry
                else:
                    entry.recall(record["reply"])
            elif event == "end" and record.get("of") in begun:
                begun.pop(record["of"]).recall(record["reply"])
        for entry in begun.values():
            entry.recall(None)


def _name(request: Mapping[str, str]) -> _Name:
    return request["sender"], request["key"]


def _line(failure: Failure, request: Mapping[str, str]) -> str:
    return error_line(cast(Exception, failure.value), request["command"])
