"""``python -m tests.promises``: each mechanism is broken in a copy, where its test then must fail.

It ends with 1 where a test did not notice.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import cache_from_source
from pathlib import Path

from tests.promises import PROMISES, Promise
from tests.promises.forked import passes
from tests.promises.page import PAGE, write_page

ROOT = Path(__file__).parents[2]


def breaks(promise: Promise, folder: Path, *, sound: bool) -> str:
    """What is wrong with a promise, in that copy of the project; empty where its test proves it.

    ``sound``: its test has been seen to pass there.
    """
    file = folder / "pychron_comms" / promise.file
    whole = file.read_text("utf-8")
    if whole.count(promise.kept) != 1:
        return "its mechanism is not where it was"
    if not (sound or passes([promise.test], folder)):
        return "its test fails before anything is broken"
    _write(file, whole.replace(promise.kept, promise.broken))
    try:
        return "its test does not notice" if passes([promise.test], folder) else ""
    finally:
        _write(file, whole)


def _write(file: Path, text: str) -> None:
    """Put a text there, and let no compiled one of the same second and size pass for it."""
    file.write_text(text, "utf-8")
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def broken_one_by_one(promises: Sequence[Promise]) -> Iterator[tuple[Promise, str]]:
    """Each with what is wrong with it, in a copy of the project."""
    with tempfile.TemporaryDirectory(prefix="promises-") as name:
        folder = Path(name)
        for part in ("pychron_comms", "tests", "twisted"):
            shutil.copytree(ROOT / part, folder / part)
        sound = passes([promise.test for promise in promises], folder)
        for promise in promises:
            yield promise, breaks(promise, folder, sound=sound)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.promises")
    parser.add_argument("--write", action="store_true", help=f"write the rows of {PAGE.name}")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    options = parser.parse_args()
    if options.write:
        write_page()
        return 0

    def broken(share: int) -> int:
        wrong = 0
        for promise, problem in broken_one_by_one(PROMISES[share :: options.jobs]):
            wrong += bool(problem)
            print(f"{'WRONG' if problem else 'ok':5}  {promise.text:55}  {problem}", flush=True)
        return wrong

    with ThreadPoolExecutor(options.jobs) as pool:
        wrong = sum(pool.map(broken, range(options.jobs)))
    print(f"{len(PROMISES)} promises, {wrong} without a test that fails when they are broken")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
