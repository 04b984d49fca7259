"""The journal in files: each record is out of our hands before ``write`` returns."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.interfaces import IJournal
from pychron_comms.journal.checkpoint import Carrier, recall
from pychron_comms.journal.files import read_records, refused_path
from pychron_comms.journal.group import Group, Told
from pychron_comms.journal.lock import FileLock, holder
from pychron_comms.journal.missing import Missing, nobody
from pychron_comms.journal.page import Disk
from pychron_comms.journal.record import REFUSED, Record, event_of, time_text
from pychron_comms.journal.roll import Roll, Unsynced, reason
from pychron_comms.journal.syncing import Turns
from pychron_comms.journal.writing import WritingJournal
from pychron_comms.process.start import InUseError

#: Bytes of a file, and how many old ones stay beside it.
SIZE = 50_000_000
KEEP = 10
# Records that the log tells of at most, where the disk does not take them at the end.
_TOLD = 1000
#: What is refused may be much and says little: it has less room, in files of its own.
REFUSED_SIZE = 10_000_000
REFUSED_KEEP = 2


@implementer(IJournal)
class FileJournal(WritingJournal):
    """Two rolls of files, of what acts and of what was refused. For one thread.

    With ``sync`` and ``turns`` the disk is asked for nothing in it but at the start.
    """

    _log = Logger()

    def __init__(
        self,
        path: str | Path,
        *,
        size: int = SIZE,
        keep: int = KEEP,
        sync: bool = False,
        secret: bytes = b"",
        refused_size: int = REFUSED_SIZE,
        refused_keep: int = REFUSED_KEEP,
        now: Callable[[], float] = time.time,
        disk: Disk | None = None,
        turns: Turns | None = None,
    ) -> None:
        """Go on where the last one ended.

        A file of ``size`` bytes is laid aside, ``keep`` such files are kept. ``sync``: each record
        of what acts survives a power loss; with ``turns`` another thread writes and waits for the
        disk, and many are told together by ``write_soon``. ``now``: seconds since 1970.

        ValueError, one line, where the folder is missing, the file is no journal or cannot be
        opened; InUseError, one of them, where another process writes it.
        """
        self._path = Path(path).absolute()
        self._now = now
        self._missing = Missing()
        roll = partial(Roll, secret=secret, now=now, disk=disk or Disk())
        with ExitStack() as opened:
            opened.callback(_lock(self._path).release)
            try:
                self._acts = roll(self._path, size=size, keep=keep)
            except BlockingIOError:
                raise _in_use(self._path, ", and its lock's file was removed") from None
            opened.callback(self._acts.close)
            if sync:
                self._sync_first()
            refused = refused_path(self._path)
            self._refusals = roll(refused, size=refused_size, keep=refused_keep)
            opened.callback(self._refusals.close)
            self._opened = opened.pop_all()
        self._syncing = turns.syncing if turns else None
        self._group = Group(self._acts, turns) if sync and turns else None
        self._refusing = Group(Unsynced(self._refusals), turns) if sync and turns else None
        self._append = self._append_synced if sync else self._acts.append

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last record of what acts; 0 and zeros before the first."""
        return self._acts.head

    def refused(self, fields: Mapping[str, Any], over: Callable[[], None] = nobody) -> None:
        if self._refusing is None:
            self._missing.write(self._refuse, fields)
            over()
        else:
            self._missing.write_soon(self._refuse_soon, fields, over)

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        wanted = time_text(since) if since > 0 else ""
        return (each.values for each in read_both(self._path, wanted))

    def carry(self, carrier: Carrier) -> None:
        self._acts.carry(carrier)

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        counted = self._counted_from(since, self._acts.found_at)
        return recall(self._path, time_text(counted) if since > 0 else "")

    def refusals(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        found = read_records(refused_path(self._path), time_text(since) if since > 0 else "")
        return (each.values for each in found if each.event == REFUSED)

    def close(self) -> None:
        if self._group is None or self._refusing is None or self._syncing is None:
            self._opened.close()
            return
        lost = self._group.close()
        lost += self._refusing.close(waits=not lost)
        self._syncing.stop()
        if not lost:
            self._opened.close()
            return
        # The thread may still write by it, so it stays open, and locked, for as long as that.
        self._log.critical(
            "{file}: the disk has not taken what was last: {count} records; unless it goes on "
            "before this process is gone, they stand here alone",
            file=self._path,
            count=len(lost),
        )
        for event in lost[:_TOLD]:
            told = event.decode()
            self._log.critical("{file}: not written: {{{told}}}", file=self._path, told=told)

    def _sync_first(self) -> None:
        try:
            self._acts.sync()
        except OSError as error:
            raise ValueError(f"{self._path}: {reason(error)}") from error

    def _append_synced(self, events: Sequence[bytes]) -> int:
        self._acts.take_carried()
        return self._acts.keep(events)

    def _refuse(self, fields: Mapping[str, Any]) -> None:
        self._refusals.append([event_of(time_text(self._now()), REFUSED, fields)])

    def _refuse_soon(self, fields: Mapping[str, Any], told: Told) -> None:
        assert self._refusing is not None
        self._refusing.add(event_of(time_text(self._now()), REFUSED, fields), told)


def read_both(path: Path, since: str = "") -> Iterator[Record]:
    """What acts and what was refused, as their times say. As ``read_records``."""
    return heapq.merge(
        read_records(path, since),
        read_records(refused_path(path), since),
        key=lambda record: record.at,
    )


def _lock(path: Path) -> FileLock:
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    lock = path.with_name(f"{path.name}.lock")
    try:
        return FileLock(lock)
    except BlockingIOError:
        process = holder(lock)
        raise _in_use(path, f" (process {process})" if process else "") from None
    except OSError as error:
        raise ValueError(f"{path}: {reason(error)}") from None


def _in_use(path: Path, more: str) -> InUseError:
    return InUseError(
        f"{path}: another process writes it{more}: a laboratory with this journal runs already; "
        "pychron-lab status says how it is"
    )
