"""``python -m benchmarks.stages``: microseconds of our own code in a request, stage by stage.

Both halves run in this process over connections in memory, so that neither the system nor the
reactor is in the figures; each is the least of many, so that other work on the machine is not
either. What those who watch are told behind the replies, and what else waits for another turn, has
a column of its own. With ``--profile STAGE``, the functions in which that stage spends its time.
With ``--journal``, all that acts is written down.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import pstats
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.commands import LABORATORY, acting, selections
from benchmarks.one_request import HOP, PORT, Road

#: Requests in one chunk, and how often that is measured.
SIZES = {1: 400, 4: 200, 64: 200}

#: Requests in a measurement: of all kinds there are, and as many as are told of together.
ROW = 16

#: Reads that a laboratory polls, and what acts.
POLLED = ("GetValveState W0", "GetIndicatorState W1", "GetManualState W2", "GetValveLockState W0")
ACTING = [command for command, _ in acting()]

CONFIGURATION = f"""
[server]
processor = "{HOP}"
[[server.listener]]
type = "System"
listen = ["tcp:{PORT}:interface=127.0.0.1"]
[processor]
listen = ["{HOP}"]
{LABORATORY}
"""

_NUMBERS = itertools.count()
_SELECTIONS = selections()


def polled(count: int) -> list[str]:
    return [POLLED[number % len(POLLED)] for number in range(count)]


def new(count: int) -> list[str]:
    return [f"GetStateChecksum {','.join(next(_SELECTIONS))}" for _ in range(count)]


def moved(count: int) -> list[str]:
    return [ACTING[next(_NUMBERS) % len(ACTING)] for _ in range(count)]


KINDS: dict[str, Callable[[int], list[str]]] = {"polled": polled, "new": new, "acting": moved}


class Watch:
    """Sums up the seconds in which one stage takes what comes."""

    def __init__(self, taker: Any, name: str, profile: cProfile.Profile | None = None) -> None:
        self.seconds = 0.0
        self._take = getattr(taker, name)
        self._profile = profile
        setattr(taker, name, self._received)

    def _received(self, data: object) -> None:
        if self._profile is not None:
            self._profile.runcall(self._take, data)
            return
        begun = time.perf_counter()
        self._take(data)
        self.seconds += time.perf_counter() - begun


def least(
    road: Road, watches: Sequence[Watch], commands: Callable[[int], list[str]], size: int
) -> Iterator[float]:
    """For each stage: microseconds for one request, of those that come in chunks of that size."""
    found: list[list[float]] = []
    chunks = max(1, ROW // size)
    for _ in range(SIZES[size]):
        for watch in watches:
            watch.seconds = 0.0
        for _ in range(chunks):
            road.ask_all(commands(size))
        found.append([watch.seconds for watch in watches])
    return (min(each) / (size * chunks) * 1e6 for each in zip(*found, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--profile", metavar="STAGE", help="such as processor")
    parser.add_argument("--kind", default="polled", choices=KINDS, help="what is profiled")
    parser.add_argument("--journal", action="store_true", help="with a journal, without sync")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "lab.toml"
        journal = f'[journal]\nfile = "{folder}/journal"' if arguments.journal else ""
        config.write_text(CONFIGURATION + journal)
        _measure(Road(str(config)), parser, arguments)


def _measure(road: Road, parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    wanted = arguments.profile
    road.ask_all(polled(64))
    if wanted is not None:
        if wanted not in road.stages:
            parser.error(f"the stages are {', '.join(road.stages)}")
        profile = cProfile.Profile()
        Watch(road.stages[wanted], "bufferReceived", profile)
        for _ in range(SIZES[64]):
            road.ask_all(KINDS[arguments.kind](64))
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    watches = [Watch(transport, "bufferReceived") for transport in road.stages.values()]
    watches.append(Watch(road.clock, "advance"))
    names = [*road.stages, "told behind"]
    print(f"{'us for each request':<24}" + "".join(f"{name:>18}" for name in names))
    for (kind, commands), size in itertools.product(KINDS.items(), SIZES):
        row = "".join(f"{each:>18.1f}" for each in least(road, watches, commands, size))
        print(f"{f'{kind}, {size} at a time':<24}{row}")


if __name__ == "__main__":
    main()
