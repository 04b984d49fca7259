"""Which mutants the type checker notices: one run for all of a sample."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutants.mutants import ROOT, Mutant, with_twins

_FOLDER = ROOT / "build" / "mutants" / "types"
# A twin of __init__ says again which attributes there are.
_MYPY = (sys.executable, "-m", "mypy", "--output", "json", "--disable-error-code", "no-redef",
         "--disable-error-code", "unused-ignore")  # fmt: skip


def noticed_by_types(mutants: Sequence[Mutant]) -> set[Mutant]:
    """What mypy remembers of files that have not changed is kept for the next time."""
    _copy()
    by_path: dict[str, list[Mutant]] = {}
    for each in mutants:
        by_path.setdefault(each.path, []).append(each)
    spans = {}
    for path, here in by_path.items():
        source, spans[path] = with_twins((ROOT / path).read_text("utf-8"), here)
        (_FOLDER / path).write_text(source, "utf-8")
    wrong = _errors(list(by_path))

    def is_wrong(path: str, function: str, number: int) -> bool:
        span = spans[path][function, number]
        return any(span.first <= line <= span.last for line in wrong.get(path, ()))

    return {
        each
        for each in mutants
        if is_wrong(each.path, each.function, each.number)
        and not is_wrong(each.path, each.function, 0)
    }


def _copy() -> None:
    for name in ("pychron_comms", "setup.cfg", "pyproject.toml"):
        source, copy = ROOT / name, _FOLDER / name
        if source.is_file():
            shutil.copy2(source, copy)
        else:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))


def _errors(paths: Sequence[str]) -> Mapping[str, set[int]]:
    done = subprocess.run(
        [*_MYPY, *paths], cwd=_FOLDER, capture_output=True, text=True, check=False
    )
    lines: dict[str, set[int]] = {}
    for line in done.stdout.splitlines():
        found = json.loads(line) if line.startswith("{") else {}
        if found.get("severity") == "error":
            lines.setdefault(str(Path(found["file"])), set()).add(found["line"])
    if done.returncode not in {0, 1}:
        sys.exit(f"mypy failed:\n{done.stdout[-4000:]}{done.stderr}")
    return lines
