"""The journal as one processor writes it; it can die at any record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from pychron_comms.interfaces import IJournal
from pychron_comms.journal.checkpoint import Carrier
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.journal.record import REFUSED
from tests.faults.model.processes import Process

#: Where a processor may die: before or after it has written the begin or the end of a command.
BREAKPOINTS = ("before begin", "after begin", "before end", "after end")


@implementer(IJournal)
class Pen:
    """``breakpoint``, one of ``BREAKPOINTS``: where ``die`` is called next, once."""

    groups = False

    def __init__(self, journal: MemoryJournal, process: Process, die: Callable[[], None]) -> None:
        self._journal = journal
        self._process = process
        self._die = die
        self.breakpoint = ""
        #: How many records the disk was too full for, by their events.
        self.unwritten: list[Mapping[str, Any]] = []

    @property
    def alive(self) -> bool:
        """Whether its processor is."""
        return self._process.alive

    def write(self, event: str, fields: Mapping[str, Any]) -> int:
        self._break(f"before {event}")
        if not self._process.alive:
            return 0
        if self._journal.failing:
            self.unwritten.append({"event": event, **fields})
        number = self._journal.write(event, fields)
        self._break(f"after {event}")
        return number

    def write_soon(self, event: str, fields: Mapping[str, Any]) -> Deferred[int]:
        return execute(self.write, event, fields)

    def refused(self, fields: Mapping[str, Any]) -> None:
        if self._journal.failing:
            self.unwritten.append({"event": REFUSED, **fields})
        if self._process.alive:
            self._journal.refused(fields)

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return self._journal.records(since)

    def carry(self, carrier: Carrier) -> None:
        """The model's disk has room for all records."""

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return self._journal.recall(since)

    def refusals(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return self._journal.refusals(since)

    def close(self) -> None:
        """The next processor goes on in it."""

    def _break(self, where: str) -> None:
        if where == self.breakpoint:
            self.breakpoint = ""
            self._die()
