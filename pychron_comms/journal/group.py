"""Records that wait for each other, so that the disk is asked once for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from twisted.logger import Logger

from pychron_comms.errors import JournalError
from pychron_comms.journal.record import Event
from pychron_comms.journal.roll import reason
from pychron_comms.journal.syncing import Turns

#: Is told of a record: its number once it is on the disk, or why it is not there.
Told = Callable[[int | JournalError], None]

#: Seconds that the end of a process waits for the disk at most.
LAST_SYNC = 1.0

#: Of those whose records are there so many are told before their replies leave: a begin and an end
#: of as many commands as leave together elsewhere.
TOGETHER = 32

_Waiting = list[tuple[Event, Told]]


class Pile(Protocol):
    """What records are put on, as ``Roll``."""

    def take_carried(self) -> None:
        """Ask for what is to be carried over with what is kept next; while nothing is kept."""

    def keep(self, events: Sequence[Event]) -> int:
        """All of them or none; the number of the last. In any thread, one at a time. Errors: 214,
        and what a bug raises."""


class Group:
    """Gathers records while the disk is busy with others, and then has all of them kept as one.

    All that asks the disk for something is done by the thread: a file system that stands still lets
    even one wait who only writes. Where that fails, so does all that was gathered behind it:
    nothing overtakes what must be written first. Who waits is told in a turn of its own, never
    within ``add``.
    """

    _log = Logger()

    def __init__(self, pile: Pile, turns: Turns) -> None:
        self._pile = pile
        self._later, self._syncing, self._together = turns
        self._waiting: _Waiting = []
        # What the disk has to keep now.
        self._under_way: _Waiting = []
        self._is_called = False
        self._is_open = True
        self._has_failed = False

    def add(self, event: Event, told: Told) -> None:
        """``told`` is called once the record is on the disk, or cannot be."""
        self._waiting.append((event, told))
        if not self._is_called and not (self._under_way and self._is_open):
            self._is_called = True
            self._later(self._flush)

    def close(self, *, waits: bool = True) -> list[Event]:
        """Wait here until all are told, for ``LAST_SYNC`` at most; what the disk has said nothing
        of by then.

        They are told so. The thread goes on with them, as long as there is a process.
        """
        seconds = LAST_SYNC if waits else 0.0
        until = time.monotonic() + seconds
        while (self._under_way or self._waiting) and time.monotonic() < until:
            self._flush()
            if self._under_way:
                self._syncing.wait(until - time.monotonic())
        self._is_open = False
        lost, behind = self._under_way + self._waiting, self._waiting
        self._waiting = []
        if behind:
            rest = partial(self._keep_rest, [event for event, _ in behind])
            self._syncing.begin(rest, lambda outcome: None)
        self._tell_failure(lost, JournalError(f"the disk has not answered for {seconds:g} s"))
        while self._waiting:
            self._flush()
        return [event for event, _ in lost]

    def _flush(self) -> None:
        self._is_called = False
        if not self._waiting or (self._under_way and self._is_open):
            return
        waiting, self._waiting = self._waiting, []
        if not self._is_open:
            self._tell_failure(waiting, JournalError("it is closed"))
            return
        self._under_way = waiting
        self._pile.take_carried()
        keep = partial(self._keep, [event for event, _ in waiting])
        self._syncing.begin(keep, self._kept)

    def _keep(self, events: Sequence[Event]) -> int:
        """In the thread."""
        self._has_failed = True
        number = self._pile.keep(events)
        self._has_failed = False
        return number

    def _keep_rest(self, events: Sequence[Event]) -> None:
        """In the thread: what nobody waits for any more. Not where what comes before it failed."""
        if not self._has_failed:
            self._pile.keep(events)

    def _kept(self, outcome: int | Exception) -> None:
        if not self._is_open:
            return  # they have been told
        waiting, self._under_way = self._under_way, []
        # Who is told adds more: that is written when all are.
        self._is_called = True
        if isinstance(outcome, int):
            number = outcome - len(waiting)
            for at in range(0, len(waiting), TOGETHER):
                with self._together:
                    for _, told in waiting[at : at + TOGETHER]:
                        number += 1
                        self._tell(told, number)
        else:
            waiting += self._waiting
            self._waiting = []
            self._tell_failure(waiting, _as_journal_error(outcome))
        self._flush()

    def _tell_failure(self, waiting: _Waiting, error: JournalError) -> None:
        for _, told in waiting:
            self._tell(told, error)

    def _tell(self, told: Told, outcome: int | JournalError) -> None:
        try:
            told(outcome)
        except Exception:
            self._log.failure("a bug met what is written down")


def _as_journal_error(error: Exception) -> JournalError:
    if isinstance(error, JournalError):
        return error
    return JournalError(reason(error))
