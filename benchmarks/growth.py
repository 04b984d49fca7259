"""``python -m benchmarks.growth``: what a command costs while something else grows.

Both halves run in this process over connections in memory, as in ``benchmarks.stages``; each figure
is the least of many. With ``--plot FILE``, a picture of it too (it needs the extra ``plot``).
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.one_request import HOP, PORT, Road

#: How often each is measured.
TIMES = 400

#: What is asked while it grows; the one that acts, in turns.
READ, ACTS = "GetValveState A", ("Open A", "Close A")

#: While commands wait for the line: a read of what is not the line's, and what makes safe.
PASSING_READ, PASSING_ACTS = "Read lab_temperature", ("Close A",)

_NUMBERS = itertools.count()

#: Microseconds of a read, and of a command that acts.
Cost = tuple[float, float]


class Growth(NamedTuple):
    """Something that grows to these sizes; ``grow`` adds so many.

    Meanwhile ``read`` and ``acts`` are asked; ``acting`` is what the latter are called.
    """

    grow: Callable[[Road, int], None]
    sizes: Sequence[int]
    with_journal: bool = False
    read: str = READ
    acts: Sequence[str] = ACTS
    acting: str = "a command that acts"


class Curve(NamedTuple):
    """What it costs, in microseconds, at each size of what grows."""

    name: str
    what: str
    sizes: Sequence[int]
    costs: Sequence[float]


def connect(road: Road, count: int) -> None:
    """Clients of the server that say nothing."""
    for _ in range(count):
        road.connect_idle()


def remember(road: Road, count: int) -> None:
    """Commands with a key of their own; two records of each are in a journal."""
    for number in range(count):
        road.ask(f"@key=k{next(_NUMBERS)} {('Open', 'Close')[number % 2]} B")


def wait(road: Road, count: int) -> None:
    """Commands that wait for the line, behind one that goes on while no time passes."""
    if count:
        road.send([f"@key=w{next(_NUMBERS)} Open C" for _ in range(count)])


GROWTHS: Mapping[str, Growth] = {
    "client connections": Growth(connect, (0, 10, 100, 1000, 5000)),
    "remembered keys": Growth(remember, (0, 10, 100, 1000, 10_000)),
    "keys in a journal, two records each": Growth(remember, (0, 10, 100, 1000, 10_000), True),
    "commands that wait for the line": Growth(
        wait,
        (0, 10, 100, 250),
        read=PASSING_READ,
        acts=PASSING_ACTS,
        acting="a command that makes safe",
    ),
}


def costs(growth: Growth) -> list[Cost]:
    """For each size."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "lab.toml"
        config.write_text(configuration(f"{folder}/journal" if growth.with_journal else ""))
        road = Road(str(config))
        there = 0
        for size in growth.sizes:
            growth.grow(road, size - there)
            there = size
            found.append((least(road, [growth.read]), least(road, growth.acts)))
    return found


def configuration(journal: str) -> str:
    """Of a laboratory with room for all of it; ``journal`` is its file, or empty."""
    return f"""
        lab = "default"
        [server]
        processor = "{HOP}"
        [[server.listener]]
        type = "Extractionline"
        listen = ["tcp:{PORT}:interface=127.0.0.1"]
        connections = 10000
        connections_per_host = 10000
        [processor]
        listen = ["{HOP}"]
        {f'[journal]{chr(10)}file = "{journal}"' if journal else ""}
        """


def least(road: Road, commands: Sequence[str]) -> float:
    """Microseconds of this process for one of them."""
    found = []
    for command in itertools.islice(itertools.cycle(commands), TIMES):
        begun = time.process_time()
        road.ask(command)
        found.append(time.process_time() - begun)
    return min(found) * 1e6


def measured() -> Iterator[Curve]:
    for name, growth in GROWTHS.items():
        found = costs(growth)
        for what, index in (("a read", 0), (growth.acting, 1)):
            yield Curve(name, what, growth.sizes, [each[index] for each in found])


def plotted(curves: Sequence[Curve], file: Path) -> None:
    """A picture of them; raises ImportError where matplotlib is not installed."""
    # A measurement without a picture does not need it.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("symlog")
    axes.set_yscale("log")
    axes.set_xlabel("how many there are")
    axes.set_ylabel("microseconds of both halves")
    for curve in curves:
        axes.plot(curve.sizes, curve.costs, marker="o", label=f"{curve.what}; {curve.name}")
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--plot", metavar="FILE", type=Path, help="such as growth.svg")
    arguments = parser.parse_args()
    curves = []
    for curve in measured():
        curves.append(curve)
        row = ", ".join(
            f"{size:,}: {cost:.0f}" for size, cost in zip(curve.sizes, curve.costs, strict=True)
        )
        print(f"us of {curve.what}, by {curve.name}: {row}", flush=True)
    if arguments.plot is not None:
        plotted(curves, arguments.plot)


if __name__ == "__main__":
    main()
