"""What is measured of each system, in rounds that are interleaved, and what is made of them."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import commands
from benchmarks.systems import NotRunningError, System

#: Connections that are there before memory is looked at, and those whose growth is measured.
IDLE_BEFORE = 100
IDLE = 1000

#: How often the road is started to know how long that takes.
STARTS = 5


class Load(NamedTuple):
    """How the clients ask: ``keep`` a connection or connect for ``each`` command."""

    how: str
    clients: int
    depth: int


LOADS: Mapping[str, Load] = {
    "serial": Load("keep", 1, 1),
    "64 in flight": Load("keep", 1, 64),
    "16 clients": Load("keep", 16, 1),
    "1,000 clients": Load("keep", 1000, 1),
    "connect each, 1": Load("each", 1, 1),
    "connect each, 16": Load("each", 16, 1),
}

Figures = dict[str, float]

#: The figures of one round, by system, kind of command and load.
Round = dict[tuple[str, str, str], Figures]

#: Starts a system.
Start = Callable[[], AbstractContextManager[System]]


class Contender(NamedTuple):
    """A system, and the kinds of command that it is asked, each with the loads.

    ``other``: of another commit, which need not stand every load; what it does not is left out.
    """

    start: Start
    kinds: Mapping[str, Sequence[str]]
    other: bool = False


class Bench:
    """Runs the load program against systems; ``folder`` is for what it makes."""

    def __init__(self, load: Path, folder: Path, seconds: float) -> None:
        self._load = load
        self._seconds = seconds
        self._files = {
            "polled": commands.write(commands.polled(), folder / "polled"),
            "new": commands.write(commands.new(), folder / "new"),
            "acting": commands.write(commands.acting(), folder / "acting"),
            "relayed": commands.write(
                [(each, "OK") for each, _ in commands.acting()], folder / "x"
            ),
        }

    def one_round(self, contenders: Mapping[str, Contender], *, backwards: bool) -> Round:
        """Each load of each system, one right after the other's; fresh processes of all."""
        found: Round = {}
        with ExitStack() as stack:
            running = {name: stack.enter_context(each.start()) for name, each in contenders.items()}
            for load in LOADS:
                for name in list(contenders)[:: -1 if backwards else 1]:
                    for kind, loads in contenders[name].kinds.items():
                        if load not in loads:
                            continue
                        try:
                            found[name, kind, load] = self._measured(running[name], kind, load)
                        except NotRunningError as error:
                            if not contenders[name].other:
                                raise
                            print(f"{name}: {error}", file=sys.stderr)
        return found

    def _measured(self, system: System, kind: str, load: str) -> Figures:
        """As ``measure``, and ``cpu``: seconds of the front half for each command."""
        before = system.cpu_seconds()
        figures = self.measure(system.port, kind, load)
        spent = system.cpu_seconds() - before
        return {**figures, "cpu": spent / (figures["rate"] * self._seconds)}

    def measure(self, port: int, kind: str, load: str) -> Figures:
        """``rate`` in commands a second, ``p50`` and ``p99`` in seconds. Raises NotRunningError."""
        how, clients, depth = LOADS[load]
        done = subprocess.run(
            [
                self._load,
                str(port),
                how,
                str(clients),
                str(depth),
                str(self._seconds),
                self._files[kind],
            ],
            capture_output=True,
            text=True,
            timeout=60 + self._seconds,
            check=False,
        )
        if done.returncode:
            raise NotRunningError(f"{kind}, {load}: {done.stderr.strip()}")
        figures: Figures = json.loads(done.stdout)
        return figures


def idle_bytes(system: System) -> float:
    """What one idle client connection takes of the server's memory."""
    with _idle(system.port, IDLE_BEFORE):
        before = system.resident_bytes()
        with _idle(system.port, IDLE):
            return (system.resident_bytes() - before) / IDLE


def start_seconds(start: Start) -> float:
    """From the start of the two processes to the first reply; the median of some starts."""
    return statistics.median(_start_seconds(start) for _ in range(STARTS))


def _start_seconds(start: Start) -> float:
    begun = time.perf_counter()
    with start():
        return time.perf_counter() - begun


def medians(rounds: Sequence[Round]) -> Round:
    """Of what was measured in all of them."""
    return {
        key: {
            figure: statistics.median(each[key][figure] for each in rounds)
            for figure in rounds[0][key]
        }
        for key in rounds[0]
        if all(key in each for each in rounds)
    }


def ratios(
    rounds: Sequence[Round], key: tuple[str, str, str], base: tuple[str, str, str], figure: str
) -> tuple[float, float, float]:
    """The median of the ratio to another system's figure in the same round, and its quartiles."""
    values = [each[key][figure] / each[base][figure] for each in rounds]
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


@contextmanager
def _idle(port: int, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10.0))
            sock.sendall(b"GetValveState V0\r\n")
            sock.recv(4096)
        yield
