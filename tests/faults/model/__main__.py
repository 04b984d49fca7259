"""Many histories, of as many seeds as wished: ``python -m tests.faults.model 1-50``.

Each seed draws other histories; one that breaks a promise is printed with its seed, its number and
the promise, and the next goes on. ``--histories`` says how many each seed draws, ``--only N`` runs
that one alone and shows its steps.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from hypothesis.strategies import SearchStrategy

from tests.faults.model.drawn import drawn
from tests.faults.model.history import History
from tests.faults.model.keeping import Broken
from tests.faults.model.promises import live_through
from tests.faults.model.strategies import histories, qtegra_histories


def broken_by(history: History, seen: Counter[str], sync: float | None = None) -> Broken | None:
    """The promise that this history breaks; what it held is added to ``seen``."""
    # The repeater's pauses are random.
    random.seed(0)
    try:
        world = live_through(history, sync)
    except Broken as error:
        return error
    seen.update(world.faults.keys())
    seen["commands"] += len(world.units)
    return None


def run(
    seed: int,
    of: SearchStrategy[History],
    count: int,
    only: int | None,
    seen: Counter[str],
    *,
    sync: float | None = None,
) -> int:
    """How many of a seed's histories break a promise."""
    alarms = 0
    for number, history in enumerate(drawn(count, seed, of)):
        if only is not None and number != only:
            continue
        error = broken_by(history, seen, sync)
        if error is not None:
            alarms += 1
            say(f"seed {seed}, history {number}: {error}")
        if only is not None:
            say(*history, sep=",\n")
    return alarms


def say(*words: object, sep: str = " ") -> None:
    print(*words, sep=sep, flush=True)  # noqa: T201


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.model", description=__doc__)
    parser.add_argument("seeds", help="one, or FIRST-LAST")
    parser.add_argument("--histories", type=int, default=200, help="of each seed (default 200)")
    parser.add_argument("--qtegra", action="store_true", help="those with Qtegra's clients")
    parser.add_argument("--only", type=int, help="the number of one history")
    parser.add_argument("--sync", type=float, metavar="S", help="what a sync of the disk takes")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    seen: Counter[str] = Counter()
    started = time.monotonic()
    alarms = 0
    for seed in seeds:
        of = qtegra_histories if options.qtegra else histories
        alarms += run(seed, of, options.histories, options.only, seen, sync=options.sync)
        say(f"seed {seed}: {alarms} alarms, {time.monotonic() - started:.0f} s so far")
    say(*(f"{number:7d}  {what}" for what, number in sorted(seen.items())), sep="\n")
    return min(alarms, 1)


if __name__ == "__main__":
    sys.exit(main())
