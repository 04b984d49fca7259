"""The files of a journal: the present one, and FILE.1, FILE.2 ..., the older the higher."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pychron_comms.journal.record import Record, read_line

_WINDOW = 1 << 16
# Where the time stands in a record: behind its number, and so long.
_AT = b',"at":"'
_NEAR = 40
_TIME = len("2026-03-02T10:14:05.116000Z")

Rename = Callable[[Path, Path], None]
Remove = Callable[[Path], None]


class Tail(NamedTuple):
    """The end of a file: its last whole record, and what stands after it."""

    last: Record | None
    rest: bytes
    is_ended: bool

    @property
    def junk(self) -> list[bytes]:
        """The lines after the last record: what a power loss left."""
        return self.rest.removesuffix(b"\n").split(b"\n") if self.rest else []


def rotated(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def refused_path(path: Path) -> Path:
    """Where the refused commands of the journal in ``path`` stand."""
    return path.with_name(f"{path.name}.refused")


def old_numbers(path: Path) -> list[int]:
    """Which old files there are, ascending, so the newest first. Errors: OSError."""
    name = re.compile(re.escape(path.name) + r"\.([1-9][0-9]{0,8})")
    found = (name.fullmatch(each) for each in os.listdir(path.parent))
    return sorted(int(match[1]) for match in found if match)


def journal_files(path: Path) -> list[Path]:
    """All that are there, oldest first. Errors: OSError."""
    old = [rotated(path, number) for number in reversed(old_numbers(path))]
    return [*old, path] if path.exists() else old


def shift(path: Path, keep: int, rename: Rename, remove: Remove) -> None:
    """FILE becomes FILE.1, FILE.1 becomes FILE.2 and so on; ``keep`` old ones stay.

    Where an earlier shift was cut short there is a gap among the numbers: this one ends there, and
    so completes it. Errors: OSError.
    """
    there = set(old_numbers(path))
    gap = next(number for number in range(1, len(there) + 2) if number not in there)
    for number in range(min(gap, keep), 1, -1):
        rename(rotated(path, number - 1), rotated(path, number))
    if path.exists():
        rename(path, rotated(path, 1))
    for number in there:
        if number > keep:
            remove(rotated(path, number))


def read_tail(path: Path) -> Tail:
    """Read backwards, so that a long file costs no more than a short one. Errors: OSError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        window = min(_WINDOW, size)
        while True:
            file.seek(size - window)
            tail = _tail_of(file.read(window), whole=window == size)
            if tail is not None:
                return tail
            window = min(2 * window, size)


def _tail_of(data: bytes, *, whole: bool) -> Tail | None:
    """None where the last record begins before ``data``."""
    is_ended = data.endswith(b"\n") or not data
    end = len(data)
    while end > 0:
        stop = end - 1 if data[end - 1 : end] == b"\n" else end
        start = data.rfind(b"\n", 0, stop) + 1
        record = read_line(data[start:stop])
        if record is not None:
            return Tail(record, data[end:], is_ended)
        end = start
    return Tail(None, data, is_ended) if whole else None


def read_records(path: Path, since: str = "") -> Iterator[Record]:
    """The records of all files, oldest first; lines that are none are passed over.

    ``since``: only those of that time and later, as records write it; files that ended before it
    are not read. Lazy: a rotation meanwhile neither repeats nor loses any, unless its file is
    dropped; a file that is begun after the call is left out. Errors: OSError.
    """
    for inode in [each.stat().st_ino for each in journal_files(path)]:
        for file in journal_files(path):
            if file.stat().st_ino == inode:
                if not _ended_before(file, since):
                    yield from _read_file(file, since.encode())
                break


def _ended_before(path: Path, since: str) -> bool:
    last = read_tail(path).last if since else None
    return last is not None and last.at < since


def _read_file(path: Path, since: bytes) -> Iterator[Record]:
    with path.open("rb") as file:
        for line in file:
            # Most are older: not worth to be parsed.
            if since and line[slice(*time_in(line))] < since:
                continue
            record = read_line(line.removesuffix(b"\n"))
            if record is not None:
                yield record


def time_in(line: bytes) -> tuple[int, int]:
    """From where to where its time stands in the line of a record."""
    start = line.find(_AT, 0, _NEAR) + len(_AT)
    return start, start + _TIME
