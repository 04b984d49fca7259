"""What is made from files, and made again when they have changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from twisted.logger import Logger

_T = TypeVar("_T")


class Renewed(Generic[_T]):
    """Made by ``make``, from the files that ``files`` tells.

    Raises what ``make`` raises; later on, a ValueError of it is logged and what was made before
    stays: a renewal that is half done, or done wrong, ends no service.
    """

    _log = Logger()

    def __init__(self, files: Callable[[], Iterable[Path]], make: Callable[[], _T]) -> None:
        self._files = files
        self._make = make
        # Taken before the files are read: a change meanwhile is seen the next time.
        self._seen = self._state()
        self._made = make()

    def get(self) -> _T:
        """It costs a system call or two for each file, where none has changed."""
        state = self._state()
        if state != self._seen:
            self._seen = state
            self._renew()
        return self._made

    def _renew(self) -> None:
        try:
            self._made = self._make()
        except ValueError as error:
            self._log.error("changed files are not used, the old ones stay: {error}", error=error)
        else:
            self._log.info("changed files are used: {files}", files=_names(self._files()))

    def _state(self) -> object:
        try:
            return [(file, state_of(file)) for file in self._files()]
        except ValueError:
            return None


def state_of(file: Path) -> object:
    """What differs when the file has changed; None where it cannot be looked at."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _names(files: Iterable[Path]) -> str:
    return ", ".join(str(file) for file in files)
