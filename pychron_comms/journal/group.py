"""Records that wait for each other, so that the disk is waited for once for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.logger import Logger

from pychron_comms.errors import JournalError
from pychron_comms.journal.record import Event
from pychron_comms.journal.syncing import Sync, Turns

#: Is told of a record: its number once it is on the disk, or why it is not there.
Told = Callable[[int | JournalError], None]

#: Seconds that the end of a process waits for the disk at most.
LAST_SYNC = 1.0

_Waiting = list[tuple[Event, Told]]


class Pile(Protocol):
    """What records are put on, as ``Roll``."""

    def append(self, events: Sequence[Event]) -> int:
        """All of them or none; the number of the last. Errors: 214."""

    def sync(self) -> Sync:
        """What waits until the disk has them."""

    def kept(self) -> None:
        """The disk has them."""

    def take_back(self) -> None:
        """The disk has them not."""


class Group:
    """Gathers records while the disk has others to keep, and then writes and syncs them as one.

    One sync is under way at a time, and nothing is written meanwhile. Where it fails, so does all
    that was gathered behind it: nothing overtakes what must be written first. Who waits is told in
    a turn of its own, never within ``add``.
    """

    _log = Logger()

    def __init__(self, pile: Pile, turns: Turns) -> None:
        self._pile = pile
        self._later, self._syncing = turns
        self._waiting: _Waiting = []
        # What the disk has to keep now.
        self._under_way: _Waiting = []
        self._is_called = False
        self._is_open = True
        self._last = 0

    def add(self, event: Event, told: Told) -> None:
        """``told`` is called once the record is on the disk, or cannot be."""
        self._waiting.append((event, told))
        if not self._is_called and not (self._under_way and self._is_open):
            self._is_called = True
            self._later(self._flush)

    def close(self) -> bool:
        """Wait here until all are told, for ``LAST_SYNC`` at most; whether the disk is done.

        Those of which it has said nothing by then are told so.
        """
        until = time.monotonic() + LAST_SYNC
        while (self._under_way or self._waiting) and time.monotonic() < until:
            self._flush()
            if self._under_way:
                self._syncing.wait(until - time.monotonic())
        self._is_open = False
        lost, self._waiting = self._under_way + self._waiting, []
        self._tell_failure(lost, JournalError(f"the disk has not answered for {LAST_SYNC:g} s"))
        while self._waiting:
            self._flush()
        self._syncing.stop()
        return not self._under_way

    def _flush(self) -> None:
        self._is_called = False
        if not self._waiting or (self._under_way and self._is_open):
            return
        waiting, self._waiting = self._waiting, []
        if not self._is_open:
            self._tell_failure(waiting, JournalError("it is closed"))
            return
        try:
            self._last = self._pile.append([event for event, _ in waiting])
        except JournalError as error:
            self._tell_failure(waiting, error)
            return
        self._under_way = waiting
        self._syncing.begin(self._pile.sync(), self._synced)

    def _synced(self, error: Exception | None) -> None:
        if not self._is_open:
            return  # they have been told
        waiting = self._under_way
        # Who is told adds more: that is written when all are.
        self._is_called = True
        if error is None:
            self._pile.kept()
            self._under_way = []
            number = self._last - len(waiting)
            for _, told in waiting:
                number += 1
                self._tell(told, number)
        else:
            self._pile.take_back()
            self._under_way = []
            waiting += self._waiting
            self._waiting = []
            self._tell_failure(waiting, JournalError(getattr(error, "strerror", None) or error))
        self._flush()

    def _tell_failure(self, waiting: _Waiting, error: JournalError) -> None:
        for _, told in waiting:
            self._tell(told, error)

    def _tell(self, told: Told, outcome: int | JournalError) -> None:
        try:
            told(outcome)
        except Exception:
            self._log.failure("a bug met what is written down")
