"""``python -m benchmarks.calls [PATH]``: what a request makes the road do, and the code's shape.

Counted (``sys.setprofile``, syntax trees) and not timed, so that the figures are the same on every
machine: of the checkout at PATH, or of this one, beside those of commit f156da4. What watchers are
told of the state while a request is on its way, which f156da4 did not tell, has a line of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import one_request
from benchmarks.structure import Structure, structure

HERE = Path(__file__).parent.parent

#: Seconds that the counting may take.
PATIENCE = 60.0

#: Of commit f156da4, by this script.
BASELINE: Mapping[str, Mapping[str, Any]] = {
    "GetValveState A": {
        "calls": 99,
        "distinct": 79,
        "modules": 25,
        "returns": 40,
        "deferreds": 1,
        "objects": 7,
        "told": 0,
    },
    "Open A": {
        "calls": 163,
        "distinct": 136,
        "modules": 30,
        "returns": 74,
        "deferreds": 3,
        "objects": 14,
        "told": 0,
    },
}
BASELINE_STRUCTURE = Structure(
    modules=210,
    loose_modules=21,
    rooms=31,
    arrows=114,
    longest_module=677,
    median_function=2,
    longest_function=40,
)

_MEANINGS = {
    "calls": "calls of our own functions",
    "distinct": "distinct ones",
    "modules": "modules entered",
    "returns": "returns to a module already left",
    "deferreds": "Deferreds made",
    "objects": "objects made of our own classes",
    "told": "calls to tell of the state beside",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=HERE, help="a checkout")
    path = parser.parse_args().path.resolve()
    print("\n".join([*_of_requests(counts(path)), *_of_structure(structure(path))]))


def counts(checkout: Path) -> dict[str, dict[str, Any]]:
    """By command, in a process of its own that imports the package from there."""
    done = subprocess.run(
        [sys.executable, one_request.__file__],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def _of_requests(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for command, before in BASELINE.items():
        now = found[command]
        objects: Mapping[str, int] = now["objects"]
        yield f"{command:<36}{'f156da4':>10}{'here':>10}"
        for key, meaning in _MEANINGS.items():
            value = sum(objects.values()) if key == "objects" else now[key]
            yield f"  {meaning:<34}{before[key]:>10}{value:>10}"
        yield f"  ({', '.join(f'{n} {name}' for name, n in objects.items())})"


def _of_structure(now: Structure) -> Iterator[str]:
    yield "The package"
    for name, before, value in zip(Structure._fields, BASELINE_STRUCTURE, now, strict=True):
        yield f"  {name.replace('_', ' '):<34}{before:>10g}{value:>10g}"


if __name__ == "__main__":
    main()
