"""The file of a history: series of points, each a time and a number, or none for a gap."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

VERSION = 1

#: Seconds that a writer waits for a reader, and the other way round.
_PATIENCE = 5.0

_SCHEMA = """
CREATE TABLE series (id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, unit TEXT NOT NULL);
CREATE TABLE points (
    series INTEGER NOT NULL, at INTEGER NOT NULL, value REAL, PRIMARY KEY (series, at)
) WITHOUT ROWID;
CREATE TABLE recorder (alive INTEGER NOT NULL);
INSERT INTO recorder VALUES (0);
"""


class Point(NamedTuple):
    """``at`` is Unix time in seconds; ``value`` is None where it cannot be told from then on."""

    path: str
    unit: str
    at: float
    value: float | None


class Series(NamedTuple):
    """One item's points: how many, from when to when."""

    path: str
    unit: str
    points: int
    first: float
    last: float


class HistoryStore:
    """One file, open. Errors: sqlite3.Error; OSError at the start."""

    def __init__(self, path: str | Path, *, only_read: bool = False) -> None:
        """``only_read``: there must be one, and it is left as it is."""
        self._path = Path(path).absolute()
        if not only_read:
            _make_private(self._path)
        name = self._path.as_uri()
        mode = "ro" if only_read else "rwc"
        # One thread at a time has it, and not always the same.
        self._base = sqlite3.connect(
            f"{name}?mode={mode}", uri=True, timeout=_PATIENCE, check_same_thread=False
        )
        try:
            if not only_read:
                self._prepare()
            self._check()
            self._file = os.stat(self._path)
        except (sqlite3.Error, OSError):
            self._base.close()
            raise
        self._ids: dict[str, int] = dict(self._base.execute("SELECT path, id FROM series"))

    def close(self) -> None:
        self._base.close()

    def check_is_there(self) -> None:
        """SQLite writes on into a file that nobody can find any more. Errors: OSError."""
        try:
            is_there = os.path.samestat(os.stat(self._path), self._file)
        except FileNotFoundError:
            is_there = False
        if not is_there:
            raise OSError("the file was removed or moved")

    def write(self, points: Iterable[Point], now: float) -> None:
        """All of them or none; ``now`` is until when this history is known to be whole."""
        with self._base:
            self._base.executemany(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?)",
                [(self._id(each), _millis(each.at), each.value) for each in points],
            )
            self._base.execute("UPDATE recorder SET alive = ?", (_millis(now),))

    def end_series(self) -> None:
        """What an earlier process recorded last held no longer than that process did."""
        with self._base:
            self._base.execute(
                "INSERT OR REPLACE INTO points SELECT series, max(at + 1, alive), NULL FROM ("
                "SELECT p.series, p.at, p.value, r.alive FROM points AS p, recorder AS r "
                "WHERE p.at = (SELECT max(at) FROM points WHERE series = p.series)"
                ") WHERE value IS NOT NULL"
            )

    def forget(self, before: float) -> None:
        """What is older than that."""
        for number in list(self._ids.values()):
            # One at a time, so that a reader never waits for all.
            with self._base:
                self._base.execute(
                    "DELETE FROM points WHERE series = ? AND at < ?", (number, _millis(before))
                )

    def series(self) -> list[Series]:
        """All of them by their paths."""
        rows = self._base.execute(
            "SELECT path, unit, count(at), min(at), max(at) FROM series "
            "JOIN points ON series = id GROUP BY id ORDER BY path"
        )
        return [
            Series(path, unit, count, first / 1000, last / 1000)
            for path, unit, count, first, last in rows
        ]

    def points(self, path: str, since: float, until: float) -> Iterator[tuple[float, float | None]]:
        """Oldest first, from the last one before ``since``, which held then."""
        number = self._ids.get(path)
        first = self._base.execute(
            "SELECT max(at) FROM points WHERE series = ? AND at <= ?", (number, _millis(since))
        ).fetchone()[0]
        rows = self._base.execute(
            "SELECT at, value FROM points WHERE series = ? AND at BETWEEN ? AND ? ORDER BY at",
            (number, _millis(since) if first is None else first, _millis(until)),
        )
        return ((at / 1000, value) for at, value in rows)

    def last(self, since: float, until: float) -> dict[str, list[tuple[float, float | None]]]:
        """The points of all that has a unit and was known then; what held before begins with it."""
        found = {}
        for (path,) in self._base.execute("SELECT path FROM series WHERE unit != ''").fetchall():
            points = [(max(at, since), value) for at, value in self.points(path, since, until)]
            if any(value is not None for _, value in points):
                found[path] = points
        return found

    def _id(self, point: Point) -> int:
        number = self._ids.get(point.path)
        if number is None:
            self._base.execute(
                "INSERT OR IGNORE INTO series (path, unit) VALUES (?, ?)", (point.path, point.unit)
            )
            row: Sequence[int] = self._base.execute(
                "SELECT id FROM series WHERE path = ?", (point.path,)
            ).fetchone()
            number = row[0]
            self._ids[point.path] = number
        return number

    def _prepare(self) -> None:
        # Readers read on while it is written.
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        if self._version() == 0:
            with self._base:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._base.execute(statement)
                self._base.execute(f"PRAGMA user_version = {VERSION}")

    def _check(self) -> None:
        version = self._version()
        if version != VERSION:
            raise sqlite3.DatabaseError(f"it is of version {version}, and not {VERSION}")

    def _version(self) -> int:
        return int(self._base.execute("PRAGMA user_version").fetchone()[0])


def _make_private(path: Path) -> None:
    """As the journal: for its owner alone. What goes wrong, SQLite says."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _millis(at: float) -> int:
    return round(at * 1000)
