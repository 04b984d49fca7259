"""A lock that one process holds, and that ends with it however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(str(error)) from None

    def hold(fd: int) -> None:
        """Nothing: readers would be kept out as well, and there nobody can remove a lock's file."""

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def hold(fd: int) -> None:
        """Keep all others from writing this file while it is open, whoever removes its lock's.

        Errors: BlockingIOError where another writes it.
        """
        _lock(fd)


class FileLock:
    """Held from the start until ``release``, on a file of its own that stays."""

    def __init__(self, path: Path) -> None:
        """Errors: BlockingIOError where it is held, by this process too; OSError for all else."""
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._fd)
        except OSError:
            self.release()
            raise
        # A help for people alone: a full disk does not matter.
        with suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.write(self._fd, b"%d\n" % os.getpid())

    def release(self) -> None:
        """A second call does nothing."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)


def holder(path: Path) -> str:
    """The process id of who holds the lock, where that can be read; empty where it cannot."""
    try:
        written = path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
    return written if written.isdigit() else ""
