"""A journal in a folder of its own, on a disk that can fail."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.files import journal_files
from pychron_comms.journal.page import Disk
from pychron_comms.journal.verify import Report, verify
from tests.properties import json_values

MONDAY = 1772446445.116  # 2026-03-02T10:14:05.116Z


class Crash(BaseException):
    """The process dies at this point: nobody catches it."""


class FaultyDisk(Disk):
    """Fails as a test tells it; what it does otherwise it does for real."""

    def __init__(self) -> None:
        self.takes: int | None = None  # of each write so many bytes, then it is full
        self.write_error = 0
        self.truncate_error = 0
        self.sync_error = 0
        self.open_error = 0
        self.rename_error = 0
        self.rename_tries = 0
        self.steps_before_crash: int | None = None
        self.synced: list[str] = []
        self.writes: list[bytes] = []

    def open(self, path: Path) -> int:
        self._step()
        self._fail(self.open_error)
        return super().open(path)

    def write(self, fd: int, data: bytes) -> int:
        if self.steps_before_crash == 0:
            super().write(fd, data[: len(data) // 2])
        self._step()
        self.writes.append(data)
        if self.write_error:
            super().write(fd, data[: self.takes or 0])
            self._fail(self.write_error)
        return super().write(fd, data[: self.takes])

    def truncate(self, fd: int, size: int) -> None:
        self._fail(self.truncate_error)
        super().truncate(fd, size)

    def sync(self, fd: int) -> None:
        self._step()
        self._fail(self.sync_error)
        self.synced.append("file")
        super().sync(fd)

    def sync_folder(self, path: Path) -> None:
        self._step()
        self.synced.append("folder")
        super().sync_folder(path)

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        self.rename_tries += 1
        self._fail(self.rename_error)
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)

    def _step(self) -> None:
        if self.steps_before_crash == 0:
            raise Crash
        if self.steps_before_crash is not None:
            self.steps_before_crash -= 1

    def _fail(self, number: int) -> None:
        if number:
            raise OSError(number, os.strerror(number))


_TAKEN = frozenset({"n", "at", "event", "hash", "self"})

_fields = st.dictionaries(st.text(), json_values)


class Journals(SynchronousTestCase):
    """What the classes below share: one file, opened again and again."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "lab.journal"
        self.disk = FaultyDisk()
        self.time = MONDAY
        self.journal = self.open()

    def open(self, **options: Any) -> FileJournal:
        journal = FileJournal(self.path, now=lambda: self.time, disk=self.disk, **options)
        self.addCleanup(journal.close)
        return journal

    def reopen(self, **options: Any) -> None:
        self.journal.close()
        self.journal = self.open(**options)

    def write(self, count: int) -> None:
        for _ in range(count):
            self.journal.write("begin", {"sender": "10.0.0.5", "command": "Open A"})

    def lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines()

    def numbers(self) -> list[int]:
        return [record["n"] for record in self.journal.records()]

    def events(self) -> list[str]:
        return [record["event"] for record in self.journal.records()]

    def verify(self, **options: Any) -> Report:
        return verify(journal_files(self.path), **options)

    def assert_clean(self) -> None:
        self.assertEqual(self.verify().findings, [])

    def assert_fails(self, reason: str) -> None:
        before = self.path.read_bytes()
        with self.assertRaises(JournalError) as caught:
            self.write(1)
        self.assertIn(reason, str(caught.exception))
        self.assertEqual(caught.exception.code, 214)
        self.assertEqual(self.path.read_bytes(), before)


def _text_of(fields: dict[str, Any]) -> str:
    try:
        return json.dumps(fields, allow_nan=False)
    except ValueError as error:
        return str(error)
