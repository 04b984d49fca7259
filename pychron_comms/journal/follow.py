"""Records as they come, over the turning of files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pychron_comms.journal.files import journal_files, refused_path
from pychron_comms.journal.record import read_line


class Follower:
    """What is new in a journal since it was made; each call of ``new`` tells it once."""

    def __init__(self, path: Path) -> None:
        """Begin at the end."""
        self._rolls = [_Roll(path), _Roll(refused_path(path))]

    def new(self) -> list[Mapping[str, Any]]:
        """By their times. Errors: OSError."""
        found = [values for roll in self._rolls for values in roll.new()]
        return sorted(found, key=lambda values: str(values["at"]))

    def close(self) -> None:
        for roll in self._rolls:
            roll.close()


class _Roll:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = b""
        self._file: BinaryIO | None = path.open("rb") if path.exists() else None
        if self._file is not None:
            self._file.seek(0, os.SEEK_END)

    def new(self) -> Iterator[Mapping[str, Any]]:
        while True:
            yield from self._rest()
            following = self._next_file()
            if following is None:
                return
            self.close()
            self._file = following.open("rb")
            self._begun = b""

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _rest(self) -> Iterator[Mapping[str, Any]]:
        if self._file is None:
            return
        *lines, self._begun = (self._begun + self._file.read()).split(b"\n")
        for line in lines:
            record = read_line(line)
            if record is not None:
                yield record.values

    def _next_file(self) -> Path | None:
        """The one that was begun after the open one; None while that is the newest."""
        files = journal_files(self._path)
        if self._file is None:
            return files[0] if files else None
        mine = os.fstat(self._file.fileno())
        for index, file in enumerate(files):
            if os.path.samestat(file.stat(), mine):
                return files[index + 1] if index + 1 < len(files) else None
        # It was dropped meanwhile.
        return files[0] if files else None
