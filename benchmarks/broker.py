"""``python -m benchmarks.broker HOST:PORT``: the road by way of a broker that runs there.

Beside the direct road, and beside plain ping-pong of pika's at the same broker, in turns of one
run: once by the sort of queue that reads go by, and once by that which commands that act go by,
with what is made sure of before one of those is begun; and that once more, where who answers also
tells a log what others must hear of such a command. What acts is set beside both of these. Times
are of one command at a time: their medians, and the tenth part that was quickest, which others on
the computer slow down least. Rates are of sixteen under way. All are medians of the turns.
"""

from __future__ import annotations

import argparse
import re
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pika

from benchmarks.ping_pong import ACTING, READING, TELLING, ping_pong
from benchmarks.systems import NotRunningError, service

ROOT = Path(__file__).parent.parent

#: Seconds of each of so many commands, of which so many are under way at a time.
Ask = Callable[[int, int], list[float]]

_AT_ONCE = 16
_PATIENCE = 60.0


class Contender(NamedTuple):
    """``beside``: by their names, whose figures are one."""

    name: str
    ask: Ask
    beside: tuple[str, ...]


class Figures(NamedTuple):
    """``quick``: the time that one in ten commands did not take."""

    seconds: float
    quick: float
    rate: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.broker", description=__doc__)
    parser.add_argument("broker", metavar="HOST:PORT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=200, help="commands of each turn")
    arguments = parser.parse_args()
    host, _, port = arguments.broker.partition(":")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        contenders = list(_contenders(stack, Path(folder), host, int(port)))
        turns: dict[str, list[Figures]] = {each.name: [] for each in contenders}
        for _ in range(arguments.rounds):
            for each in contenders:
                turns[each.name].append(measured(each.ask, arguments.count))
    medians = {
        name: Figures(*map(statistics.median, zip(*each, strict=True)))
        for name, each in turns.items()
    }
    for each in contenders:
        own, bases = medians[each.name], [medians[name] for name in each.beside]
        slower = "".join(f" {own.seconds / base.seconds:5.2f}" for base in bases)
        quick = "".join(f" {own.quick / base.quick:5.2f}" for base in bases)
        faster = "".join(f" {own.rate / base.rate:5.2f}" for base in bases)
        print(
            f"{each.name:40} {own.seconds * 1e3:8.2f} ms{slower:12}"
            f" {own.quick * 1e3:8.2f} ms{quick:12}  {own.rate:7.0f}/s{faster}"
        )


def _contenders(stack: ExitStack, folder: Path, host: str, port: int) -> Iterator[Contender]:
    parameters = pika.ConnectionParameters(host, port, heartbeat=0)
    reading = "plain pika, by a classic queue"
    acting = "plain pika, written and acknowledged"
    telling = "plain pika, and told twice more"
    for name, kind in ((reading, READING), (acting, ACTING), (telling, TELLING)):
        yield Contender(name, stack.enter_context(ping_pong(parameters, kind)), (name,))
    hops = {"by the broker": f"amqp:{host}:{port}:set=benchmark", "direct": f"unix:{folder}/hop"}
    for name, hop in hops.items():
        ask = stack.enter_context(road(folder, hop))
        read, act = f"{name}, a read", f"{name}, what acts"
        yield Contender(read, ask("GetValveState A"), (reading,))
        yield Contender(act, ask("Open A"), (acting, telling))


def measured(ask: Ask, count: int) -> Figures:
    times = sorted(ask(count, 1))
    begun = time.perf_counter()
    ask(count, _AT_ONCE)
    rate = count / (time.perf_counter() - begun)
    return Figures(statistics.median(times), times[len(times) // 10], rate)


@contextmanager
def road(folder: Path, hop: str) -> Iterator[Callable[[str], Ask]]:
    """A server and a processor of the built-in laboratory, and one connection to them."""
    own = folder / str(len(list(folder.iterdir())))
    own.mkdir()
    listen = "System=tcp:0:interface=127.0.0.1"
    with (
        service(ROOT, own, "pychron-processor", f"--listen={hop}", "--http=off"),
        service(
            ROOT, own, "pychron-server", f"--processor={hop}", f"--listen={listen}", "--http=off"
        ),
    ):
        log = own / "pychron-server.log"
        port = int(found(log, r"for System starting on (\d+)")[1])
        found(log, "connected to the (owner|processor)")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield lambda command: asker(connection, command)


def asker(connection: socket.socket, command: str) -> Ask:
    """Who asks the same over and over."""
    lines = connection.makefile("rb")

    def ask(count: int, at_once: int) -> list[float]:
        sent: list[float] = []
        times = []

        def send() -> None:
            sent.append(time.perf_counter())
            connection.sendall(f"{command}\r".encode())

        for _ in range(at_once):
            send()
        for number in range(count):
            reply = lines.readline()
            if not reply or reply.startswith(b"ERROR"):
                raise NotRunningError(f"{command}: {reply!r}")
            times.append(time.perf_counter() - sent[number])
            if len(sent) < count:
                send()
        return times

    return ask


def found(log: Path, pattern: str) -> re.Match[str]:
    """What a service says when it is so far."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        match = re.search(pattern, log.read_text("utf-8"))
        if match is not None:
            return match
        time.sleep(0.05)
    raise NotRunningError(f"{log.name}: no {pattern} in {_PATIENCE:g} s")


if __name__ == "__main__":
    main()
