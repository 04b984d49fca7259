"""``python -m benchmarks``: the road beside relays that parse nothing, interleaved in one run."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks.measures import Bench, Contender, Round, idle_bytes, medians, start_seconds
from benchmarks.native import NoCompilerError, compiled
from benchmarks.peers import rounds as peers
from benchmarks.systems import (
    NotRunningError,
    System,
    allow_many_sockets,
    native_relay,
    road,
    twisted_relay,
)
from benchmarks.table import rendered

ROOT = Path(__file__).parent.parent

#: Rounds, and seconds of each measurement in them.
FULL = (5, 1.0)
QUICK = (2, 0.4)

_ALL = (
    "serial",
    "64 in flight",
    "16 clients",
    "1,000 clients",
    "connect each, 1",
    "connect each, 16",
)
_KEPT = ("serial", "64 in flight", "16 clients")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes instead of eight")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there too")
    parser.add_argument("--compare", metavar="REV", help="beside the road of another commit")
    parser.add_argument("--python", metavar="FILE", help="beside the road run by that Python, too")
    arguments = parser.parse_args()
    allow_many_sockets()
    rounds, seconds = QUICK if arguments.quick else FULL
    with tempfile.TemporaryDirectory() as name:
        try:
            roads = _roads(Path(name), arguments.compare, arguments.python)
            results = _measured(Path(name), arguments.rounds or rounds, seconds, roads)
        except (NoCompilerError, NotRunningError, OSError) as error:
            raise SystemExit(f"benchmarks: {error}") from None
    print(rendered(results))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(_plain(results), indent=1) + "\n")


def _roads(folder: Path, compare: str | None, python: str | None) -> dict[str, _starter]:
    """Ours first, and those that are to be seen beside it, by their names."""
    roads = {"road": _starter(ROOT)}
    if compare:
        roads[compare] = _starter(_checked_out(compare, folder))
    if python:
        roads[f"road by {python}"] = _starter(ROOT, python=python)
    return roads


def _measured(
    folder: Path, count: int, seconds: float, roads: Mapping[str, _starter]
) -> dict[str, object]:
    load, relay = compiled("load", folder), compiled("relay", folder)
    contenders = {
        "C relay": Contender(lambda: native_relay(relay), {"relayed": _ALL}),
        "Twisted's LineReceiver": Contender(
            partial(twisted_relay, "benchmarks.relay"), {"relayed": _ALL}
        ),
        "Twisted's reactor, all by hand": Contender(
            partial(twisted_relay, "benchmarks.prompt_relay"), {"relayed": _ALL}
        ),
    }
    for name, starter in roads.items():
        contenders[name] = Contender(
            starter,
            {"polled": _ALL, "new": _KEPT, "acting": _KEPT},
            other=starter.checkout is not ROOT,
        )
    contenders["journal"] = Contender(_starter(ROOT, "sync = false"), {"acting": _KEPT[1:2]})
    contenders["synced"] = Contender(_starter(ROOT, "sync = true"), {"acting": _KEPT[1:2]})
    bench = Bench(load, folder, seconds)
    others = peers.installed()
    rounds: list[Round] = []
    for index in range(count):
        own = bench.one_round(contenders, backwards=bool(index % 2))
        rounds.append(own | peers.one_round(others, seconds))
        print(f"round {index + 1} of {count}", file=sys.stderr)
    with road(ROOT) as system:
        idle = idle_bytes(system)
    return {
        "python": f"{platform.python_version()} of {Path(sys.executable).resolve()}",
        "twisted": version("Twisted"),
        "roads": list(roads),
        "rounds": rounds,
        "medians": medians(rounds),
        "idle bytes": idle,
        "start seconds": start_seconds(_starter(ROOT)),
    }


class _starter:
    """Starts the road of a checkout, by an interpreter."""

    def __init__(self, checkout: Path, journal: str = "", python: str = sys.executable) -> None:
        self.checkout = checkout
        self._journal = journal
        self._python = python

    def __call__(self) -> AbstractContextManager[System]:
        return road(self.checkout, self._journal, self._python)


def _checked_out(revision: str, folder: Path) -> Path:
    target = folder / "other"
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(target)], check=True)
    subprocess.run(["git", "-C", str(target), "checkout", "--quiet", revision], check=True)
    return target


def _plain(results: dict[str, object]) -> dict[str, object]:
    """Keys as text, which is what JSON has."""

    def text(found: object) -> object:
        if isinstance(found, dict):
            return {
                ", ".join(key) if isinstance(key, tuple) else key: text(each)
                for key, each in found.items()
            }
        return [text(each) for each in found] if isinstance(found, list) else found

    return {key: text(each) for key, each in results.items()}


if __name__ == "__main__":
    main()
