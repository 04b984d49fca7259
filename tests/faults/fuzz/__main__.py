"""``python -m tests.faults.fuzz TARGET --runs 1000000``: a target under atheris, with figures.

Exit status 0 where nothing was found; a finding is printed with its traceback, and its input is
left in a file ``crash-...``. Needs atheris, which Linux has (``pip install '.[fuzz]'``).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.faults.fuzz.targets import NAMES, corpus, target

#: Longest input, in bytes.
_LENGTH = 512
# The part of a run after which memory is measured first: caches and the corpus are filled by then.
_WARM = 0.1
_MEBI = 2**20


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    # Not everywhere: it has wheels for Linux alone.
    atheris: Any = import_module("atheris")

    with atheris.instrument_imports(include=["pychron_comms", "tests.faults.fuzz"]):
        fuzz, words = target(options.target)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counted = _Counted(fuzz, options.target, options.runs, folder)
        # What a run finds interesting goes to the first folder that libFuzzer is given.
        found = folder / "found"
        found.mkdir()
        dictionary = folder / "words"
        dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in words))
        atheris.Setup(
            [
                sys.argv[0],
                *(f"-runs={options.runs * 2}", f"-seed={options.seed}", f"-max_len={_LENGTH}"),
                *(f"-dict={dictionary}", "-rss_limit_mb=1024", "-timeout=5", "-verbosity=0"),
                str(found),
                *(str(path.parent) for path in corpus(options.target)[:1]),
            ],
            counted,
        )
        atheris.Fuzz()


class _Counted:
    """Counts what a target is fed; ends the process with figures when it was enough.

    ``folder`` is removed then.
    """

    def __init__(self, fuzz: Any, name: str, runs: int, folder: Path) -> None:
        self._fuzz = fuzz
        self._name = name
        self._runs = runs
        self._folder = folder
        self._count = 0
        self._warm = 0
        self._begin = time.monotonic()

    def __call__(self, data: bytes) -> None:
        self._fuzz(data)
        self._count += 1
        if self._count == int(self._runs * _WARM):
            self._warm = _resident()
        if self._count >= self._runs:
            self._report()

    def _report(self) -> None:
        seconds = time.monotonic() - self._begin
        now = _resident()
        sys.stdout.write(
            f"{self._name}: {self._count} inputs, {self._count / seconds:.0f}/s, no finding; "
            f"{self._warm / _MEBI:.1f} MiB after a tenth, {now / _MEBI:.1f} MiB at the end\n"
        )
        sys.stdout.flush()
        shutil.rmtree(self._folder)
        # libFuzzer has no way to be told that it was enough.
        os._exit(0)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
