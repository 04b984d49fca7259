"""What ``make run`` says where an environment cannot be made."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_ROOT = Path(__file__).parents[1]

#: Takes what make asks of a Python, and says that it is another version.
_OLD = """#!/bin/sh
exec {python} -c 'import sys; sys.version_info = (3, 9, 18, "final", 0); exec(sys.argv[1])' "$2"
"""


class MakeTests(SynchronousTestCase):
    if not (shutil.which("make") and (_ROOT / "Makefile").exists()):
        skip = "there is no make here, or no Makefile"

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.bin = self.folder / "venv" / "bin"
        self.bin.mkdir(parents=True)

    def said(self, *variables: str) -> str:
        ended = subprocess.run(
            ["make", f"VENV={self.folder}/venv", *variables, f"{self.folder}/venv/installed"],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertNotEqual(ended.returncode, 0)
        return ended.stderr

    def script(self, path: Path, text: str) -> Path:
        path.write_text(text)
        path.chmod(0o755)
        return path

    def test_a_python_that_is_too_old_is_named_at_once(self) -> None:
        old = self.script(self.folder / "python3.9", _OLD.format(python=sys.executable))
        said = self.said(f"PYTHON={old}")
        self.assertIn("Python 3.11 or newer is needed, and this is 3.9; name one: make run", said)

    def test_without_packages_it_says_what_may_be_missing(self) -> None:
        self.script(self.bin / "python", "")
        self.script(self.bin / "pip", "#!/bin/sh\nexit 1\n")
        self.assertIn("is there a network? docs/install.md says how", self.said())
