"""What is found of the laboratory here: the built-in one's journal, and names that stay."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.here import FOLDER, JOURNAL, built_in_journal, lasting_name


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


class LastingNameTests(SynchronousTestCase):
    def test_a_folder_of_one_run_is_no_part_of_a_name(self) -> None:
        name = lasting_name(f"unix:/tmp/{FOLDER}k3x/processor.sock", Path("/tmp"))
        self.assertEqual(name, "unix:processor.sock")

    def test_any_other_is_left_as_it_is(self) -> None:
        for name in (
            "here",
            "tcp:10.0.0.5:1059",
            "unix:/run/pychron/processor.sock",
            f"unix:/run/{FOLDER}k3x/processor.sock",
            "unix:/tmp/mine/processor.sock",
        ):
            self.assertEqual(lasting_name(name, Path("/tmp")), name)
