"""The journal as one processor writes it; it can die at any record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from zope.interface import implementer

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import Happened, IJournal
from pychron_comms.journal.checkpoint import Carrier
from pychron_comms.journal.group import Group, Told
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.journal.missing import nobody
from pychron_comms.journal.record import REFUSED, Event, event_of, time_text
from pychron_comms.journal.syncing import Done, Turns, Work
from tests.faults.model.processes import Process

#: Where a processor may die: before or after it has written the begin or the end of a command.
BREAKPOINTS = ("before begin", "after begin", "before end", "after end")


_EVENT = re.compile(rb'"event":"([a-z]+)"')


@implementer(IJournal)
class Pen:
    """``breakpoint``, one of ``BREAKPOINTS``: where ``die`` is called next, once.

    ``sync``: so many seconds the disk takes to write and keep, in halves, and each record waits for
    it; None where nobody does. What was written outlives the processor, kept or not.
    """

    def __init__(
        self,
        journal: MemoryJournal,
        process: Process,
        die: Callable[[], None],
        sync: float | None = None,
    ) -> None:
        self._journal = journal
        self._process = process
        self._die = die
        self._seconds = sync
        self._group = None
        # What the thread does next.
        self._under_way: Callable[[], None] | None = None
        if sync is not None:
            self._group = Group(self, Turns(partial(process.callLater, 0), self))
        self.breakpoint = ""
        #: How many records the disk was too full for, by their events.
        self.unwritten: list[Mapping[str, Any]] = []

    @property
    def alive(self) -> bool:
        """Whether its processor is."""
        return self._process.alive

    def write(self, event: str, fields: Mapping[str, Any], before: Sequence[Happened] = ()) -> int:
        happened = (*before, (event, fields))
        for name, _ in happened:
            self._break(f"before {name}")
        if not self._process.alive:
            return 0
        if self._journal.failing:
            self.unwritten += [{"event": name, **said} for name, said in happened]
        number = self._journal.write(event, fields, before)
        for name, _ in happened:
            self._break(f"after {name}")
        return number

    @property
    def groups(self) -> bool:
        return self._group is not None

    def write_soon(self, event: str, fields: Mapping[str, Any], told: Told) -> None:
        if self._group is not None:
            made = event_of(time_text(self._journal.now()), event, fields)
            self._group.add(made, partial(self._heard, told, {"event": event, **fields}))
            return
        try:
            outcome: int | JournalError = self.write(event, fields)
        except JournalError as error:
            outcome = error
        told(outcome)

    def refused(self, fields: Mapping[str, Any], over: Callable[[], None] = nobody) -> None:
        if self._journal.failing:
            self.unwritten.append({"event": REFUSED, **fields})
        if self._process.alive:
            self._journal.refused(fields)
        over()

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
        if self._group is not None and self._process.alive:
            self._group.close()

    # -- what its group asks

    def take_carried(self) -> None:
        """The model's disk has room for all records."""

    def keep(self, events: Sequence[Event]) -> int:
        names = [found[1].decode() for each in events if (found := _EVENT.search(each))]
        for name in names:
            self._break(f"before {name}")
        if not self._process.alive:
            return 0
        number = self._journal.keep(events)
        for name in names:
            self._break(f"after {name}")
        return number

    # -- the thread that asks the disk

    def begin(self, work: Work, done: Done) -> None:
        assert self._seconds is not None
        self._under_way = partial(self._write, work, done)
        self._process.in_thread(self._seconds / 2, self._go_on)

    def wait(self, seconds: float) -> None:
        self._go_on()

    def stop(self) -> None:
        """It ends with its process."""

    def _go_on(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way()

    def _write(self, work: Work, done: Done) -> None:
        assert self._seconds is not None
        try:
            outcome = work()
        except JournalError as error:
            outcome = error
        self._under_way = partial(done, outcome)
        self._process.in_thread(self._seconds / 2, self._go_on)

    def _heard(self, told: Told, record: Mapping[str, Any], outcome: int | JournalError) -> None:
        if isinstance(outcome, JournalError):
            self.unwritten.append(record)
        told(outcome)

    def _break(self, where: str) -> None:
        if where == self.breakpoint:
            self.breakpoint = ""
            self._die()
