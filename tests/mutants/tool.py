"""mutmut, by its command line, for one room of the project.

It works on a copy, ``build/mutants/ROOM``, so that nothing in the project changes meanwhile.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_COPIED = ("pychron_comms", "tests", "twisted", "setup.cfg", "pyproject.toml")
_MUTMUT = Path(sys.executable).with_name("mutmut")
# Matches no mutant: mutmut has made them all, and learnt which tests reach them, when it says so.
_NONE, _NONE_MATCHES = "none*", "nothing matches"

# Where what happens in a room shows, beside its own tests.
_ROAD = ("transport", "server", "repeater", "processor")
# Of its __init__ there are many, and each says again which attributes there are.
_TYPES = ("mypy", "--output", "json", "--disable-error-code", "no-redef",
          "--disable-error-code", "unused-ignore")  # fmt: skip


class Room:
    """The mutants of one room."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = _ROOT / "build" / "mutants" / name

    def make(self) -> list[str]:
        """Make all mutants, and learn which tests reach them; their names."""
        # What mutmut learnt of other code it would believe still.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for name in _COPIED:
            self._copy(name)
        self._configure()
        self._mutmut("run", _NONE)
        return sorted(self.statuses())

    def run(self, names: Sequence[str], jobs: int) -> None:
        """Try these, so many at a time."""
        self._mutmut("run", "--max-children", str(jobs), *names)

    def statuses(self) -> dict[str, str]:
        """By name: ``killed``, ``survived``, ``no tests``, ``timeout`` and others."""
        lines = self._mutmut("results", "--all", "true").splitlines()
        return dict(line.strip().split(": ", 1) for line in lines if ": " in line)

    def change(self, name: str) -> str:
        """The lines that a mutant has otherwise, as a diff has them."""
        lines = self._mutmut("show", name).splitlines()
        return "\n".join(
            f"{line[0]} {line[1:].strip()}"
            for line in lines
            if line[:1] in {"-", "+"} and not line.startswith(("---", "+++"))
        )

    def _copy(self, name: str) -> None:
        source, copy = _ROOT / name, self._folder / name
        if source.is_file():
            shutil.copy2(source, copy)
        else:
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))

    def _configure(self) -> None:
        """Its settings, in the copy of setup.cfg."""
        path = self._folder / "setup.cfg"
        settings = configparser.RawConfigParser()
        settings.read(path)
        tests = dict.fromkeys((self._name, *(() if self._name == "client" else _ROAD)))
        more = {
            "only_mutate": [f"pychron_comms/{self._name}/*"],
            "pytest_add_cli_args_test_selection": [f"tests/{each}" for each in tests],
            "type_check_command": [*_TYPES, f"pychron_comms/{self._name}"],
        }
        for key, values in more.items():
            settings["mutmut"][key] = "\n".join(["", *values])
        with path.open("w") as file:
            settings.write(file)

    def _mutmut(self, *arguments: str) -> str:
        """What it says; ends this program where it fails."""
        path = os.pathsep.join([str(_MUTMUT.parent), os.environ.get("PATH", "")])
        done = subprocess.run(
            [_MUTMUT, *arguments],
            cwd=self._folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and _NONE_MATCHES not in done.stderr:
            sys.exit(f"mutmut {arguments[0]} failed:\n{done.stdout[-4000:]}{done.stderr}")
        return done.stdout
