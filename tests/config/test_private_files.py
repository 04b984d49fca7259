"""Secrets are read only from files that nobody else can read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.private_files import check_private, read_secret
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.processor.settings import laboratory_from


class SecretCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def file(self, text: str = " word\n", mode: int = 0o600) -> Path:
        file = self.folder / "secret"
        file.write_text(text)
        file.chmod(mode)
        return file


class SecretFileTests(SecretCase):
    def test_a_file_of_ones_own_is_read_without_the_blanks_around(self) -> None:
        self.assertEqual(read_secret(self.file()), b"word")

    def test_one_that_others_can_read_or_write_is_not(self) -> None:
        if os.name != "posix":
            self.skipTest("this system has no POSIX modes")
        for mode in (0o640, 0o604, 0o620, 0o602, 0o644):
            error = self.assertRaises(ValueError, read_secret, self.file(mode=mode))
            self.assertIn(f"others can read it (mode {mode:04o})", str(error))

    def test_one_that_is_not_there_is_told_by_its_name(self) -> None:
        error = self.assertRaises(ValueError, check_private, self.folder / "none")
        self.assertEqual(
            str(error), f"{self.folder / 'none'}: cannot be read: No such file or directory"
        )

    def test_one_that_cannot_be_read_is_told_by_its_name(self) -> None:
        folder = self.folder / "folder"
        folder.mkdir(mode=0o700)
        error = self.assertRaises(ValueError, read_secret, folder)
        self.assertEqual(str(error), f"{folder}: cannot be read: Is a directory")

    def test_an_empty_one_is_no_secret(self) -> None:
        error = self.assertRaises(ValueError, read_secret, self.file(" \n"))
        self.assertIn("it is empty", str(error))


class EmergencyKeyTests(SecretCase):
    def read(self, file: Path) -> bytes:
        text = f'[access]\nemergency_key = "{file.as_posix()}"'
        settings, _ = laboratory_from(Table.parse(text, "lab.toml"))
        return settings.emergency_key

    def test_it_is_read_from_its_file(self) -> None:
        self.assertEqual(self.read(self.file("red button")), b"red button")

    def test_a_file_that_others_can_read_stops_the_start(self) -> None:
        if os.name != "posix":
            self.skipTest("this system has no POSIX modes")
        error = self.assertRaises(ConfigError, self.read, self.file(mode=0o644))
        self.assertIn("lab.toml:2: access.emergency_key: expected a file with a secret", str(error))
        self.assertIn("chmod 600", str(error))
