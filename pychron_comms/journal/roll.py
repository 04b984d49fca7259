"""A chain of records in a file that turns over: the present one and the older beside it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from twisted.logger import Logger

from pychron_comms.errors import JournalError
from pychron_comms.journal.chain import Chain
from pychron_comms.journal.checkpoint import Carrier, checkpoint, find_checkpoint, is_last
from pychron_comms.journal.files import Tail, journal_files, read_tail, shift
from pychron_comms.journal.page import Disk, Page
from pychron_comms.journal.record import (
    CONTINUED,
    TAKEN_AWAY,
    TORN,
    Event,
    event_of,
    time_text,
)

_BEGINNING = b'{"n":'
# Seconds after which it is looked whether the file is still where it was, and after which what
# could not be carried over is tried again.
_LOOK_EVERY = _CARRY_EVERY = 1.0
# Seconds without a record after which what must be known is carried over: the clock may have been
# set forward, so that what stands before is older than anybody looks at.
_CARRY_AFTER = 6 * 3600.0
# Records: a few keys and the checkpoint need no second turn.
_AT_A_TIME = 2
_NOTHING = Tail(None, b"", is_ended=True)


class _Mark(NamedTuple):
    """How far it had come when the disk had all of it."""

    number: int
    hash: str
    has_checkpoint: bool
    is_lost: bool


class Roll:
    """Appends records to a file that it alone writes. For one thread, but that ``keep`` may be
    called in another, while nothing else is asked.

    No file is dropped unless a younger one holds a checkpoint: a file without one is not laid
    aside.
    """

    log = Logger()

    def __init__(
        self,
        path: Path,
        *,
        size: int,
        keep: int,
        secret: bytes,
        now: Callable[[], float],
        disk: Disk,
    ) -> None:
        """Go on where the last one ended; the options are as ``FileJournal`` has them.

        Errors: ValueError, one line, where it is no journal or cannot be opened; BlockingIOError
        where another process writes it.
        """
        self._path = path
        self._limit = self._full_at = size
        self._keep = keep
        self._now = now
        self._disk = disk
        self._page = Page(path, disk)
        self._is_open = True
        self._chain = Chain(secret)
        #: When its last record was written that an earlier process wrote, as it says; or empty.
        self.found_at = ""
        self._looked = now()
        # Until the record that says so is written.
        self._is_lost = False
        self._carriers: list[Carrier] = []
        self._carrying: Iterator[Event] | None = None
        # To be written with the next records.
        self._carried: list[Event] = []
        self._carry_failed = -math.inf
        # Why nothing could be carried over, as the log was told; empty where it can.
        self._carry_trouble = ""
        try:
            self._recover()
            # All of the first file is read at a start: it needs no checkpoint.
            first = journal_files(path) == [path]
            self._has_checkpoint = first or find_checkpoint(path) is not None
        except BlockingIOError:
            raise
        except (OSError, ValueError) as error:
            self._page.close()
            raise ValueError(f"{path}: {reason(error)}") from error
        self._mark = self._marked()

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last record; 0 and zeros before the first."""
        return self._chain.number, self._chain.hash

    def carry(self, carrier: Carrier) -> None:
        """Ask it at each turn for what must be known again."""
        self._carriers.append(carrier)

    def append(self, events: Sequence[Event]) -> int:
        """All of them or none, in one write; the number of the last. Errors: 214."""
        try:
            self._find_page()
            if self._has_checkpoint:
                return self._write(events)
            self.take_carried()
            return self._write_carrying(events)
        except OSError as error:
            raise JournalError(reason(error)) from error

    def take_carried(self) -> None:
        """Ask for what is to be carried over with what is kept next; before each ``keep``."""
        if not (self._has_checkpoint or self._carried):
            self._carried = self._next_carried()

    def keep(self, events: Sequence[Event]) -> int:
        """As ``append``, and wait until the disk has them; none of them stays where it has not.

        In any thread: no carrier is asked.
        """
        try:
            self._find_page()
            number = self._write_carrying(events) if self._carried else self._write(events)
        except OSError as error:
            raise JournalError(reason(error)) from error
        try:
            self.sync()
        except OSError as error:
            self._take_back()
            raise JournalError(reason(error)) from error
        return number

    def sync(self) -> None:
        """Wait until the disk has all that was appended. Errors: OSError."""
        self._page.sync()
        self._mark = self._marked()

    def close(self) -> None:
        """Write no more."""
        self._is_open = False
        self._page.close()

    def _take_back(self) -> None:
        """The disk has it not: it is as if nothing had been appended since the last that it has."""
        self._page.take_back()
        self._chain.number, self._chain.hash, had_checkpoint, is_lost = self._mark
        self._is_lost = self._is_lost or is_lost
        if not had_checkpoint:
            self._begin_checkpoint()

    def _marked(self) -> _Mark:
        return _Mark(*self.head, self._has_checkpoint, self._is_lost)

    def _find_page(self) -> None:
        """Errors: OSError."""
        if not 0 <= self._now() - self._looked < _LOOK_EVERY:
            self._look_for_file()
        if self._is_lost or not 0 < self._page.size < self._full_at:
            self._turn_page()

    def _write_carrying(self, events: Sequence[Event]) -> int:
        """With what is carried over with them, where that can be written."""
        carried, self._carried = self._carried, []
        if not carried:
            return self._write(events)
        try:
            number = self._write([*carried, *events])
        except OSError as error:
            self._not_carried(error)
            return self._write(events)
        self._carry_trouble = ""
        if is_last(carried[-1]):
            self._has_checkpoint, self._carrying = True, None
        return number

    def _write(self, events: Sequence[Event], before: bytes = b"") -> int:
        lines, number, digest = self._chain.seal(events)
        self._page.append(before + b"".join(lines))
        self._chain.number, self._chain.hash = number, digest
        return number

    def _write_own(self, event: str, fields: Mapping[str, Any], before: bytes = b"") -> None:
        self._write([event_of(time_text(self._now()), event, fields)], before)

    def _turn_page(self) -> None:
        """Where the file is full, or empty, or could not be opened, or is closed."""
        if not self._is_open:
            raise OSError("it is closed")
        if self._page.size >= self._full_at:
            self._lay_aside()
        self._page.open()
        if self._is_lost:
            self._begin_anew()
        elif not self._page.size and self._chain.number:
            # By this record a file can be verified when those before it are gone.
            self._write_own(CONTINUED, {"after": self._chain.hash})
            self._begin_checkpoint()

    def _lay_aside(self) -> None:
        if self._carriers and not self._has_checkpoint:
            self._grow()
            return
        self._page.close()  # Windows renames no open file
        try:
            shift(self._path, self._keep, self._disk.rename, self._disk.remove)
        except OSError as error:
            self.log.error("{file} is not laid aside: {reason}", file=self._path, reason=error)
        self._page.open()
        self._grow()

    def _grow(self) -> None:
        """What could not be laid aside grows by a tenth until it is tried again."""
        self._full_at = max(self._limit, self._page.size + self._limit // 10)

    def _begin_checkpoint(self) -> None:
        self._has_checkpoint, self._carrying, self._carried = False, None, []

    def _next_carried(self) -> list[Event]:
        """What is to be written before the next record; little at a time, so that none waits."""
        if not self._carriers:
            return []
        if 0 <= self._now() - self._carry_failed < _CARRY_EVERY:
            return []
        try:
            if self._carrying is None:
                self._carrying = checkpoint(self._now, self._chain.number, self._carriers)
            return list(islice(self._carrying, _AT_A_TIME))
        except Exception as error:
            self._not_carried(error)
            return []

    def _not_carried(self, error: Exception) -> None:
        """Commands go on: the older files that hold the same stay until it succeeds.

        It is told once, and no full disk has a traceback.
        """
        self._carrying = None
        self._carry_failed = self._now()
        why = reason(error)
        if self._carry_trouble == why:
            return
        self._carry_trouble = why
        told = "{file}: nothing can be carried over: {reason}"
        if isinstance(error, OSError):
            self.log.error(told, file=self._path, reason=why)
        else:
            self.log.failure(told, file=self._path, reason=why)

    def _look_for_file(self) -> None:
        """Where nobody can tell whether it is there, nothing is written. Errors: OSError."""
        if self._page.is_lost:
            self.log.critical("{file} was {how}; it is begun anew", file=self._path, how=TAKEN_AWAY)
            self._is_lost = True
            self._page.close()
        now = self._now()
        if now - self._looked >= _CARRY_AFTER:
            self._begin_checkpoint()
        self._looked = now

    def _begin_anew(self) -> None:
        newline = b"\n" if self._page.size else b""
        self._write_own(CONTINUED, {"after": self._chain.hash, "lost": True}, before=newline)
        self._is_lost = False
        self._begin_checkpoint()

    def _recover(self) -> None:
        if self._path.exists() and not self._path.is_file():
            raise ValueError("it is no file")
        tail = read_tail(self._path) if self._path.exists() else _NOTHING
        if tail.last is None and not _may_be_torn(tail.rest):
            raise ValueError("it holds something else than a journal")
        self._find_head(tail)
        self._page.open()
        newline = b"" if tail.is_ended else b"\n"
        if tail.rest:
            self._tell_of(tail.junk, newline)
        elif newline:
            self._page.append(newline)

    def _find_head(self, tail: Tail) -> None:
        tails = (read_tail(each) for each in reversed(journal_files(self._path)))
        last = tail.last or next((each.last for each in tails if each.last), None)
        if last is not None:
            self._chain.number, self._chain.hash = last.number, last.hash
            self.found_at = last.at

    def _tell_of(self, junk: list[bytes], newline: bytes) -> None:
        self.log.warn("{file} ended in a torn line: it is kept", file=self._path)
        whole = b"\n".join(junk)
        digest = hashlib.sha256(whole).hexdigest()
        fields = {"lines": len(junk), "length": len(whole), "sha256": digest}
        self._write_own(TORN, {**fields, "after": self._chain.hash}, before=newline)


class Unsynced:
    """A roll whose records the disk may keep when it likes; nothing is carried over in it."""

    def __init__(self, roll: Roll) -> None:
        self._roll = roll

    def take_carried(self) -> None:
        """There is nothing."""

    def keep(self, events: Sequence[Event]) -> int:
        return self._roll.append(events)


def reason(error: Exception) -> str:
    """Why, in few words."""
    return getattr(error, "strerror", None) or str(error)


def _may_be_torn(data: bytes) -> bool:
    """Whether a file without a record may be the beginning of a journal."""
    begun = data.lstrip(b"\0")[: len(_BEGINNING)]
    return _BEGINNING.startswith(begun)
