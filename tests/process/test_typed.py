"""Hints name a tool as it can be typed where they are read."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.typed import as_typed

HINT = (
    "pychron-lab: it runs.\n"
    "How it is: pychron-lab status; `pychron-ask Help`, pychron-labs, pychron-server x"
)


class TypedTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.tools = self.folder / "an environment" / "bin"
        self.tools.mkdir(parents=True)
        (self.tools.parent / "elsewhere").mkdir()
        for name in ("pychron-lab", "pychron-ask"):
            (self.tools / name).touch(mode=0o755)
        self.patch(sys, "executable", str(self.tools / "python3"))
        self.patch(os, "environ", {**os.environ, "PATH": "/nowhere"})
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def typed(self, tools: str) -> str:
        said = HINT.replace("pychron-lab status", f"'{tools}/pychron-lab' status")
        return said.replace("pychron-ask Help", f"'{tools}/pychron-ask' Help")

    def test_a_terminal_that_knows_them_is_told_their_names(self) -> None:
        os.environ["PATH"] = str(self.tools)
        self.assertEqual(as_typed(HINT), HINT)

    def test_another_is_told_the_way_from_its_folder(self) -> None:
        self.assertEqual(as_typed(HINT), self.typed("an environment/bin"))

    def test_or_the_whole_way(self) -> None:
        os.chdir(self.tools.parent / "elsewhere")
        self.assertEqual(as_typed(HINT), self.typed(str(self.tools)))

    def test_what_is_not_there_is_called_as_elsewhere(self) -> None:
        self.assertEqual(as_typed("pychron-journal show"), "pychron-journal show")
