"""``python -m benchmarks.broker HOST:PORT``: the road by way of a broker that runs there.

Beside the direct road, and beside plain ping-pong of pika's at the same broker, in turns of one
run.
One client, one command at a time; the times are medians of all turns.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pika

Ask = Callable[[str], object]

_TWISTD = Path(sys.executable).with_name("twistd")
_QUEUE = "benchmark.ping"
_PATIENCE = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.broker", description=__doc__)
    parser.add_argument("broker", metavar="HOST:PORT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=200, help="commands of each turn")
    arguments = parser.parse_args()
    host, _, port = arguments.broker.partition(":")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        by_broker = stack.enter_context(road(Path(folder), f"amqp:{host}:{port}:set=benchmark"))
        direct = stack.enter_context(road(Path(folder), f"unix:{folder}/hop"))
        ping = stack.enter_context(ping_pong(host, int(port)))
        contenders: dict[str, tuple[Ask, str]] = {
            "plain pika, there and back": (ping, "ping"),
            "by the broker, a read": (by_broker, "GetValveState A"),
            "by the broker, what acts": (by_broker, "SetError e"),
            "direct, a read": (direct, "GetValveState A"),
            "direct, what acts": (direct, "SetError e"),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(arguments.rounds):
            for name, (ask, command) in contenders.items():
                times[name] += measured(ask, command, arguments.count)
    base = statistics.median(times["plain pika, there and back"])
    for name, each in times.items():
        median = statistics.median(each)
        print(f"{name:28} {median * 1e3:8.2f} ms  {median / base:5.2f} of plain pika")


def measured(ask: Ask, command: str, count: int) -> Iterator[float]:
    """Seconds of each asking."""
    for _ in range(count):
        begun = time.perf_counter()
        ask(command)
        yield time.perf_counter() - begun


@contextmanager
def road(folder: Path, hop: str) -> Iterator[Ask]:
    """A server and a processor of the built-in laboratory, and one connection to them."""
    listen = "System=tcp:0:interface=127.0.0.1"
    with (
        running(folder, "pychron-processor", f"--listen={hop}", "--http=off"),
        running(
            folder, "pychron-server", f"--processor={hop}", f"--listen={listen}", "--http=off"
        ) as log,
    ):
        port = int(found(log, r"for System starting on (\d+)")[1])
        found(log, "connected to the (owner|processor)")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            lines = connection.makefile("rb")

            def ask(command: str) -> object:
                connection.sendall(f"{command}\r".encode())
                return lines.readline()

            yield ask


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Path]:
    """A service, as long as it is needed; its log."""
    log = folder / f"{words[0]}-{len(list(folder.iterdir()))}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [_TWISTD, "-n", "--pidfile=", *words], cwd=folder, stdout=output, stderr=output
        ) as service,
    ):
        try:
            yield log
        finally:
            service.terminate()


def found(log: Path, pattern: str) -> re.Match[str]:
    """What a service says when it is so far."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        match = re.search(pattern, log.read_text("utf-8"))
        if match is not None:
            return match
        time.sleep(0.05)
    raise SystemExit(f"{log.name}: no {pattern} in {_PATIENCE:g} s")


@contextmanager
def ping_pong(host: str, port: int) -> Iterator[Ask]:
    """Somebody who answers by a queue of his own, and who asks him; both wait as pika does."""
    answering = multiprocessing.Process(target=answer, args=(host, port), daemon=True)
    answering.start()
    with pika.BlockingConnection(pika.ConnectionParameters(host, port)) as connection:
        channel = connection.channel()
        channel.queue_declare(_QUEUE, auto_delete=True)
        replies = channel.queue_declare("", exclusive=True).method.queue
        came = channel.consume(replies, auto_ack=True)
        properties = pika.BasicProperties(reply_to=replies)

        def ask(command: str) -> object:
            channel.basic_publish("", _QUEUE, command.encode(), properties)
            return next(came)

        yield ask
        channel.cancel()
    answering.terminate()
    answering.join()


def answer(host: str, port: int) -> None:
    """Until it is ended."""
    channel = pika.BlockingConnection(pika.ConnectionParameters(host, port)).channel()
    channel.queue_declare(_QUEUE, auto_delete=True)

    def reply(channel: pika.channel.Channel, method: object, asked: object, body: bytes) -> None:
        channel.basic_publish("", asked.reply_to, body)  # type: ignore[attr-defined]

    channel.basic_consume(_QUEUE, reply, auto_ack=True)
    channel.start_consuming()


if __name__ == "__main__":
    main()
