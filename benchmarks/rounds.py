"""The rounds: what is measured in each, and what is made of them all."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks import load
from benchmarks.load import Sample
from benchmarks.system import System, running

SYSTEMS = ("road", "relay")

CLIENTS = (1, 16, 128)
IN_FLIGHT = 64

#: Connections that are there before memory is looked at, and those whose growth is measured.
IDLE_BEFORE = 100
IDLE_CONNECTIONS = 1000

Figures = dict[str, float]
Measure = Callable[[System], Figures]

#: The figures of one round, by measure and system.
Round = dict[str, dict[str, Figures]]


def one_round(seconds: float, road_first: bool) -> Round:
    """Fresh processes of both systems, and each measure of one right after the other's."""
    names = SYSTEMS if road_first else SYSTEMS[::-1]
    with ExitStack() as stack:
        systems = {name: stack.enter_context(running(name)) for name in names}
        return {
            measure: {name: take(systems[name]) for name in names}
            for measure, take in _measures(seconds).items()
        }


def summary(rounds: Sequence[Round]) -> dict[str, dict[str, Any]]:
    """For each measure the median of either system, and the median ratio with its extremes."""
    return {
        measure: {
            **{name: _medians([each[measure][name] for each in rounds]) for name in SYSTEMS},
            "ratio": _ratios([each[measure] for each in rounds]),
        }
        for measure in rounds[0]
    }


def segments() -> dict[str, Figures]:
    """What one-byte segments cost, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.segments"], capture_output=True, check=True, timeout=120
    )
    found: dict[str, Figures] = json.loads(done.stdout)
    return found


def _measures(seconds: float) -> dict[str, Measure]:
    # Memory first: what a process has freed once, it would use again.
    measures: dict[str, Measure] = {"idle": _idle_memory}
    for how, ask in (("persistent", load.persistent), ("connecting", load.connecting)):
        for count in CLIENTS:
            measures[f"{how} {count}"] = partial(_loaded, ask, count, seconds)
    measures[f"in flight {IN_FLIGHT}"] = partial(_throughput, seconds)
    return measures


def _idle_memory(system: System) -> Figures:
    with load.idle(system.port, IDLE_BEFORE):
        before = system.resident_bytes()
        with load.idle(system.port, IDLE_CONNECTIONS):
            growth = system.resident_bytes() - before
    return {"bytes": growth / IDLE_CONNECTIONS}


def _loaded(
    ask: Callable[[int, int, float], Sample], count: int, seconds: float, system: System
) -> Figures:
    latencies, rate = ask(system.port, count, seconds)
    percents = statistics.quantiles(latencies, n=100)
    return {"p50": percents[49], "p99": percents[98], "rate": rate}


def _throughput(seconds: float, system: System) -> Figures:
    return {"rate": load.pipelined(system.port, IN_FLIGHT, seconds).rate}


def _medians(figures: Sequence[Figures]) -> Figures:
    return {key: statistics.median(each[key] for each in figures) for key in figures[0]}


def _ratios(pairs: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    ratios = {}
    for key in pairs[0]["road"]:
        values = [pair["road"][key] / pair["relay"][key] for pair in pairs]
        ratios[key] = {
            "median": statistics.median(values),
            "least": min(values),
            "most": max(values),
        }
    return ratios
