"""``python -m benchmarks.client``: both communicators beside bare sockets, interleaved in one run.

All ask the same server, a road of two processes whose hardware echoes, with the same tags.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from benchmarks.systems import road
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.deferred import DeferredCommunicator

#: The aims: at most so many times a bare exchange's time, at least so much of the bare rate.
TIME_AIM = 1.3
RATE_AIM = 0.75

IN_FLIGHT = 64
COMMAND = "Open A"

_PATIENCE = 10.0
_CHUNK = 65536
_IN_A_ROW = 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    # How a measurement in a process of its own is called.
    parser.add_argument("--measure", choices=sorted(MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(MEASURES[arguments.measure](arguments.port, arguments.seconds))
    else:
        _compare(arguments.rounds, arguments.seconds)


def _compare(rounds: int, seconds: float) -> None:
    figures: dict[str, list[list[float]]] = {name: [] for name in MEASURES}
    with road(Path(__file__).parent.parent) as system:
        for index in range(rounds):
            for name in list(MEASURES)[:: 1 if index % 2 else -1]:
                figures[name].append(_measured(name, system.echo_port, seconds))
    ours, bare = ([pair[index] for pair in figures["exchanges"]] for index in (0, 1))
    times = _line("blocking ask", ours, bare, 1e6, "us")
    ours, bare = ([rate for (rate,) in figures[name]] for name in ("deferred", "pipelined"))
    rates = _line("Deferred rate", ours, bare, 1, "/s")
    print(f"Medians of {rounds} rounds; ratios: median (least-most)")
    print(f"{times}   aim: at most {TIME_AIM}")
    print(f"{rates}   aim: at least {RATE_AIM}")


def _measured(name: str, port: int, seconds: float) -> list[float]:
    """In a fresh process, so that none warms another."""
    options = ["--measure", name, "--port", str(port), "--seconds", str(seconds)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client", *options],
        capture_output=True,
        check=True,
        timeout=60,
    )
    found: list[float] = json.loads(done.stdout)
    return found


def _line(what: str, ours: Sequence[float], bare: Sequence[float], scale: float, unit: str) -> str:
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    medians = [f"{statistics.median(each) * scale:.0f} {unit}" for each in (ours, bare)]
    return (
        f"{what:<14} {medians[0]:>10}   bare {medians[1]:>10}   "
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    )


def _line_for(number: int) -> bytes:
    return f"@id={number};key=bare-{number};within=2.000 {COMMAND}\r".encode()


def _connected(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), _PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def exchanges(port: int, seconds: float) -> list[float]:
    """Seconds of one ``ask`` on a kept connection and of the same on a bare socket, by turns.

    Each is the median of many.
    """
    with (
        _connected(port) as sock,
        Communicator(f"tcp:127.0.0.1:{port}", form="tagged") as asker,
    ):
        sock.settimeout(None)

        def ask(number: int) -> None:
            reply = asker.ask(COMMAND)
            assert reply == COMMAND, reply

        def exchange(number: int) -> None:
            sock.sendall(_line_for(number))
            reply = sock.recv(_CHUNK)
            assert reply == f"@id={number} {COMMAND}\r\n".encode(), reply

        return _median_times([ask, exchange], seconds)


def _median_times(ways: Sequence[Callable[[int], None]], seconds: float) -> list[float]:
    times: list[list[float]] = [[] for _ in ways]
    numbers = count(1)
    stop = perf_counter() + seconds
    while perf_counter() < stop:
        for way, taken in zip(ways, times, strict=True):
            for _ in range(_IN_A_ROW):
                begun = perf_counter()
                way(next(numbers))
                taken.append(perf_counter() - begun)
    return [statistics.median(taken) for taken in times]


def pipelined(port: int, seconds: float) -> list[float]:
    """Commands in a second on a bare socket, with ``IN_FLIGHT`` of them on their way."""
    with _connected(port) as sock:
        number = done = 0
        rest = b""
        begun = perf_counter()
        wanted = IN_FLIGHT
        while wanted or done < number:
            if wanted:
                sock.sendall(b"".join(_line_for(number + index) for index in range(1, wanted + 1)))
                number += wanted
            *replies, rest = (rest + sock.recv(_CHUNK)).split(b"\r\n")
            assert all(reply.endswith(COMMAND.encode()) for reply in replies), replies
            done += len(replies)
            wanted = len(replies) if perf_counter() - begun < seconds else 0
        return [done / (perf_counter() - begun)]


def deferred(port: int, seconds: float) -> list[float]:
    """Commands in a second of the Deferred communicator, with as many on their way."""
    rates: list[float] = []

    async def measure(reactor: Any) -> None:
        asker = DeferredCommunicator(f"tcp:127.0.0.1:{port}", reactor, form="tagged")
        await asker.ask(COMMAND)
        begun = perf_counter()
        done = 0
        finished: Deferred[None] = Deferred()
        waiting = IN_FLIGHT

        def answered(reply: str) -> None:
            nonlocal done, waiting
            assert reply == COMMAND, reply
            done += 1
            if perf_counter() - begun < seconds:
                asker.ask(COMMAND).addCallbacks(answered, finished.errback)
                return
            waiting -= 1
            if not waiting:
                finished.callback(None)

        for _ in range(IN_FLIGHT):
            asker.ask(COMMAND).addCallbacks(answered, finished.errback)
        await finished
        rates.append(done / (perf_counter() - begun))
        await asker.close()

    try:
        react(lambda reactor: Deferred.fromCoroutine(measure(reactor)))
    except SystemExit as end:
        if end.code:
            raise
    return rates


MEASURES: dict[str, Callable[[int, float], list[float]]] = {
    "exchanges": exchanges,
    "pipelined": pipelined,
    "deferred": deferred,
}


if __name__ == "__main__":
    main()
