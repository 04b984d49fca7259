"""What is written to the journal of each command that acts, and of the gate itself."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import Happened, IJournal
from pychron_comms.journal.group import Told
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.missing import nobody
from pychron_comms.journal.record import START, STOP, time_text
from pychron_comms.transport.cork import Cork

#: That everything is made safe from then on, and why.
ALL_SAFE = "all_safe"

#: Seconds for which earlier processes are recalled: their keys, and the longest lease.
RECALL = 86400.0

#: Of a command whose begin could not be written.
UNWRITTEN = 0

#: Seconds after which it is tried again to write down what could not be.
TRY_AGAIN = 5.0

#: Records that are owed to the journal at most, of commands that made safe while it took none.
OWED_OF_SAFE = 100

#: Calls a function after so many seconds.
Later = Callable[[float, Callable[[], None]], object]


class Audit:
    """Writes down who asked what, when it began and how it ended. ``now``: seconds since 1970.

    What has happened and could not be written is owed: it is written before all else as soon as
    that can be, so that no later process thinks that a lease still runs which has lapsed. With
    ``later`` that does not wait for something else to be written.

    While the ``cork`` is in, no reply leaves: how a command ended is then written with the next
    command's begin, in one write, and at the latest before the first reply leaves.
    """

    _log = Logger()

    def __init__(
        self,
        journal: IJournal,
        now: Callable[[], float] = time.time,
        later: Later | None = None,
        cork: Cork | None = None,
    ) -> None:
        self._journal = journal
        self._now = now
        self._later = later
        self._cork = cork or Cork()
        # Ends that are written with the next record, or before a reply leaves.
        self._ended: list[Happened] = []
        self._is_corked = False
        # In the order in which it happened.
        self._owed: deque[tuple[str, dict[str, Any]]] = deque()
        self._is_open = True
        #: Whether there is a journal.
        self.writes = not isinstance(journal, NoJournal)
        #: Whether records wait for the disk, and nobody stands and waits for them.
        self.groups = journal.groups

    def begin(self, request: Mapping[str, str], safe: bool) -> int:
        """A command's manager is told of it next; the record's number.

        Errors: 214, and then it must not be. What makes safe is begun all the same: better
        unwritten than unsafe.
        """
        try:
            return self._write("begin", request)
        except JournalError:
            if not safe:
                raise
            return UNWRITTEN

    def begin_soon(self, request: Mapping[str, str], told: Told) -> None:
        """The same, where records wait for the disk: ``told`` is when it has this one, or not."""
        self._write_soon("begin", request, told)

    def end(self, number: int, request: Mapping[str, str], reply: str) -> None:
        """How the command ended whose begin has that number. Written before its reply leaves."""
        if not self._cork.depth:
            self._note("end", _end(number, request, reply))
            return
        if not self._is_corked:
            self._is_corked = True
            self._cork.first(self._settle)
        self._ended.append(("end", _end(number, request, reply)))

    def end_soon(
        self, number: int, request: Mapping[str, str], reply: str, over: Callable[[], None]
    ) -> None:
        """The same, where records wait for the disk: ``over`` when it has this one, or not."""
        self._note_soon("end", _end(number, request, reply), over)

    def refused(
        self, request: Mapping[str, str], reply: str, over: Callable[[], None] = nobody
    ) -> None:
        """A command that was never begun. ``over`` as ``IJournal.refused`` has it."""
        self._journal.refused({**request, "reply": reply}, over)

    def note(self, event: str, **fields: Any) -> None:
        """Write down what has happened already, and cannot be kept from happening."""
        if self.groups:
            self._note_soon(event, fields, nobody)
        else:
            self._note(event, fields)

    def write(self, event: str, **fields: Any) -> Deferred[None] | None:
        """Write down what is to be so: None where it is, else fires when it is.

        Errors: 214, and then it must not be.
        """
        if not self.groups:
            self._write(event, fields)
            return None
        written: Deferred[None] = Deferred()

        def told(outcome: int | JournalError) -> None:
            if isinstance(outcome, int):
                written.callback(None)
            else:
                written.errback(outcome)

        self._write_soon(event, fields, told)
        return written

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
        self.note(START, pid=os.getpid())

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
        self.note(STOP)
        self._is_open = False
        self._journal.close()

    def _write(self, event: str, fields: Mapping[str, Any]) -> int:
        ended, self._ended = self._ended, []
        try:
            if self._owed:
                self._pay()
            return self._journal.write(event, fields, ended)
        except JournalError as error:
            for each in ended:
                self._not_written(*each, error)
            raise

    def _settle(self) -> None:
        """Replies leave now."""
        self._is_corked = False
        if self._ended:
            self._note(*self._ended.pop())

    def _write_soon(self, event: str, fields: Mapping[str, Any], told: Told) -> None:
        if self._owed:
            self._pay_soon()
        self._journal.write_soon(event, fields, told)

    def _pay(self) -> None:
        """Write what is owed. Errors: 214, where some still is."""
        while self._owed:
            event, fields = self._owed[0]
            self._journal.write(event, fields)
            self._owed.popleft()

    def _pay_soon(self) -> None:
        """The same, where records wait for the disk. What fails then is owed as before."""
        owed, self._owed = self._owed, deque()
        for event, fields in owed:
            self._journal.write_soon(event, fields, partial(self._paid, event, fields))

    def _paid(self, event: str, fields: dict[str, Any], outcome: int | JournalError) -> None:
        if isinstance(outcome, JournalError):
            self._owe(event, fields)

    def _note(self, event: str, fields: Mapping[str, Any]) -> None:
        try:
            self._write(event, fields)
        except JournalError as error:
            self._not_written(event, fields, error)

    def _note_soon(self, event: str, fields: Mapping[str, Any], over: Callable[[], None]) -> None:
        self._write_soon(event, fields, partial(self._noted, event, fields, over))

    def _noted(
        self,
        event: str,
        fields: Mapping[str, Any],
        over: Callable[[], None],
        outcome: int | JournalError,
    ) -> None:
        if isinstance(outcome, JournalError):
            self._not_written(event, fields, outcome)
        over()

    def _not_written(self, event: str, fields: Mapping[str, Any], error: JournalError) -> None:
        # The first of them: while a disk is full there may be many.
        if not self._owed:
            self._log.error(
                "not written down: {event} {fields}: {error}",
                event=event,
                fields=fields,
                error=error,
            )
        self._owe(event, {**fields, "was": self.time_text(0.0)})

    def _owe(self, event: str, fields: dict[str, Any]) -> None:
        # A flood of what makes safe is not kept: of two that close a valve one tells enough.
        is_safe = event == "end" and "of" not in fields
        if is_safe and len(self._owed) >= OWED_OF_SAFE:
            return
        self._owed.append((event, fields))
        if len(self._owed) == 1:
            self._try_later()

    def _try_later(self) -> None:
        if self._later is not None and self._is_open:
            self._later(TRY_AGAIN, self._try_again)

    def _try_again(self) -> None:
        if not (self._owed and self._is_open):
            return
        if self.groups:
            self._pay_soon()
            return
        try:
            self._pay()
        except JournalError:
            self._try_later()


def _end(number: int, request: Mapping[str, str], reply: str) -> dict[str, Any]:
    # One whose begin could not be written stands for itself.
    if number == UNWRITTEN:
        return {**request, "reply": reply}
    return {"of": number, "reply": reply}
