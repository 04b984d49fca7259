"""Journals without files: one that writes nothing, and one that tests and simulations read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import Happened, IJournal
from pychron_comms.journal.chain import Chain
from pychron_comms.journal.checkpoint import Carrier
from pychron_comms.journal.group import Group, Told
from pychron_comms.journal.missing import Missing, nobody
from pychron_comms.journal.record import REFUSED, Event, event_of, time_text
from pychron_comms.journal.syncing import Turns
from pychron_comms.journal.writing import WritingJournal


@implementer(IJournal)
class NoJournal:
    """Where no journal is wanted: only the numbers count up."""

    groups = False

    def __init__(self) -> None:
        self._number = 0

    def write(self, event: str, fields: Mapping[str, Any], before: Sequence[Happened] = ()) -> int:
        self._number += len(before) + 1
        return self._number

    def write_soon(self, event: str, fields: Mapping[str, Any], told: Told) -> None:
        told(self.write(event, fields))

    def refused(self, fields: Mapping[str, Any], over: Callable[[], None] = nobody) -> None:
        over()

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return iter(())

    def carry(self, carrier: Carrier) -> None:
        """Nothing is ever dropped."""

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return iter(())

    def refusals(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return iter(())

    def close(self) -> None:
        """There is nothing to close."""


@implementer(IJournal)
class MemoryJournal(WritingJournal):
    """Keeps its records, each as a file would give it back.

    ``turns``: as with ``FileJournal``. ``failing``: while it is set, each write raises 214 with
    this reason.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        turns: Turns | None = None,
    ) -> None:
        self.failing = ""
        self._group = Group(self, turns) if turns else None
        self._append = self.keep
        self._now = now
        self._chain = Chain(b"")
        self._records: list[Mapping[str, Any]] = []
        self._is_open = True
        self._carriers: list[Carrier] = []
        self._carried: list[Mapping[str, Any]] = []
        self._missing = Missing()

    def now(self) -> float:
        """The time that a record would have."""
        return self._now()

    def refused(self, fields: Mapping[str, Any], over: Callable[[], None] = nobody) -> None:
        self._missing.write(self._refuse, fields)
        over()

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        wanted = time_text(max(since, 0.0))
        return iter([record for record in self._records if record["at"] >= wanted])

    def carry(self, carrier: Carrier) -> None:
        self._carriers.append(carrier)

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        last = self._records[-1]["at"] if self._records else ""
        known = self.records(self._counted_from(since, last))
        written = [each for each in known if each["event"] != REFUSED]
        return iter(self._carried + written)

    def refusals(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return (each for each in self.records(since) if each["event"] == REFUSED)

    def turn(self) -> None:
        """As if all files had turned over: what was written is gone, but what is carried over."""
        self._carried = [dict(each) for carrier in self._carriers for each in carrier()]
        self._records.clear()

    def close(self) -> None:
        if self._group is not None:
            self._group.close()
        self._is_open = False

    # -- what its group asks

    def take_carried(self) -> None:
        """Nothing is dropped but by ``turn``."""

    def keep(self, events: Sequence[Event]) -> int:
        self._records += self._sealed(events)
        return self._chain.number

    def _refuse(self, fields: Mapping[str, Any]) -> None:
        self._records += self._sealed([event_of(time_text(self._now()), REFUSED, fields)])

    def _sealed(self, events: Sequence[Event]) -> list[Mapping[str, Any]]:
        if self.failing or not self._is_open:
            raise JournalError(self.failing or "it is closed")
        lines, self._chain.number, self._chain.hash = self._chain.seal(events)
        return [json.loads(line) for line in lines]
