"""``python -m benchmarks.watched``: the road while programs are told everything, and how fast.

Roads run beside each other, one that nobody watches and others; the load on each is measured in
turn. A reader in C takes what the subscribers are told, so that Python's own reading costs little.
"""

from __future__ import annotations

import argparse
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.measures import Bench, Contender, Round, ratios
from benchmarks.native import NoCompilerError, compiled
from benchmarks.systems import (
    PATIENCE,
    NotRunningError,
    System,
    allow_many_sockets,
    road,
)

ROOT = Path(__file__).parent.parent

#: Programs that are told of everything, on the roads beside the one that nobody watches.
CROWDS = (100, 500)
LOAD = "16 clients"
KINDS = ("polled", "new", "acting")

#: Moves of a valve whose way to a subscriber is timed, and seconds between them.
MOVES = 200
PAUSE = 0.02


class Way(NamedTuple):
    """Seconds from when a command was sent: until its reply, and until a subscriber was told."""

    replied: list[float]
    told: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watched", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    allow_many_sockets()
    with tempfile.TemporaryDirectory() as name:
        try:
            for line in measured(Path(name), arguments.rounds, arguments.seconds):
                print(line)
        except (NoCompilerError, NotRunningError, OSError) as error:
            raise SystemExit(f"benchmarks: {error}") from None


def measured(folder: Path, count: int, seconds: float) -> Iterator[str]:
    """The rows of a table, in Markdown."""
    bench = Bench(compiled("load", folder), folder, seconds)
    reader = compiled("reader", folder)
    kinds = dict.fromkeys(KINDS, (LOAD,))
    crowds = (0, *CROWDS)
    contenders = {
        str(crowd): Contender(partial(watched_road, reader, crowd), kinds) for crowd in crowds
    }
    rounds: list[Round] = []
    for index in range(count):
        rounds.append(bench.one_round(contenders, backwards=bool(index % 2)))
        print(f"round {index + 1} of {count}", file=sys.stderr)
    columns = [f"{kind}, {figure}" for kind in KINDS for figure in ("rate", "p99")]
    yield f"{LOAD}, to the road that nobody watches: median (quartiles) of {count} rounds."
    yield ""
    yield " | ".join(["| subscribers", *columns, "server's CPU, acting", "a change's way |"])
    yield "|---" * (len(columns) + 3) + "|"
    for crowd in crowds:
        with watched_road(reader, max(crowd - 1, 0)) as system:
            way = way_to_a_subscriber(system.port)
        cells = [_cell(rounds, str(crowd), *column.split(", ")) for column in columns]
        cells += [_cpu(rounds, str(crowd)), _words(way)]
        yield f"| {crowd or 'none'} | {' | '.join(cells)} |"


def _cell(rounds: Sequence[Round], crowd: str, kind: str, figure: str) -> str:
    key, base = (crowd, kind, LOAD), ("0", kind, LOAD)
    if key == base:
        own = statistics.median(each[key][figure] for each in rounds)
        return f"{own:,.0f}/s" if figure == "rate" else f"{own * 1e3:.1f} ms"
    found, low, high = ratios(rounds, key, base, figure)
    return f"{found:.2f} ({low:.2f}-{high:.2f})"


def _cpu(rounds: Sequence[Round], crowd: str) -> str:
    """What a command costs the server, which a busy machine changes less than the rate."""
    own = statistics.median(each[crowd, "acting", LOAD]["cpu"] for each in rounds)
    return f"{own * 1e6:.0f} us"


@contextmanager
def watched_road(reader: Path, subscribers: int) -> Iterator[System]:
    """A road whose server tells so many of everything."""
    with ExitStack() as stack:
        system = stack.enter_context(road(ROOT))
        if subscribers:
            stack.enter_context(_reading(reader, system.port, subscribers))
        yield system


def way_to_a_subscriber(port: int) -> Way:
    """One valve is moved again and again, by one client, while another is told of it."""
    way = Way([], [])
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as client,
        socket.create_connection(("127.0.0.1", port), PATIENCE) as subscriber,
    ):
        subscriber.sendall(b"@id=1 Subscribe System/valve/V0\r\n")
        _read_until(subscriber, b"@id=1 OK\r\n")
        for number in range(MOVES):
            _time_one(client, subscriber, number % 2 == 0, way)
            time.sleep(PAUSE)
    return way


def _time_one(client: socket.socket, subscriber: socket.socket, opens: bool, way: Way) -> None:
    wanted = b'"v":true' if opens else b'"v":false'
    heard = {client: b"", subscriber: b""}
    begun = time.perf_counter()
    client.sendall(b"Open V0\r\n" if opens else b"Close V0\r\n")
    waiting = {client, subscriber}
    while waiting:
        readable, _, _ = select.select(list(waiting), [], [], PATIENCE)
        now = time.perf_counter() - begun
        if not readable:
            raise NotRunningError("a change was not told")
        for sock in readable:
            heard[sock] += sock.recv(65536)
        if client in waiting and heard[client].endswith(b"\n"):
            waiting.discard(client)
            way.replied.append(now)
        if subscriber in waiting and _tells(heard[subscriber], wanted):
            waiting.discard(subscriber)
            way.told.append(now)


def _tells(data: bytes, wanted: bytes) -> bool:
    """Whether a whole line says that the valve stands so, and moves no more."""
    lines = data.split(b"\n")[:-1]
    return any(wanted in line and b'"moving":false' in line for line in lines)


def _read_until(sock: socket.socket, end: bytes) -> None:
    data = b""
    while end not in data:
        data += sock.recv(65536)


@contextmanager
def _reading(reader: Path, port: int, count: int) -> Iterator[None]:
    """A process whose ``count`` connections have subscribed to everything, and read."""
    command = [str(reader), str(port), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != b"reading\n":
                raise NotRunningError("the subscribers did not connect")
            yield
            if process.poll() is not None:
                raise NotRunningError("a subscriber was cut off")
        finally:
            process.kill()


def _words(way: Way) -> str:
    told, replied = (
        statistics.quantiles(each, n=100, method="inclusive") for each in (way.told, way.replied)
    )
    return (
        f"p50 {told[49] * 1e3:.0f} ms, p99 {told[98] * 1e3:.0f} ms "
        f"(the reply: {replied[49] * 1e3:.1f} and {replied[98] * 1e3:.1f})"
    )


if __name__ == "__main__":
    main()
