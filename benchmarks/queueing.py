"""A process as a queue: jobs come at random, and are done one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

#: Jobs that are drawn for one answer: enough for a 99th percentile.
JOBS = 20_000


@dataclass(frozen=True)
class Kind:
    """Jobs of one kind: how many come in a second, and for how many seconds each is worked at."""

    rate: float
    work: float


@dataclass(frozen=True)
class Busy:
    """``share`` of the time it works; ``p50`` and ``p99``: seconds from a job's coming to its end.

    A process that is given more than it can do has no such seconds: they grow for ever.
    """

    share: float
    p50: float
    p99: float


def utilisation(kinds: Sequence[Kind]) -> float:
    """The share of the time for which a process that is given these jobs works."""
    return sum(kind.rate * kind.work for kind in kinds)


def simulated(kinds: Sequence[Kind], seed: int = 1, jobs: int = JOBS) -> Busy:
    """One process, as it is after some time: the first tenth of its jobs is not looked at."""
    share = utilisation(kinds)
    if share >= 1.0:
        return Busy(share, float("inf"), float("inf"))
    random = Random(seed)
    rate = sum(kind.rate for kind in kinds)
    works = random.choices([kind.work for kind in kinds], [kind.rate for kind in kinds], k=jobs)
    now = free_at = 0.0
    stays = []
    for work in works:
        now += random.expovariate(rate)
        free_at = max(now, free_at) + work
        stays.append(free_at - now)
    seen = sorted(stays[jobs // 10 :])
    return Busy(share, seen[len(seen) // 2], seen[len(seen) * 99 // 100])
