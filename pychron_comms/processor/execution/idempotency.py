"""What the gate remembers of the commands that act, so that each runs once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.interfaces import ICall, Move, Part
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution.audit import UNWRITTEN, Audit
from pychron_comms.processor.execution.changes import ChangeLog
from pychron_comms.processor.execution.copies import CopyMemory
from pychron_comms.processor.execution.entry import Ended, Entry
from pychron_comms.processor.execution.figures import CommandFigures
from pychron_comms.processor.execution.keys import KEEP, KeyMemory
from pychron_comms.processor.execution.patience import Patience
from pychron_comms.processor.execution.recall import LONGEST_RUN, Laboratory, Now, Recall
from pychron_comms.processor.execution.sealed_entry import SAFE_PATIENCE, SealedEntry
from pychron_comms.processor.execution.watches import CommandWatch, Watches
from pychron_comms.processor.execution.written_entry import WrittenEntry
from pychron_comms.wire.context import OBSERVE
from pychron_comms.wire.copies import KEEP as KEEP_PLAIN


class Guard(Protocol):
    """Has to know at once what commands do."""

    def goes_on(self, call: ICall) -> None:
        """Its manager has been told of it, and takes its time."""

    def ended(self, call: ICall, reply: str) -> None:
        """It is over, one way or the other."""


#: Of what has not begun.
_NEVER = None, 0


class CommandMemory:
    """Knows commands again by their keys for ``keep`` seconds, and plain ones by how they come.

    It is told of every change of the hardware: a plain command whose part its sender has changed
    since is meant anew, and none is run a second time past another's change.
    """

    def __init__(
        self,
        audit: Audit,
        clock: IReactorTime,
        metrics: Metrics,
        keep: float = KEEP,
        watches: Sequence[CommandWatch] = (),
    ) -> None:
        self._audit = audit
        self._clock = clock
        self.watches = Watches([CommandFigures(metrics), *watches], clock)
        self._guards: list[Guard] = []
        self._changes = ChangeLog()
        self.keys = KeyMemory(keep)
        self.copies = CopyMemory(self._changes)
        # What runs: when each began, and the number of its change.
        self._begun: dict[Entry, tuple[float, int]] = {}
        self._new: Callable[..., Entry] = WrittenEntry if audit.writes else Entry
        if audit.groups:
            self._new = partial(SealedEntry, patience=Patience(clock, SAFE_PATIENCE))
        # By what they wait, so that each leaves without a search.
        self.waiting: dict[Deferred[str], Entry] = {}
        for kind, size in (("key", lambda: self.keys.size), ("plain", lambda: self.copies.size)):
            metrics.gauge(
                "pychron_comms_remembered_bytes", "Bytes of commands kept.", size, kind=kind
            )
        self._answered = {
            kind: metrics.counter(
                "pychron_comms_repeated_total",
                "Commands that were answered as one known.",
                kind=kind,
            )
            for kind in ("key", "plain")
        }

    def find(self, request: Mapping[str, str], call: ICall) -> Entry | Ended | None:
        """The command that this one asks again, None where it is new.

        Errors: 206 for a key of another command, 202 for a copy that comes too late.
        """
        if "key" in request:
            kind, known = "key", self.keys.find(request, self._clock.seconds())
        elif "ask" in request:
            kind, known = "plain", self.copies.find(request, call, self._clock.seconds())
        else:
            return None
        if known is not None:
            self._answered[kind].value += 1
        return known

    def open(self, request: Mapping[str, str], call: ICall) -> Entry:
        """A new command; it waits."""
        entry = self._new(self, self._audit, self._clock, request, call)
        if "key" in request:
            self.keys.opened(entry)
        elif "ask" in request:
            self.copies.opened(entry, entry.since)
        return entry

    def outcome(self, sender: str, key: str) -> str:
        """As ``ISafeguards.outcome``."""
        return self.keys.outcome(sender, key, self._clock.seconds())

    def leave(self, response: Deferred[str]) -> Deferred[str] | None:
        """One who waits is gone. The response that nobody waits for now, None where some do."""
        entry = self.waiting.get(response)
        if entry is None:
            return response
        return entry.response if entry.leave(response) else None

    def reply_taken(self, ask: str) -> None:
        """As ``IHardwareGate.reply_taken``."""
        self.copies.taken(ask)

    def guarded_by(self, guard: Guard) -> None:
        """Tell this one too."""
        self._guards.append(guard)

    def changed(self, part: Part) -> None:
        """It is made safe now, by no command."""
        self._changes.note((Move(part.manager, part.target),))

    def all_made_safe(self, by: str) -> None:
        """Everything is, by what happens to this process."""
        self.copies.all_made_safe(by)

    def recall(self, laboratory: Laboratory) -> Recall:
        """What is to be told, record by record, what earlier processes wrote."""
        clock, audit = self._clock.seconds(), self._audit
        now = Now(
            clock,
            audit.time_text(KEEP_PLAIN + LONGEST_RUN),
            lambda at: clock - audit.age(at),
            lambda until: until - audit.now(),
        )
        return Recall(self.keys, self.copies, self._changes, laboratory, now)

    def carried(self) -> Iterator[Mapping[str, Any]]:
        """What a later process must know, when older records are dropped.

        Of what runs and is kept now. There is much of it: each is told when it is its turn, as it
        is then; what has happened to it meanwhile is written down behind this.
        """
        clock, now = self._clock.seconds(), self._audit.now()
        at = self._audit.time_text
        running = [
            {"event": "begin", "n": entry.number, **entry.request, "at": at(clock - begun_at)}
            for entry, (begun_at, _) in self._begun.items()
            # Of another the disk has not the begin: that, or its end, is written behind this.
            if entry.number != UNWRITTEN
        ]
        keys = (
            {**record, "until": round(now + left, 3), "left": round(left, 3)}
            for record, left in self.keys.carried(clock)
        )
        plain = (
            {**record, "at": at(clock - times.asked), "ended": at(clock - times.ended)}
            for record, times in self.copies.carried(clock)
        )
        return chain(running, keys, plain)

    def begun(self, entry: Entry) -> None:
        now = self._clock.seconds()
        call = entry.call
        change = self._changes.note(call.moves, call.sender)
        self._begun[entry] = now, change
        if "ask" in entry.request:
            self.copies.begun(entry, change)

    def goes_on(self, entry: Entry) -> None:
        self.watches.goes_on(entry.call)
        for guard in self._guards:
            guard.goes_on(entry.call)

    def ended(self, entry: Entry, ended: Ended) -> None:
        now = self._clock.seconds()
        call, request, reply = entry.call, entry.request, ended.reply
        begun_at, change = self._begun.pop(entry, _NEVER)
        ran = None if begun_at is None else now - begun_at
        if begun_at is not None and ended.refused:
            # It was handed over, and prevented.
            self._changes.take_back(call.moves, change, call.sender)
        if "key" in request:
            self.keys.ended(request, ended, now)
        elif "ask" in request:
            self.copies.ended(entry, ended, now)
        self.watches.ended((call, request, reply, now - entry.since, ran))
        for guard in self._guards:
            guard.ended(call, reply)


def request_of(request_type: str, data: str, call: ICall) -> dict[str, str]:
    """What is written down of a command that acts, and by what it is known again."""
    request = {"type": request_type, "command": data, "sender": call.sender}
    context = call.context
    if context.key:
        request["key"] = context.key
    elif context.ask and not (call.safe or context.role == OBSERVE):
        # Copies of it are asked about.
        request["ask"] = context.ask
    return request
