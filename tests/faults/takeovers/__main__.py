"""Takeovers drawn at random: ``python -m tests.faults.takeovers 1-500``.

Each number draws another history; one that breaks a promise is printed with it. ``--show`` prints
the steps of each.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from tests.faults.model.keeping import Broken
from tests.faults.takeovers.histories import drawn
from tests.faults.takeovers.promises import live_through
from tests.faults.takeovers.world import World


def count(world: World, seen: Counter[str]) -> None:
    """Add to what was seen so far."""
    seen.update(world.faults)
    seen["commands"] += len(world.units)
    seen["asked"] += sum(len(each.asks) for each in world.units)
    seen["obeyed"] += sum(world.laboratory.actuated.values())
    seen["owners"] += len(world.takeovers)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.takeovers", description=__doc__)
    parser.add_argument("numbers", help="one, or FIRST-LAST")
    parser.add_argument("--show", action="store_true", help="print the steps of each")
    options = parser.parse_args()
    first, _, last = options.numbers.partition("-")
    seen: Counter[str] = Counter()
    begun, alarms = time.monotonic(), 0
    for number in range(int(first), int(last or first) + 1):
        history = drawn(number)
        if options.show:
            say(*history, sep="\n")
        # The pauses before connecting again are random.
        random.seed(number)
        try:
            count(live_through(history), seen)
        except Broken as error:
            alarms += 1
            say(f"history {number}: {error}")
    say(f"{alarms} broken; {time.monotonic() - begun:.0f} s")
    for what, times in sorted(seen.items()):
        say(f"{times:8d}  {what}")
    return 1 if alarms else 0


def say(*words: object, sep: str = " ") -> None:
    print(*words, sep=sep, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
