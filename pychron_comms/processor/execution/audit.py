"""What is written to the journal of each command that acts, and of the gate itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal
from pychron_comms.journal.record import time_text

#: Seconds for which earlier processes are recalled: their keys, and the longest lease.
RECALL = 86400.0

#: Of a command whose begin could not be written.
UNWRITTEN = 0


class Audit:
    """Writes down who asked what, when it began and how it ended. ``now``: seconds since 1970."""

    _log = Logger()

    def __init__(self, journal: IJournal, now: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._now = now
        #: Whether records of one turn of the reactor are worth to be written together.
        self.groups = journal.groups

    def begin(self, request: Mapping[str, str], safe: bool) -> int:
        """A command's manager is told of it next; the record's number.

        Errors: 214, and then it must not be. What makes safe is begun all the same: better
        unwritten than unsafe.
        """
        try:
            return self._journal.write("begin", request)
        except JournalError:
            if not safe:
                raise
            return UNWRITTEN

    def begin_soon(self, request: Mapping[str, str], safe: bool) -> Deferred[int]:
        """The same, later, with those of other commands."""
        written = self._journal.write_soon("begin", request)
        return written.addErrback(_unwritten) if safe else written

    def end(self, number: int, request: Mapping[str, str], reply: str) -> Deferred[None] | None:
        """How the command ended whose begin has that number; where it is not written yet, fires
        when it is, or could not be."""
        # One whose begin could not be written stands for itself.
        fields: dict[str, Any]
        if number == UNWRITTEN:
            fields = {**request, "reply": reply}
        else:
            fields = {"of": number, "reply": reply}
        if not self.groups:
            self._note("end", fields)
            return None
        written = self._journal.write_soon("end", fields)
        return written.addCallbacks(lambda _: None, self._not_written, errbackArgs=("end", fields))

    def refused(self, request: Mapping[str, str], reply: str) -> None:
        """A command that was never begun."""
        self._journal.refused({**request, "reply": reply})

    def note(self, event: str, **fields: Any) -> None:
        """Write down what has happened already, and cannot be kept from happening."""
        self._note(event, fields)

    def write(self, event: str, **fields: Any) -> int:
        """Write down what is to be so. Errors: 214, and then it must not be."""
        return self._journal.write(event, fields)

    def carry(self, carrier: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        """As ``IJournal.carry``."""
        self._journal.carry(carrier)

    def recalled(self) -> Iterator[Mapping[str, Any]]:
        """What earlier processes wrote, of as long ago as matters; for before ``start``."""
        return self._journal.recall(since=self._now() - RECALL)

    def refused_since(self, seconds: float) -> Iterator[Mapping[str, Any]]:
        """What was refused in the last so many seconds, by earlier processes too."""
        return self._journal.refusals(since=self._now() - seconds)

    def start(self) -> None:
        self.note("start", pid=os.getpid())

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now()

    def time_text(self, ago: float) -> str:
        """The time so many seconds ago, as records write it."""
        return time_text(max(self._now() - ago, 0.0))

    def age(self, at: str) -> float:
        """Seconds since that time of a record."""
        return self._now() - datetime.fromisoformat(at).timestamp()

    def stop(self) -> None:
        self.note("stop")
        self._journal.close()

    def _note(self, event: str, fields: Mapping[str, Any]) -> None:
        try:
            self._journal.write(event, fields)
        except JournalError:
            self._not_written(Failure(), event, fields)

    def _not_written(self, failure: Failure, event: str, fields: Mapping[str, Any]) -> None:
        failure.trap(JournalError)
        self._log.error(
            "not written down: {event} {fields}: {error}",
            event=event,
            fields=fields,
            error=failure.value,
        )


def _unwritten(failure: Failure) -> int:
    failure.trap(JournalError)
    return UNWRITTEN
