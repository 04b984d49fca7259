"""``python -m benchmarks``: the road beside a bare relay, interleaved in one run."""

from __future__ import annotations

import argparse
import json
import platform
import resource
from importlib.metadata import version
from pathlib import Path

from benchmarks.load import LoadError
from benchmarks.rounds import one_round, segments, summary
from benchmarks.table import render

#: Rounds, and seconds of each measurement in them.
FULL = (7, 0.7)
QUICK = (3, 0.25)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 seconds instead of two minutes")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there too")
    arguments = parser.parse_args()
    _allow_many_sockets()
    count, seconds = QUICK if arguments.quick else FULL
    try:
        rounds = [one_round(seconds, road_first=bool(index % 2)) for index in range(count)]
    except (LoadError, OSError) as error:
        raise SystemExit(f"benchmarks: {error}") from None
    results = {
        "python": platform.python_version(),
        "twisted": version("Twisted"),
        "rounds": count,
        "measures": summary(rounds),
        "segments": segments(),
    }
    print(render(results))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def _allow_many_sockets() -> None:
    """Raise the limit on open files, for this process and those that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
