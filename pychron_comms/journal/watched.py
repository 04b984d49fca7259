"""A journal that can be seen: how long its writes take, and that it cannot be written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import Happened, IJournal, Reading, Severity
from pychron_comms.journal.checkpoint import Carrier
from pychron_comms.journal.free_room import free_bytes
from pychron_comms.journal.group import Told
from pychron_comms.journal.missing import nobody
from pychron_comms.journal.record import START, STOP
from pychron_comms.observability.metrics import Metrics

#: What the item of the state stream is called.
PATH = "road/journal"

#: What the item is called that tells of an earlier process which was killed, and for how many
#: seconds it is there: an alarm of it stays until somebody has seen it.
KILLED, TOLD_FOR = "road/killed", 60.0

#: The record by which a journal that could not be written is tried, and how often, in seconds.
TRIAL, TRY_EVERY = "unwritten", 5.0

#: Seconds without a word of the disk, while records wait for it, that are worth to be told.
SILENT = 2.0

#: Bytes left on the disk with which it will soon be full.
LOW = 200_000_000

#: Seconds that a write may take, from one into the page cache to one that a sick disk holds up.
_BOUNDS = (0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


@implementer(IJournal)
class WatchedJournal:
    """Passes all to ``journal``, whose file is at ``path``; ``seconds`` is a clock to time by.

    The log has a line when it cannot be written, and one when it can again, however often it is
    tried between.
    """

    _log = Logger()

    def __init__(
        self,
        journal: IJournal,
        path: Path,
        metrics: Metrics,
        seconds: Callable[[], float],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._journal = journal
        self._folder = path.absolute().parent
        self._seconds = seconds
        self._free = free
        self._trouble = ""
        self._number = 0
        # Since when, and how many records in a row could not be written.
        self._failed_since = 0.0
        self._unwritten = 0
        self._tried = -math.inf
        # Whether the last process never said that it stops; until when that is told.
        self._was_killed = False
        self._told_until: float | None = None
        # Records that wait for the disk, and when it has last said something of one.
        self._waiting = 0
        self._heard = -math.inf
        self._took = metrics.histogram(
            "pychron_comms_journal_append_duration_seconds",
            "What a write to the journal takes.",
            _BOUNDS,
        )
        self._failures = metrics.counter(
            "pychron_comms_journal_write_failures_total", "Records that could not be written."
        )
        metrics.gauge(
            "pychron_comms_journal_last_sequence",
            "Number of the last record of what acts.",
            lambda: self._number,
        )
        metrics.gauge(
            "pychron_comms_journal_free_bytes", "Room left on its disk.", self._free_bytes
        )

    @property
    def trouble(self) -> str:
        """Why the last write failed; empty where it did not."""
        return self._trouble

    @property
    def groups(self) -> bool:
        return self._journal.groups

    def write(self, event: str, fields: Mapping[str, Any], before: Sequence[Happened] = ()) -> int:
        began = self._seconds()
        try:
            number = self._journal.write(event, fields, before)
        except JournalError as error:
            self._failed(error)
            raise
        return self._written(number, began)

    def write_soon(self, event: str, fields: Mapping[str, Any], told: Told) -> None:
        began = self._seconds()
        if not self._waiting:
            self._heard = began
        self._waiting += 1
        self._journal.write_soon(event, fields, partial(self._told, told, began))

    def refused(self, fields: Mapping[str, Any], over: Callable[[], None] = nobody) -> None:
        self._journal.refused(fields, over)

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return self._journal.records(since)

    def carry(self, carrier: Carrier) -> None:
        self._journal.carry(carrier)

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        for record in self._journal.recall(since):
            event = record["event"]
            if event in {START, STOP}:
                self._was_killed = event == START
            yield record

    def refusals(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return self._journal.refusals(since)

    def close(self) -> None:
        self._journal.close()

    def readings(self) -> Iterator[Reading]:
        """For the state stream: how it is, and for a while what it says of the last process."""
        yield self.reading()
        if self._was_killed and self._told_until is None:
            self._told_until = self._seconds() + TOLD_FOR
        if self._told_until is not None and self._seconds() < self._told_until:
            reason = "the one before did not stop by itself, and made nothing safe"
            yield Reading(KILLED, True, severity=Severity.MAJOR, reason=reason)

    def reading(self) -> Reading:
        """How it is, for the state stream; one that could not be written is tried again."""
        if self._trouble:
            self._try()
        silent = self._seconds() - self._heard if self._waiting else 0.0
        if silent > SILENT:
            reason = f"the disk has not answered for {silent:.0f} s"
            return Reading(PATH, "not written", severity=Severity.MAJOR, reason=reason)
        if self._trouble:
            return Reading(PATH, "not written", severity=Severity.MAJOR, reason=self._trouble)
        free = self._free_bytes()
        if free < LOW:
            reason = f"{free / 1e6:.0f} MB are left on its disk"
            return Reading(PATH, "written", severity=Severity.MINOR, reason=reason)
        return Reading(PATH, "written")

    def _try(self) -> None:
        """Nobody may act meanwhile, and so nobody would find out that it works again."""
        now = self._seconds()
        if now - self._tried < TRY_EVERY:
            return
        self._tried = now
        fields = {"reason": self._trouble}
        if self.groups:
            self.write_soon(TRIAL, fields, lambda outcome: None)
            return
        with suppress(JournalError):
            self.write(TRIAL, fields)

    def _told(self, told: Told, began: float, outcome: int | JournalError) -> None:
        self._waiting -= 1
        self._heard = self._seconds()
        if isinstance(outcome, int):
            self._written(outcome, began)
        else:
            self._failed(outcome)
        told(outcome)

    def _written(self, number: int, began: float) -> int:
        self._took.observe(self._seconds() - began)
        self._number = number
        if self._trouble:
            self._trouble = ""
            self._log.info(
                "the journal is written again, after {seconds:.0f} s: {count} times it was not",
                seconds=self._seconds() - self._failed_since,
                count=self._unwritten,
            )
        return number

    def _failed(self, error: BaseException | None) -> None:
        self._failures.value += 1
        if not self._trouble:
            self._failed_since, self._unwritten = self._seconds(), 0
            self._log.error(
                "the journal is not written, and what acts not begun: {error}", error=error
            )
        self._unwritten += 1
        self._trouble = str(error)

    def _free_bytes(self) -> float:
        try:
            return self._free(self._folder)
        except OSError:
            return 0.0
