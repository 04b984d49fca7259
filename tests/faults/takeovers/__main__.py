"""Takeovers drawn at random: ``python -m tests.faults.takeovers 1-500``.

Each number draws another history; one that breaks a promise is printed with it. ``--show`` prints
the steps of each. ``--real FILE`` lives through them in real processes at a broker that is started
for it, and writes each to a log; several may run side by side, each with a log of its own.
``--report`` tells what such logs have seen together.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from tests.faults.model.keeping import Broken
from tests.faults.takeovers.histories import IN_PROCESSES, drawn
from tests.faults.takeovers.promises import live_through
from tests.faults.takeovers.real_runs import report, run
from tests.faults.takeovers.world import World


def count(world: World, seen: Counter[str]) -> None:
    """Add to what was seen so far."""
    seen.update(world.faults)
    seen["commands"] += len(world.units)
    seen["asked"] += sum(len(each.asks) for each in world.units)
    seen["obeyed"] += sum(world.laboratory.actuated.values())
    seen["owners"] += len(world.takeovers)


def in_memory(numbers: range) -> int:
    """How many broke a promise."""
    seen: Counter[str] = Counter()
    begun, alarms = time.monotonic(), 0
    for number in numbers:
        # The pauses before connecting again are random.
        random.seed(number)
        try:
            count(live_through(drawn(number), World()), seen)
        except Broken as error:
            alarms += 1
            say(f"history {number}: {error}")
    say(f"{alarms} broken; {time.monotonic() - begun:.0f} s")
    for what, times in sorted(seen.items()):
        say(f"{times:8d}  {what}")
    return alarms


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.takeovers", description=__doc__)
    parser.add_argument("numbers", nargs="?", default="", help="one, or FIRST-LAST")
    parser.add_argument("--show", action="store_true", help="print the steps of each")
    parser.add_argument("--real", type=Path, metavar="FILE", help="in real processes; its log")
    parser.add_argument("--report", type=Path, nargs="+", metavar="FILE", help="of such logs")
    options = parser.parse_args()
    if options.report:
        say(*report(options.report), sep="\n")
        return 0
    first, _, last = options.numbers.partition("-")
    numbers = range(int(first), int(last or first) + 1)
    if options.show:
        for number in numbers:
            say(*drawn(number, IN_PROCESSES if options.real else None), sep="\n")
    # Whoever ends it ends what it has started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    broken = run(numbers, options.real) if options.real else in_memory(numbers)
    return 1 if broken else 0


def say(*words: object, sep: str = " ") -> None:
    print(*words, sep=sep, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
