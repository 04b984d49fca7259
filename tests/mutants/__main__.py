"""A sample of mutants: one small change of the code each, which a unit test must notice.

``python -m tests.mutants [--share 0.1] [--seed 1] [ROOM ...]`` draws that share of the mutants of
each room, or of a file as ``transport/turns.py``, tries each with the tests that reach its line,
and prints where each that survived is and what it changes, and a table. What no test could tell
from the original is listed, with the reason, in ``equivalent.toml``, and left out of the figures;
so is what the type checker notices.

Which changes there are is said by mutmut. Its runner is not used: it makes and type-checks all
mutants of a room for each sample, chooses tests by function, and starts a session of pytest for
each mutant. Here only the sample is made and checked, and each mutant is put in the place of its
function in a fork of a process that has imported everything.

Exit status 0 where each room notices 97 % of the rest.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from tests.mutants.equivalent import Equivalents
from tests.mutants.figures import End, Figures, table
from tests.mutants.forks import BROKEN, Forks
from tests.mutants.mutants import Mutant
from tests.mutants.reach import Reach, learn
from tests.mutants.sample import kept, path_of, room_files
from tests.mutants.trial import NOTICED, attempt
from tests.mutants.types import noticed_by_types

#: Those where a mistake costs a sample.
ROOMS = (
    "wire", "transport", "server", "repeater", "processor", "journal", "safeguards", "client",
)  # fmt: skip
_WANTED = 0.97


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}, or a file of any room"
    )
    parser.add_argument("--share", type=float, default=0.1, help="of the mutants of each room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    rooms: Sequence[str] = options.rooms or ROOMS
    files = {room: room_files(room) for room in rooms}
    if unknown := [room for room in rooms if room not in ROOMS and files[room] != [path_of(room)]]:
        parser.error(f"no such room: {', '.join(unknown)}")
    samples = _samples(files, options.share, options.seed, options.jobs)
    everything = [mutant for sample in samples.values() for mutant in sample]
    _say(f"{len(everything)} mutants")
    by_types = noticed_by_types(everything)
    _say(f"{len(by_types)} of them noticed by the type checker")
    reach = learn(options.jobs)
    _say(f"{len(reach.tests)} tests")
    ends = dict.fromkeys(by_types, End.TYPES)
    equivalents = Equivalents.read()
    left = [each for each in everything if each not in by_types]
    for mutant, end in _tried(left, reach, options.jobs):
        ends[mutant] = _shown(mutant, end, equivalents)
    figures = [
        Figures(room, Counter(ends[each] for each in sample)) for room, sample in samples.items()
    ]
    sys.stdout.write(table(figures))
    return 0 if all(each.noticed >= _WANTED for each in figures) else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def _samples(
    rooms: Mapping[str, Sequence[str]], share: float, seed: int, jobs: int
) -> dict[str, list[Mutant]]:
    """By room, of its files. The same for the same seed, as long as the code is the same."""
    work = [(path, share, seed) for files in rooms.values() for path in files]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        samples = iter(pool.starmap(kept, work, chunksize=1))
    return {
        room: [mutant for sample in islice(samples, len(files)) for mutant in sample]
        for room, files in rooms.items()
    }


def _tried(mutants: Iterable[Mutant], reach: Reach, jobs: int) -> Iterator[tuple[Mutant, End]]:
    forks = Forks(jobs)
    by_name = {}
    for mutant in mutants:
        names = reach.of(mutant.path, mutant.reached)
        if not names:
            yield mutant, End.NO_TESTS
            continue
        name = f"{mutant.name}:{mutant.number}"
        by_name[name] = mutant
        tests = [reach.tests[each] for each in names]
        seconds = sum(reach.seconds[each] for each in names)
        forks.start(name, partial(attempt, mutant, tests, seconds))
    for name, status in forks.ends():
        if status == BROKEN:
            sys.exit(f"{name} could not be tried.")
        yield by_name[name], {0: End.SURVIVED, NOTICED: End.KILLED}.get(status, End.ENDLESS)


def _shown(mutant: Mutant, end: End, equivalents: Equivalents) -> End:
    """Print what survived, and whether that is known to be no different."""
    if end not in {End.SURVIVED, End.NO_TESTS}:
        return end
    reason = equivalents.reason(mutant.name, mutant.change)
    end = End.EQUIVALENT if reason else end
    place = f"{mutant.path}:{mutant.line}: {mutant.name}"
    sys.stdout.write(f"{place}: {end}{reason and ': '}{reason}\n{mutant.change}\n\n")
    sys.stdout.flush()
    return end


if __name__ == "__main__":
    sys.exit(main())
