"""Journals without files: one that writes nothing, and one that tests and simulations read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal
from pychron_comms.journal.chain import Chain
from pychron_comms.journal.checkpoint import Carrier
from pychron_comms.journal.group import Group, Later
from pychron_comms.journal.missing import Missing
from pychron_comms.journal.record import REFUSED, Event, event_of, time_text


@implementer(IJournal)
class NoJournal:
    """Where no journal is wanted: only the numbers count up."""

    groups = False

    def __init__(self) -> None:
        self._number = 0

    def write(self, event: str, fields: Mapping[str, Any]) -> int:
        self._number += 1
        return self._number

    def write_soon(self, event: str, fields: Mapping[str, Any]) -> Deferred[int]:
        return execute(self.write, event, fields)

    def refused(self, fields: Mapping[str, Any]) -> None:
        """Nothing is written, so nothing can fail."""

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
class MemoryJournal:
    """Keeps its records, each as a file would give it back.

    ``later``: as with ``FileJournal``. ``failing``: while it is set, each write raises 214 with
    this reason.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        later: Later | None = None,
    ) -> None:
        self.failing = ""
        self._group = Group(self._append, later) if later else None
        self._now = now
        self._chain = Chain(b"")
        self._records: list[Mapping[str, Any]] = []
        self._is_open = True
        self._carriers: list[Carrier] = []
        self._carried: list[Mapping[str, Any]] = []
        self._missing = Missing()

    @property
    def groups(self) -> bool:
        return self._group is not None

    def write(self, event: str, fields: Mapping[str, Any]) -> int:
        made = event_of(self._now(), event, fields)
        return self._group.write(made) if self._group else self._append([made])

    def write_soon(self, event: str, fields: Mapping[str, Any]) -> Deferred[int]:
        if self._group:
            return self._group.add(event_of(self._now(), event, fields))
        return execute(self.write, event, fields)

    def refused(self, fields: Mapping[str, Any]) -> None:
        self._missing.write(partial(self.write, REFUSED), fields)

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        wanted = time_text(max(since, 0.0))
        return iter([record for record in self._records if record["at"] >= wanted])

    def carry(self, carrier: Carrier) -> None:
        self._carriers.append(carrier)

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        written = [each for each in self.records(since) if each["event"] != REFUSED]
        return iter(self._carried + written)

    def refusals(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return (each for each in self.records(since) if each["event"] == REFUSED)

    def turn(self) -> None:
        """As if all files had turned over: what was written is gone, but what is carried over."""
        self._carried = [dict(each) for carrier in self._carriers for each in carrier()]
        self._records.clear()

    def close(self) -> None:
        while self._group and self._group.is_waiting:
            self._group.flush()
        self._is_open = False

    def _append(self, events: Sequence[Event]) -> int:
        if self.failing or not self._is_open:
            raise JournalError(self.failing or "it is closed")
        lines, number, self._chain.hash = self._chain.seal(events)
        self._chain.number = number
        self._records += map(json.loads, lines)
        return number
