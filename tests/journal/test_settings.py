"""The section of the configuration that a journal is about, and the journal that it opens."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.journal.files import journal_files, refused_path
from pychron_comms.journal.settings import JournalSettings, open_journal, read_journal
from pychron_comms.journal.verify import verify
from tests.config.table_case import without_line
from tests.journal.journal_case import MONDAY
from tests.stepped_disk import SteppedDisk


class Settings(SynchronousTestCase):
    def read(self, text: str) -> JournalSettings | None:
        table = Table.parse(text, "lab.toml")
        settings = read_journal(table.table("journal"))
        table.finish()
        return settings

    def secret(self) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "secret"
        file.touch(mode=0o600)
        file.write_text("word")
        return str(file)

    def assert_mistake(self, text: str, expected: str) -> None:
        with self.assertRaises(ConfigError) as caught:
            self.read(text)
        self.assertEqual(without_line(str(caught.exception)), f"lab.toml: journal.{expected}")

    def test_without_the_section_want_no_journal(self) -> None:
        self.assertIsNone(self.read(""))
        self.assertIsNone(self.read("[journal]"))

    def test_a_folder_must_be_there_and_be_writable(self) -> None:
        self.assert_mistake(
            '[journal]\nfile = "/nowhere/at/all/lab.journal"',
            "file: expected a file in a folder that is there (mkdir -p /nowhere/at/all), "
            "got '/nowhere/at/all/lab.journal'",
        )
        self.patch(os, "access", lambda path, mode: False)
        self.assert_mistake(
            '[journal]\nfile = "/tmp/lab.journal"',
            "file: expected a file in a folder that this account may write, not /tmp, "
            "got '/tmp/lab.journal'",
        )

    def test_without_a_secret_anybody_can_verify_it(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for secret, found in ((None, 0), (self.secret(), 1)):
            file = folder / f"{found}.journal"
            journal = open_journal(JournalSettings(file=str(file), secret=secret or ""))
            journal.write("begin", {"command": "Open A"})
            journal.close()
            self.assertEqual(len(verify([file]).findings), found)

    def test_a_secret_must_be_one(self) -> None:
        with self.assertRaises(ConfigError) as caught:
            self.read('[journal]\nfile = "a"\nsecret = "/nowhere/secret"')
        self.assertIn("journal.secret: expected a file with a secret (", str(caught.exception))

    def test_have_defaults_for_all_but_the_file(self) -> None:
        self.assertEqual(
            self.read('journal.file = "lab.journal"'),
            JournalSettings(
                file="lab.journal",
                size=50_000_000,
                keep=10,
                sync=False,
                secret="",
                refused_size=10_000_000,
                refused_keep=2,
            ),
        )

    def test_are_read_as_they_stand(self) -> None:
        secret = self.secret()
        text = (
            '[journal]\nfile = "a"\nsize = 100_000\nkeep = 1000\nsync = true\n'
            f"secret = '{secret}'\n"
            "refused_size = 200_000\nrefused_keep = 3"
        )

        self.assertEqual(
            self.read(text),
            JournalSettings(
                file="a",
                size=100_000,
                keep=1000,
                sync=True,
                secret=secret,
                refused_size=200_000,
                refused_keep=3,
            ),
        )

    def test_tell_of_a_mistake(self) -> None:
        self.assert_mistake(
            "journal.sync = true", "file: expected the name of a file, and it is missing"
        )
        self.assert_mistake('journal.file = ""', "file: expected the name of a file, got ''")
        self.assert_mistake(
            'journal = {file = "a", size = 99_999}',
            "size: expected a whole number, 100000 or more, got 99999",
        )
        self.assert_mistake(
            'journal = {file = "a", keep = 0}',
            "keep: expected a whole number from 1 to 1000, got 0",
        )
        self.assert_mistake(
            'journal = {file = "a", refused_size = 99_999}',
            "refused_size: expected a whole number, 100000 or more, got 99999",
        )
        for key in ("keep", "refused_keep"):
            for number in (0, 1001):
                self.assert_mistake(
                    f'journal = {{file = "a", {key} = {number}}}',
                    f"{key}: expected a whole number from 1 to 1000, got {number}",
                )

    def test_may_be_as_small_and_as_many_as_is_said(self) -> None:
        text = 'file = "a"\nrefused_size = 100_000\nkeep = 1\nrefused_keep = 1000'
        settings = self.read(f"[journal]\n{text}")
        assert settings is not None
        told = settings.refused_size, settings.keep, settings.refused_keep
        self.assertEqual(told, (100_000, 1, 1000))

    def test_open_a_journal(self) -> None:
        file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "lab.journal"
        journal = open_journal(JournalSettings(file=str(file)), now=lambda: MONDAY)
        self.addCleanup(journal.close)
        journal.write("start", {})

        self.assertIn('"at":"2026-03-02T10:14:05.116000Z"', file.read_text("utf-8"))

    def test_open_one_that_keeps_so_many_files_of_each_kind(self) -> None:
        file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "lab.journal"
        for size, keep, refused_size, refused_keep in ((1000, 2, 4000, 1), (4000, 1, 1000, 3)):
            settings = JournalSettings(
                file=str(file),
                size=size,
                keep=keep,
                refused_size=refused_size,
                refused_keep=refused_keep,
            )
            journal = open_journal(settings)
            for _ in range(100):
                journal.write("begin", {"command": "Open A"})
                journal.refused({"command": "Open A"})
            journal.close()
            for path, most, old in (
                (file, size, keep),
                (refused_path(file), refused_size, refused_keep),
            ):
                files = journal_files(path)
                self.assertEqual(len(files), old + 1)
                self.assertLess(abs(files[0].stat().st_size - most), 500)

    def test_open_one_whose_records_wait_for_the_disk_together_where_each_must_be_there(
        self,
    ) -> None:
        turns = SteppedDisk().turns
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for sync in (True, False):
            file = folder / f"lab-{sync}.journal"
            journal = open_journal(JournalSettings(file=str(file), sync=sync), turns)
            self.addCleanup(journal.close)
            self.assertEqual(journal.groups, sync)
        self.assertFalse(open_journal(JournalSettings(file=str(folder / "c"), sync=True)).groups)

    def test_with_an_open_secret_open_none(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file, secret = folder / "lab.journal", folder / "secret"
        secret.write_bytes(b"open sesame")
        secret.chmod(0o640)
        with self.assertRaises(ValueError) as caught:
            open_journal(JournalSettings(file=str(file), secret=str(secret)))

        self.assertIn("others can read it", str(caught.exception))
        self.assertFalse(file.exists())
