"""The journal of the built-in laboratory, found by who started it."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.here import FOLDER, JOURNAL, built_in_journal


class BuiltInTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def journal(self, name: str, at: float) -> Path:
        file = self.folder / name / JOURNAL
        file.parent.mkdir()
        file.touch()
        os.utime(file, (at, at))
        return file

    def test_where_none_runs_there_is_none(self) -> None:
        (self.folder / "other").mkdir()
        self.assertIsNone(built_in_journal(self.folder))

    def test_that_of_the_one_that_was_started_last(self) -> None:
        self.journal(f"{FOLDER}a", 100.0)
        last = self.journal(f"{FOLDER}b", 300.0)
        self.journal(f"{FOLDER}c", 200.0)
        self.assertEqual(built_in_journal(self.folder), last)

    def test_another_persons_is_not_meant(self) -> None:
        self.journal(f"{FOLDER}a", 100.0)
        self.patch(os, "getuid", lambda: 12345)
        self.assertIsNone(built_in_journal(self.folder))
