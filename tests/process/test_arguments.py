"""The command lines of all tools: their versions, and words that they do not know."""

from __future__ import annotations

import configparser
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import __main__ as python_m
from pychron_comms import __version__
from pychron_comms.client.command_line import scan_command

_SETUP = Path(__file__).parents[2] / "setup.cfg"

Main = Callable[[Sequence[str]], int]


def tools() -> Iterator[tuple[str, Main]]:
    """Every program that is installed, and what it runs."""
    setup = configparser.ConfigParser()
    setup.read(_SETUP)
    for line in setup["options.entry_points"]["console_scripts"].split("\n")[1:]:
        name, _, place = line.partition(" = ")
        module, _, function = place.partition(":")
        yield name, getattr(import_module(module), function)


class ToolTests(SynchronousTestCase):
    def said(self, main: Main, *words: str, code: int) -> str:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            error = self.assertRaises(SystemExit, main, list(words))
        self.assertEqual(error.code, code)
        return out.getvalue() + err.getvalue()

    def test_each_tells_its_version(self) -> None:
        more = [("pychron-ask scan", scan_command.main), ("pychron-lab", python_m.main)]
        for name, main in [*tools(), *more]:
            self.assertEqual(self.said(main, "--version", code=0), f"{name} {__version__}\n")

    def test_the_option_that_may_be_meant(self) -> None:
        mains = dict(tools())
        for words, meant in (
            ("pychron-ask --wath 1 Open A", "--watch"),
            ("pychron-lab status --jsn", "--json"),
            ("pychron-journal show lab.journal --targt A", "--target"),
            ("pychron-certs renew certs --new-kye", "--new-key"),
        ):
            name, *rest = words.split()
            said = self.said(mains[name], *rest, code=2)
            self.assertIn(f"did you mean {meant}?", said)
            self.assertIn(f"({name} --help lists the options)", said)

    def test_the_verb_that_may_be_meant(self) -> None:
        mains = dict(tools())
        for name, word, meant in (
            ("pychron-lab", "statsu", "status"),
            ("pychron-journal", "shwo", "show"),
            ("pychron-certs", "lsit", "list"),
        ):
            self.assertIn(f"did you mean {meant}?", self.said(mains[name], word, code=2))

    def test_a_word_like_no_other_gets_no_guess(self) -> None:
        said = self.said(dict(tools())["pychron-lab"], "xyzzy", code=2)
        self.assertNotIn("did you mean", said)
