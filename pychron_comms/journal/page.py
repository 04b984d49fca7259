"""The present file of a journal: it takes a whole line, or nothing of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pychron_comms.journal.lock import hold

# Windows would else write CRLF.
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_MODE = 0o600

# No file has it: who asks the system for anything of it gets an error.
_CLOSED = -1


class Disk:
    """What a journal asks of the operating system; tests put faults in its place."""

    def open(self, path: Path) -> int:
        """Errors: OSError; of these, BlockingIOError where another process writes it."""
        fd = os.open(path, _FLAGS, _MODE)
        try:
            hold(fd)
        except OSError:
            os.close(fd)
            raise
        return fd

    write = staticmethod(os.write)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        os.fsync(fd)

    def rename(self, old: Path, new: Path) -> None:
        """What had the new name is gone."""
        os.replace(old, new)

    def remove(self, path: Path) -> None:
        path.unlink()

    def sync_folder(self, path: Path) -> None:
        """Make new and changed names in a folder last."""
        if os.name != "posix":
            return
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class ShortWriteError(OSError):
    """The disk took a part of a line only."""

    def __init__(self, taken: int, length: int) -> None:
        super().__init__(f"the disk took {taken} of {length} bytes; it may be full")


class Page:
    """Appends to one file. ``size`` is the bytes that are whole, 0 while it is closed."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self._fd = _CLOSED
        self._is_torn = False
        # Its name may not last yet.
        self._is_new = False
        # Bytes that last.
        self._kept = 0
        self.size = 0

    def open(self) -> None:
        """Open it, new or as it stands; nothing where it is open. Errors: OSError."""
        if self._fd != _CLOSED:
            return
        self._fd = self._disk.open(self._path)
        self._kept = self.size = os.fstat(self._fd).st_size
        self._is_torn, self._is_new = False, True

    @property
    def is_lost(self) -> bool:
        """Whether somebody has removed or moved the open file, or cut it, or written to it.

        Errors: OSError.
        """
        if self._fd == _CLOSED:
            return False
        file = os.fstat(self._fd)
        if file.st_size != self.size and not self._is_torn:
            return True
        try:
            return not os.path.samestat(os.stat(self._path), file)
        except FileNotFoundError:
            return True

    def append(self, data: bytes) -> None:
        """In one write; where that fails the file is as it was. Errors: OSError."""
        if self._is_torn:
            self.mend()
        try:
            taken = self._disk.write(self._fd, data)
            if taken != len(data):
                raise ShortWriteError(taken, len(data))
        except OSError:
            self._tear()
            raise
        self.size += len(data)

    def mend(self) -> None:
        """Cut off what a failed write may have left. Errors: OSError."""
        if self._is_torn:
            # Somebody may have shortened it meanwhile; it must not grow by zeros.
            if os.fstat(self._fd).st_size > self.size:
                self._disk.truncate(self._fd, self.size)
            self._is_torn = False

    def sync(self) -> None:
        """Wait until the disk has all that was written; ``take_back`` must follow where it fails.

        Errors: OSError.
        """
        if self._is_new:
            self._disk.sync_folder(self._path.parent)
        self._disk.sync(self._fd)
        self._kept, self._is_new = self.size, False

    def take_back(self) -> None:
        """The disk has it not: nothing of it stays.

        The system takes what it could not write for written, so to sync it again proves nothing.
        What is appended next is written anew, all of its last block, and that is synced then.
        """
        self.size = self._kept
        self._tear()

    def close(self) -> None:
        """A second call does nothing. Errors: OSError."""
        if self._fd == _CLOSED:
            return
        fd, self._fd, self.size = self._fd, _CLOSED, 0
        os.close(fd)

    def _tear(self) -> None:
        self._is_torn = True
        with suppress(OSError):  # the next write, or the next start, tries again
            self.mend()
