"""``python -m benchmarks.scale``: what each hop costs here, and what laboratories of a size need.

The costs are measured: seconds of CPU time of each process for one command, one watcher, one second
without a command; bytes for one connection. What they mean for many is simulated, each process as a
queue. Nothing is said of networks between computers, which add their own delay.
"""

from __future__ import annotations

import argparse
import math
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measures import Bench, idle_bytes
from benchmarks.native import NoCompilerError, compiled
from benchmarks.queueing import Busy, Kind, simulated, utilisation
from benchmarks.systems import PATIENCE, NotRunningError, System, allow_many_sockets, road
from benchmarks.watched import ROOT, watched_road

LOAD = "16 clients"
WATCHERS = 500
IDLE_SECONDS = 5.0

#: Moves of a valve that are told to all of them, and seconds between two.
MOVES = 60
PAUSE = 0.1

#: Moves that one who watches is told of in a second at most: what comes sooner comes together.
PACE = 20.0

#: What a process may be given: its share of one core, and seconds that a command may take in it.
MOST_BUSY = 0.7
MOST_LATE = 0.05

#: Limits that are set elsewhere: connections of a listener by default, descriptors of the unit.
CONNECTIONS = 1000
DESCRIPTORS = 16_384
MEMORY = 4 << 30


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU time for one of each; bytes of the server's memory."""

    read_server: float
    read_processor: float
    act_server: float
    act_processor: float
    journal: float
    watcher: float
    idle_server: float
    idle_processor: float
    connection: float
    memory: float


@dataclass(frozen=True)
class Laboratory:
    """What one laboratory asks in a second, of one processor; who is connected, and who watches."""

    programs: int = 20
    reads: float = 200.0
    acts: float = 5.0
    changes: float = 5.0
    watchers: int = 20


def measured(folder: Path, seconds: float, rounds: int) -> Costs:
    """On this computer, now; the median of so many rounds."""
    bench = Bench(compiled("load", folder), folder, seconds)
    reader = compiled("reader", folder)
    with road(ROOT) as plain, road(ROOT, "sync = false") as written:
        # Before any load: what that has left is used again, and would hide it.
        connection = idle_bytes(plain)
        with watched_road(reader, WATCHERS) as watched:
            reads = _each(bench, plain, "polled", rounds)
            acts = _each(bench, plain, "acting", rounds)
            kept = _each(bench, written, "acting", rounds)
            told, untold = (
                statistics.median(_moved(each) for _ in range(rounds)) for each in (watched, plain)
            )
        idle = _idle(plain)
        return Costs(
            read_server=reads.server,
            read_processor=reads.processor,
            act_server=acts.server,
            act_processor=acts.processor,
            journal=max(kept.processor - acts.processor, 0.0),
            watcher=max(told - untold, 0.0) / MOVES / WATCHERS,
            idle_server=idle[0],
            idle_processor=idle[1],
            connection=connection,
            memory=plain.resident_bytes(),
        )


@dataclass(frozen=True)
class _Command:
    """CPU time of both processes for one command."""

    server: float
    processor: float


def _each(bench: Bench, system: System, kind: str, rounds: int) -> _Command:
    found = []
    for _ in range(rounds):
        before, begun = _spent(system), time.perf_counter()
        rate = bench.measure(system.port, kind, LOAD)["rate"]
        count = rate * (time.perf_counter() - begun)
        server, processor = (b - a for a, b in zip(before, _spent(system), strict=True))
        found.append((server / count, processor / count))
    return _Command(*(statistics.median(each) for each in zip(*found, strict=True)))


def _moved(system: System) -> float:
    """CPU seconds of the server while a valve is moved now and then, and all who watch are told."""
    before = system.cpu_seconds()
    with socket.create_connection(("127.0.0.1", system.port), PATIENCE) as client:
        for number in range(MOVES):
            client.sendall(b"Close V0\r\n" if number % 2 else b"Open V0\r\n")
            client.recv(4096)
            time.sleep(PAUSE)
    return system.cpu_seconds() - before


def _idle(system: System) -> tuple[float, float]:
    """CPU seconds of both in a second in which nobody asks anything."""
    before = _spent(system)
    time.sleep(IDLE_SECONDS)
    server, processor = (b - a for a, b in zip(before, _spent(system), strict=True))
    return server / IDLE_SECONDS, processor / IDLE_SECONDS


def _spent(system: System) -> tuple[float, float]:
    return system.cpu_seconds(), system._replace(front=system.back).cpu_seconds()


# -- what it means for many


def at_server(costs: Costs, laboratory: Laboratory, count: float = 1.0) -> list[Kind]:
    """The jobs of a server that has so many laboratories."""
    told = min(laboratory.changes, PACE) * laboratory.watchers
    return [
        Kind(count * laboratory.reads, costs.read_server),
        Kind(count * laboratory.acts, costs.act_server),
        Kind(count * told, costs.watcher),
        # All that it does without being asked: ten times a second.
        Kind(count * 10.0, costs.idle_server / 10.0),
    ]


def at_processor(costs: Costs, laboratory: Laboratory) -> list[Kind]:
    """The jobs of a processor of one laboratory, which keeps a journal."""
    return [
        Kind(laboratory.reads, costs.read_processor),
        Kind(laboratory.acts, costs.act_processor + costs.journal),
        Kind(10.0, costs.idle_processor / 10.0),
    ]


def problem(costs: Costs, laboratory: Laboratory, count: float) -> str:
    """What a server with so many laboratories has too little of; empty for nothing."""
    connected = count * (laboratory.programs + laboratory.watchers)
    kinds = at_server(costs, laboratory, count)
    if utilisation(kinds) > MOST_BUSY:
        return f"its core: {utilisation(kinds):.0%} busy"
    if simulated(kinds).p99 > MOST_LATE:
        return f"time: p99 in it {simulated(kinds).p99 * 1e3:.0f} ms"
    if connected + 2 * count > DESCRIPTORS:
        return f"descriptors: {connected:,.0f}"
    if costs.memory + connected * costs.connection > MEMORY:
        return f"memory: {connected:,.0f} connections"
    return ""


def most(fits: Callable[[int], bool]) -> int:
    """The greatest number that fits, 0 for none; more than a million are not looked at."""
    if not fits(1):
        return 0
    low, high = 1, 2
    while high < 1 << 20 and fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def report(costs: Costs, laboratory: Laboratory) -> Iterator[str]:
    """Lines of Markdown."""
    yield from _cost_table(costs)
    yield ""
    yield (
        f"A laboratory: {laboratory.programs} programs that read {laboratory.reads:,.0f} times and "
        f"act {laboratory.acts:g} times a second in all, {laboratory.changes:g} moves a second, "
        f"{laboratory.watchers} who watch everything."
    )
    yield ""
    yield "| wanted | needs | each server's core | p99 in it | each processor's core | p99 in it |"
    yield "|---|---|---|---|---|---|"
    for wanted, count in (
        ("one laboratory", 1),
        ("ten laboratories", 10),
        ("1,000 laboratories", 1000),
    ):
        yield _needs(costs, laboratory, wanted, count)
    yield _audience(costs, laboratory, 1_000_000)
    yield ""
    labs = most(lambda count: not problem(costs, laboratory, count))
    yield (
        f"One server breaks first with {labs + 1:,} laboratories, for want of "
        f"{problem(costs, laboratory, labs + 1)}."
    )
    alone = Laboratory(watchers=0)
    lonely = most(lambda count: not problem(costs, alone, count))
    yield (
        f"Without watchers with {lonely + 1:,}, for want of {problem(costs, alone, lonely + 1)}. "
        f"A listener takes {CONNECTIONS:,} connections until its `connections` says more: "
        f"{CONNECTIONS // laboratory.programs} laboratories."
    )


def _cost_table(costs: Costs) -> Iterator[str]:
    yield "| CPU time of | server | processor |"
    yield "|---|---|---|"
    for name, server, processor in (
        ("a read that is polled", costs.read_server, costs.read_processor),
        ("a command that acts", costs.act_server, costs.act_processor),
        ("its two records in the journal", 0.0, costs.journal),
        ("one who watches, told of one move of a valve", costs.watcher, 0.0),
        ("a second in which nobody asks", costs.idle_server, costs.idle_processor),
    ):
        yield f"| {name} | {_micro(server)} | {_micro(processor)} |"
    yield (
        f"\nA server takes {costs.memory / 1e6:.0f} MB, and {costs.connection / 1e3:.1f} KB for "
        "each connection."
    )


def _needs(costs: Costs, laboratory: Laboratory, wanted: str, count: int) -> str:
    at_one = max(most(lambda labs: not problem(costs, laboratory, labs)), 1)
    servers = math.ceil(count / at_one)
    server = simulated(at_server(costs, laboratory, count / servers))
    processor = simulated(at_processor(costs, laboratory))
    needs = f"{servers} server{'s' * (servers > 1)}, {count:,} processor{'s' * (count > 1)}"
    return f"| {wanted} | {needs} | {_cells(server)} | {_cells(processor)} |"


def _audience(costs: Costs, laboratory: Laboratory, watchers: int) -> str:
    """All of them follow one laboratory, each by some server that follows its processor."""

    def fits(count: int) -> bool:
        audience = Laboratory(0, 0.0, 0.0, laboratory.changes, count)
        return not problem(costs, audience, 1)

    at_one = max(most(fits), 1)
    servers = math.ceil(watchers / at_one)
    each = Laboratory(0, 0.0, 0.0, laboratory.changes, math.ceil(watchers / servers))
    # What a processor tells a server costs it about what a server's watcher costs that.
    told = Kind(servers * min(laboratory.changes, PACE), costs.watcher)
    processor = simulated([*at_processor(costs, laboratory), told])
    last = each.watchers * costs.watcher * 1e3
    return (
        f"| {watchers:,} who watch one laboratory "
        f"| {servers:,} servers of {each.watchers:,}; the last is told after {last:.0f} ms "
        f"| {_cells(simulated(at_server(costs, each)))} | {_cells(processor)} |"
    )


def _cells(busy: Busy) -> str:
    if busy.share >= 1.0:
        return f"{busy.share:.0%}: too much | never"
    return f"{busy.share:.1%} | {busy.p99 * 1e3:.2g} ms"


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us" if seconds else ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    for name, value in vars(Laboratory()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value, help="a laboratory's")
    arguments = vars(parser.parse_args())
    rounds, seconds = arguments.pop("rounds"), arguments.pop("seconds")
    allow_many_sockets()
    with tempfile.TemporaryDirectory() as name:
        try:
            costs = measured(Path(name), seconds, rounds)
        except (NoCompilerError, NotRunningError, OSError) as error:
            raise SystemExit(f"benchmarks: {error}") from None
    for line in report(costs, Laboratory(**arguments)):
        print(line)


if __name__ == "__main__":
    main()
