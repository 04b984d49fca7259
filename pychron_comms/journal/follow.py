"""Records as they come, over the turning of files."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from pychron_comms.journal.files import journal_files, read_tail, refused_path
from pychron_comms.journal.record import read_line

#: Lines of which it is known where they stood: a disk that fails has them taken back.
_KNOWN = 10_000


class Follower:
    """What is new in a journal since it was made; each call of ``new`` tells it once."""

    def __init__(self, path: Path) -> None:
        """Begin at the end."""
        self._rolls = [_Roll(path), _Roll(refused_path(path))]

    def new(self) -> list[Mapping[str, Any]]:
        """By their times. Errors: OSError."""
        found = [values for roll in self._rolls for values in roll.new()]
        return sorted(found, key=lambda values: str(values["at"]))

    @property
    def missed(self) -> int:
        """How many records were dropped with their files before they were looked at."""
        return sum(roll.missed for roll in self._rolls)

    def close(self) -> None:
        for roll in self._rolls:
            roll.close()


class _Roll:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = path.open("rb") if path.exists() else None
        # Where the next line begins; and the last ones that were read, with their places.
        self._at = 0 if self._file is None else self._file.seek(0, os.SEEK_END)
        self._read: deque[tuple[int, bytes]] = deque(maxlen=_KNOWN)
        self.missed = 0
        # The number of the last record; and whether its file was dropped, and perhaps others.
        last = None if self._file is None else read_tail(path).last
        self._last = 0 if last is None else last.number
        self._has_jumped = False

    def new(self) -> Iterator[Mapping[str, Any]]:
        while True:
            yield from self._rest()
            following = self._next_file()
            if following is None:
                return
            try:
                opened = following.open("rb")
            except FileNotFoundError:
                # Dropped just now, or called otherwise.
                continue
            self.close()
            self._file = opened
            self._at = 0
            self._read.clear()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _rest(self) -> Iterator[Mapping[str, Any]]:
        if self._file is None:
            return
        self._go_back(self._file)
        self._file.seek(self._at)
        # What has no end yet is read again.
        for line in self._file.read().split(b"\n")[:-1]:
            self._read.append((self._at, line))
            self._at += len(line) + 1
            record = read_line(line)
            if record is not None:
                if self._has_jumped:
                    self.missed += max(0, record.number - self._last - 1)
                    self._has_jumped = False
                self._last = record.number
                yield record.values

    def _go_back(self, file: BinaryIO) -> None:
        """To where what was read last was taken back, as a disk that fails has it."""
        while self._read:
            place, line = self._read[-1]
            file.seek(place)
            if file.read(len(line) + 1) == line + b"\n":
                return
            self._at, _ = self._read.pop()

    def _next_file(self) -> Path | None:
        """The one that was begun after the open one; None while that is the newest."""
        files = journal_files(self._path)
        if self._file is None:
            return files[0] if files else None
        mine = os.fstat(self._file.fileno())
        for index, file in enumerate(files):
            with suppress(FileNotFoundError):
                if os.path.samestat(file.stat(), mine):
                    return files[index + 1] if index + 1 < len(files) else None
        # It was dropped meanwhile.
        self._has_jumped = bool(files)
        return files[0] if files else None
