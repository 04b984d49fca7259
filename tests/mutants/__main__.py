"""A sample of mutants: one small change of the code each, which a unit test must notice.

``python -m tests.mutants [--share 0.1] [--seed 1] [ROOM ...]`` draws that share of the mutants of
each room, runs the tests that reach them, and prints the change of each that survived, and a table.
The work is mutmut's; ``[mutmut]`` in setup.cfg has its settings. What no test could tell from the
original is listed, with the reason, in ``equivalent.toml``, and left out of the figures; so is what
the type checker notices.

Exit status 0 where each room notices 97 % of the rest.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence

from tests.mutants.equivalent import Equivalents
from tests.mutants.figures import SURVIVED, Figures, table
from tests.mutants.tool import Room

#: Those where a mistake costs a sample.
ROOMS = (
    "wire", "transport", "server", "repeater", "processor", "journal", "safeguards", "client",
)  # fmt: skip
_WANTED = 0.97


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}")
    parser.add_argument("--share", type=float, default=0.1, help="of the mutants of each room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    rooms: Sequence[str] = options.rooms or ROOMS
    if unknown := set(rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    equivalents = Equivalents.read()
    figures = [_try(room, options.share, options.seed, options.jobs, equivalents) for room in rooms]
    sys.stdout.write(table(figures))
    return 0 if all(each.noticed >= _WANTED for each in figures) else 1


def sample(room: str, share: float, seed: int, mutants: Sequence[str]) -> list[str]:
    """The same for the same seed, as long as the code is the same."""
    count = min(len(mutants), max(1, round(len(mutants) * share)))
    return sorted(random.Random(f"{seed}/{room}").sample(sorted(mutants), count))


def _try(room: str, share: float, seed: int, jobs: int, equivalents: Equivalents) -> Figures:
    """What became of each of the sample; the changes that survived are printed."""
    tool = Room(room)
    names = sample(room, share, seed, tool.make())
    tool.run(names, jobs)
    statuses = tool.statuses()
    ends = Counter[str]()
    for name in names:
        end = statuses[name]
        if end in SURVIVED:
            change = tool.change(name)
            if equivalents.reason(name, change):
                end = "equivalent"
            else:
                sys.stdout.write(f"{name}: {end}\n{change}\n")
                sys.stdout.flush()
        ends[end] += 1
    return Figures(room, ends)


if __name__ == "__main__":
    sys.exit(main())
