"""pychron-ask: servers by name, completion, and refusals of Qtegra."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import types
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.command_line import profiles
from pychron_comms.client.command_line.options import AskOptions, read_options
from pychron_comms.client.command_line.output import is_refusal
from pychron_comms.operations import tool as lab
from tests.modules import hide_module

PROFILES = """
[lab2]
server = "tcp:lab2-pc:1067"
type = "CO2"
timeout = 5
[bad]
server = "tcp:x:1"
tpye = "CO2"
"""


class ProfileTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "profiles.toml"
        self.file.write_text(PROFILES)
        self.patch(os, "environ", {**os.environ, "PYCHRON_PROFILES": str(self.file)})

    def wrong(self, *words: str) -> str:
        err = io.StringIO()
        with redirect_stderr(err):
            error = self.assertRaises(SystemExit, read_options, words)
        self.assertEqual(error.code, 2)
        return err.getvalue()

    def read(self, *words: str) -> AskOptions:
        self.patch(profiles.profiles_file, "__defaults__", (os.environ,))
        return read_options(words)

    def test_a_profile_says_where_and_how_to_ask(self) -> None:
        options = self.read("-p", "lab2", "Enable")
        self.assertEqual(
            (options.server, options.request_type, options.timeout, options.command),
            ("tcp:lab2-pc:1067", "CO2", 5.0, "Enable"),
        )

    def test_one_for_a_server_that_knows_no_tags(self) -> None:
        self.file.write_text('[old]\nserver = "tcp:x:1"\nplain = true\n')
        options = self.read("-p", "old", "Enable")
        self.assertEqual((options.plain, options.request_type, options.timeout), (True, "", 2.0))

    def test_a_server_is_what_each_must_name(self) -> None:
        self.file.write_text("[old]\ntimeout = 0\n")
        self.patch(profiles.profiles_file, "__defaults__", (os.environ,))
        self.assertIn("server", self.wrong("-p", "old", "Enable"))
        self.file.write_text('[old]\nserver = "tcp:x:1"\ntimeout = 0\n')
        self.assertIn("old.timeout", self.wrong("-p", "old", "Enable"))

    def test_an_option_counts_more(self) -> None:
        options = self.read("--profile", "lab2", "-s", "tcp:other:1", "Enable")
        self.assertEqual((options.server, options.timeout), ("tcp:other:1", 5.0))

    def test_mistakes_name_the_nearest_word(self) -> None:
        self.patch(profiles.profiles_file, "__defaults__", (os.environ,))
        self.assertIn(
            "no profile lab3; did you mean lab2? (known: lab2, bad)",
            self.wrong("-p", "lab3", "Open A"),
        )
        self.assertIn("did you mean type?", self.wrong("-p", "bad", "Open A"))
        self.file.unlink()
        self.assertIn("[lab2] with server = ...", self.wrong("-p", "lab2", "Open A"))

    def test_they_stand_in_the_persons_own_folder(self) -> None:
        file = profiles.profiles_file({"XDG_CONFIG_HOME": "/home/a/.config"})
        self.assertEqual(file, Path("/home/a/.config/pychron_comms/profiles.toml"))


class CompletionTests(SynchronousTestCase):
    def written(self, work: object, *words: str) -> str:
        out = io.StringIO()
        with redirect_stdout(out):
            error = self.assertRaises(SystemExit, work, list(words))
        self.assertEqual(error.code, 0)
        return out.getvalue()

    def test_a_script_is_made_from_the_parser(self) -> None:
        module = types.ModuleType("shtab")
        module.complete = lambda parser, shell: f"{parser.prog} for {shell}"  # type: ignore[attr-defined]
        module.FILE = {}  # type: ignore[attr-defined]
        self.patch(sys, "modules", {**sys.modules, "shtab": module})
        self.assertEqual(
            self.written(read_options, "--completion", "bash"), "pychron-ask for bash\n"
        )
        self.assertEqual(self.written(lab.main, "--completion", "fish"), "pychron-lab for fish\n")

    def test_without_shtab_it_says_how_to_have_it(self) -> None:
        hide_module(self, "shtab")
        err = io.StringIO()
        with redirect_stderr(err):
            self.assertRaises(SystemExit, read_options, ["--completion", "bash"])
        self.assertIn("-m pip install shtab", err.getvalue())


class RefusalTests(SynchronousTestCase):
    def test_qtegra_numbers_no_errors(self) -> None:
        self.assertTrue(is_refusal("Error: no such detector"))
        self.assertTrue(is_refusal("Error"))
        self.assertFalse(is_refusal("Errors none"))
        self.assertFalse(is_refusal("OK"))
