"""An index beside a journal, so that a year of it answers at once. Never the truth itself.

``FILE.index`` is made by ``pychron-journal index`` and caught up whenever it is used. It holds
where each record stands, and what can be asked of it; the records are read from the journal's
files. It is made anew where it is of another version, or where the files are no longer those that
it knows.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pychron_comms.journal.facts import Facts, facts_of
from pychron_comms.journal.files import journal_files, refused_path
from pychron_comms.journal.filters import Filter
from pychron_comms.journal.moments import micros_of
from pychron_comms.journal.table import Entry

VERSION = 2

_BATCH = 20_000
_SCHEMA = """
CREATE TABLE files (id INTEGER PRIMARY KEY, first TEXT UNIQUE, done INTEGER);
CREATE TABLE records (
    at INTEGER, event TEXT, who TEXT, type TEXT, target TEXT, key TEXT, code INTEGER, seconds REAL,
    roll INTEGER, n INTEGER, file INTEGER, start INTEGER, begin INTEGER
);
CREATE INDEX by_time ON records (at);
CREATE INDEX by_target ON records (target, at);
CREATE INDEX by_who ON records (who, at);
CREATE INDEX by_key ON records (key, at) WHERE key <> '';
CREATE INDEX by_code ON records (code, at) WHERE code <> 0;
CREATE INDEX by_seconds ON records (seconds) WHERE seconds IS NOT NULL;
CREATE INDEX by_begin ON records (n) WHERE event = 'begin';
"""
_INSERT = f"INSERT INTO records VALUES ({', '.join('?' * 13)})"
_FACTS = ", ".join(Facts._fields)
_FIND = f"""
SELECT {", ".join(f"r.{each}" for each in Facts._fields)}, r.n, r.file, r.start, b.file, b.start
FROM (SELECT * FROM records WHERE {{where}} ORDER BY at DESC, roll DESC, n DESC LIMIT ?) AS r
LEFT JOIN records AS b ON b.event = 'begin' AND b.n = r.begin
ORDER BY r.at, r.roll, r.n
"""


class UnusableError(ValueError):
    """There is no index, or none that can be read here; the text says why."""


class _Line(NamedTuple):
    start: int
    end: int
    values: Mapping[str, Any]


def index_path(path: Path) -> Path:
    """Where the index of the journal in ``path`` stands."""
    return path.with_name(f"{path.name}.index")


class Index:
    """The index of one journal, open."""

    def __init__(self, path: Path, *, make: bool = False) -> None:
        """``make``: where there is none as well. Errors: UnusableError."""
        self._path = path
        where = index_path(path)
        if not make and not where.exists():
            raise UnusableError(f"{where}: there is no index")
        try:
            if make:
                # As the journal itself: for its owner alone.
                os.close(os.open(where, os.O_RDWR | os.O_CREAT, 0o600))
            self._base = sqlite3.connect(where)
            self._prepare(make)
        except (sqlite3.Error, OSError) as error:
            raise UnusableError(f"{where}: {error}") from error

    def close(self) -> None:
        self._base.close()

    def catch_up(self) -> int:
        """Take in what was written since; how many records. Errors: UnusableError, OSError."""
        try:
            with self._base:
                if not self._knows_files():
                    self._make()
                self._forget_dropped()
                return sum(self._take_file(file, roll) for roll, file in self._rolls())
        except sqlite3.Error as error:
            raise UnusableError(f"{index_path(self._path)}: {error}") from error

    def find(self, wanted: Filter, newest: int = -1) -> Iterator[Entry]:
        """As the files would answer, by time; the ``newest`` so many, all where it is negative.

        Errors: UnusableError, OSError.
        """
        where, values = wanted.where()
        rows = self._base.execute(_FIND.format(where=where), [*values, newest])
        with ExitStack() as opened:
            files = self._open_files(opened)
            for *facts, n, file, start, begin_file, begin_start in rows:
                there = self._read(files, file, start, n)
                if there is not None:
                    begin = self._read(files, begin_file, begin_start, there.get("of"))
                    yield Entry(there, {**(begin or {}), **there}, Facts(*facts))

    # -- making it

    def _prepare(self, make: bool) -> None:
        if self._base.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            self._make()
        if make:
            # What is lost by a power failure is made anew.
            self._base.execute("PRAGMA synchronous = OFF")

    def _make(self) -> None:
        tables = self._base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in tables.fetchall():
            self._base.execute(f'DROP TABLE "{name}"')
        for statement in _SCHEMA.split(";"):
            self._base.execute(statement)
        self._base.execute(f"PRAGMA user_version = {VERSION}")

    def _knows_files(self) -> bool:
        """Whether the files that it has read are at least as long as they were."""
        done = dict(self._base.execute("SELECT first, done FROM files"))
        return all(file.stat().st_size >= done.get(first, 0) for first, file in self._files())

    def _take_file(self, file: Path, roll: int) -> int:
        first = _first_hash(file)
        if first is None:
            return 0
        self._base.execute("INSERT OR IGNORE INTO files (first, done) VALUES (?, 0)", (first,))
        row = self._base.execute("SELECT id, done FROM files WHERE first = ?", (first,)).fetchone()
        number, done = row
        known: dict[int, Facts] = {}
        count = 0
        lines = _lines_from(file, done)
        while batch := list(islice(lines, _BATCH)):
            rows = [self._row(line, roll, number, known) for line in batch]
            self._base.executemany(_INSERT, rows)
            done = batch[-1].end
            count += len(batch)
        self._base.execute("UPDATE files SET done = ? WHERE id = ?", (done, number))
        return count

    def _row(self, line: _Line, roll: int, file: int, known: dict[int, Facts]) -> tuple[Any, ...]:
        values = line.values
        begin = None
        if values["event"] == "end" and isinstance(values.get("of"), int):
            begin = known.pop(values["of"], None) or self._begun(values["of"])
        facts = facts_of(values, begin)
        if facts.event == "begin":
            known[values["n"]] = facts
        return (*facts, roll, values["n"], file, line.start, values["of"] if begin else None)

    def _begun(self, number: int) -> Facts | None:
        row = self._base.execute(
            f"SELECT {_FACTS} FROM records WHERE event = 'begin' AND n = ?", (number,)
        ).fetchone()
        return Facts(*row) if row else None

    def _forget_dropped(self) -> None:
        there = {first for first, _ in self._files()}
        for number, first in self._base.execute("SELECT id, first FROM files").fetchall():
            if first not in there:
                self._base.execute("DELETE FROM records WHERE file = ?", (number,))
                self._base.execute("DELETE FROM files WHERE id = ?", (number,))

    # -- finding

    def _read(
        self, files: Mapping[int, BinaryIO], file: int | None, start: int, number: object
    ) -> Mapping[str, Any] | None:
        """None where the file is dropped. Errors: UnusableError."""
        data = files.get(file) if file is not None else None
        if data is None:
            return None
        data.seek(start)
        values = _parsed(data.readline())
        if values is None or values["n"] != number:
            where = index_path(self._path)
            raise UnusableError(f"{where}: it no longer fits; remove it, and make it anew")
        return values

    def _open_files(self, opened: ExitStack) -> dict[int, BinaryIO]:
        ids = dict(self._base.execute("SELECT first, id FROM files"))
        files: dict[int, BinaryIO] = {}
        for _, file in self._files():
            data = opened.enter_context(file.open("rb"))
            # It may have another name by now: known is it by what it holds.
            first = _first_hash_in(data)
            if first in ids:
                files[ids[first]] = data
        return files

    def _rolls(self) -> Iterator[tuple[int, Path]]:
        for roll, path in enumerate((self._path, refused_path(self._path))):
            for file in journal_files(path):
                yield roll, file

    def _files(self) -> Iterator[tuple[str, Path]]:
        for _, file in self._rolls():
            first = _first_hash(file)
            if first is not None:
                yield first, file


def _lines_from(file: Path, start: int) -> Iterator[_Line]:
    """The records of whole lines; the last may be being written at this moment."""
    with file.open("rb") as data:
        data.seek(start)
        for line in data:
            end = start + len(line)
            values = _parsed(line)
            if values is not None:
                yield _Line(start, end, values)
            start = end


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    if not line.endswith(b'"}\n'):
        return None
    try:
        values = json.loads(line)
        micros_of(values["at"])
        return values if isinstance(values["n"], int) and values["event"] else None
    except (ValueError, RecursionError, TypeError, KeyError):
        return None


def _first_hash(file: Path) -> str | None:
    with file.open("rb") as data:
        return _first_hash_in(data)


def _first_hash_in(data: BinaryIO) -> str | None:
    """What a file is known by, whatever it is called: the hash of its first record."""
    found = (_parsed(line) for line in data)
    return next((str(values.get("hash")) for values in found if values is not None), None)
