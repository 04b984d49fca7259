"""What tests of pychron-lab share: a folder with a laboratory's file in it."""

from __future__ import annotations

import io
import pathlib
import tempfile
from contextlib import redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.operations import tool


class FolderCase(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "lab.toml"

    def lab(self, *words: str) -> tuple[int, str]:
        output = io.StringIO()
        with redirect_stdout(output):
            code = tool.main([words[0], "--config", str(self.file), *words[1:]])
        return code, output.getvalue()
