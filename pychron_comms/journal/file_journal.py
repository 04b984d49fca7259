"""The journal in files: each record is out of our hands before ``write`` returns."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal
from pychron_comms.journal.chain import Chain
from pychron_comms.journal.files import Tail, journal_files, read_records, read_tail, shift
from pychron_comms.journal.lock import FileLock
from pychron_comms.journal.missing import Missing
from pychron_comms.journal.page import Disk, Page
from pychron_comms.journal.record import CONTINUED, REFUSED, TORN, time_text

_BEGINNING = b'{"n":'
# Seconds after which it is looked whether the file is still where it was.
_LOOK_EVERY = 1.0
_NOTHING = Tail(None, b"", is_ended=True)


@implementer(IJournal)
class FileJournal:
    """Appends records to a file that it alone writes. For one thread."""

    log = Logger()

    def __init__(
        self,
        path: str | Path,
        *,
        size: int = 50_000_000,
        keep: int = 10,
        sync: bool = False,
        secret: bytes = b"",
        now: Callable[[], float] = time.time,
        disk: Disk | None = None,
    ) -> None:
        """Go on where the last one ended.

        A file of ``size`` bytes is laid aside, ``keep`` such files are kept. ``sync``: each record
        survives a power loss. ``now``: seconds since 1970. ValueError, one line, where the folder
        is missing, the file is no journal or cannot be opened, or another process writes it.
        """
        self._path = Path(path).absolute()
        self._limit = self._full_at = size
        self._keep = keep
        self._now = now
        self._disk = disk or Disk()
        self._page = Page(self._path, self._disk, sync=sync)
        self._chain = Chain(secret)
        self._looked = now()
        self._is_open = True
        self._missing = Missing()
        self._lock = self._take_lock()
        try:
            self._recover()
        except (OSError, ValueError) as error:
            self.close()
            raise ValueError(f"{self._path}: {_reason(error)}") from error

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last record; 0 and zeros before the first."""
        return self._chain.number, self._chain.hash

    def write(self, event: str, **fields: Any) -> int:
        if not self._is_open:
            raise JournalError("it is closed")
        try:
            if not 0 <= self._now() - self._looked < _LOOK_EVERY:
                self._look_for_file()
            if not 0 < self._page.size < self._full_at:
                self._turn_page()
            return self._append(event, fields)
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise JournalError(_reason(error)) from error

    def refused(self, **fields: Any) -> None:
        self._missing.write(partial(self.write, REFUSED), fields)

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        wanted = time_text(since) if since > 0 else ""
        return (record.values for record in read_records(self._path, wanted))

    def close(self) -> None:
        self._is_open = False
        try:
            self._page.close()
        finally:
            self._lock.release()

    def _append(self, event: str, fields: Mapping[str, Any], before: bytes = b"") -> int:
        sealed = self._chain.seal(self._now(), event, fields)
        self._page.append(before + sealed.line)
        self._chain.advance(sealed.number, sealed.hash)
        return sealed.number

    def _turn_page(self) -> None:
        """Where the file is full, or empty, or could not be opened."""
        if self._page.size >= self._full_at:
            self._lay_aside()
        self._page.open()
        if not self._page.size and self._chain.number:
            # By this record a file can be verified when those before it are gone.
            self._append(CONTINUED, {"after": self._chain.hash})

    def _lay_aside(self) -> None:
        self._page.close()  # Windows renames no open file
        try:
            shift(self._path, self._keep, self._disk.rename)
        except OSError as error:
            self.log.error("{file} is not laid aside: {reason}", file=self._path, reason=error)
        self._page.open()
        # What could not be laid aside grows by a tenth until it is tried again.
        late = self._page.size + self._limit // 10 if self._page.size else 0
        self._full_at = max(self._limit, late)

    def _look_for_file(self) -> None:
        self._looked = self._now()
        if not self._page.is_lost:
            return
        self.log.critical("{file} was removed or moved; it is begun anew", file=self._path)
        self._page.close()
        self._page.open()
        newline = b"\n" if self._page.size else b""
        self._append(CONTINUED, {"after": self._chain.hash, "lost": True}, before=newline)

    def _take_lock(self) -> FileLock:
        if not self._path.parent.is_dir():
            raise ValueError(f"{self._path}: there is no folder {self._path.parent}")
        try:
            return FileLock(self._path.with_name(f"{self._path.name}.lock"))
        except BlockingIOError:
            raise ValueError(f"{self._path}: another process writes it") from None
        except OSError as error:
            raise ValueError(f"{self._path}: {_reason(error)}") from None

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
            self._chain.advance(last.number, last.hash)

    def _tell_of(self, junk: list[bytes], newline: bytes) -> None:
        self.log.warn("{file} ended in a torn line: it is kept", file=self._path)
        whole = b"\n".join(junk)
        digest = hashlib.sha256(whole).hexdigest()
        fields = {"lines": len(junk), "length": len(whole), "sha256": digest}
        self._append(TORN, {**fields, "after": self._chain.hash}, before=newline)


def _may_be_torn(data: bytes) -> bool:
    """Whether a file without a record may be the beginning of a journal."""
    begun = data.lstrip(b"\0")[: len(_BEGINNING)]
    return _BEGINNING.startswith(begun)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
