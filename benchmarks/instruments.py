"""``python -m benchmarks.instruments``: 64 polled instruments on one processor, and one that hangs.

One processor polls 64 gauges of 64 connections ten times a second each, and one more that answers
for some seconds, then hangs, and so in turn. What the processor costs is its share of a core; what
the hanging one does to the others is how late they are asked with it and without. Every answer
brings another value. On a busy machine lateness says more of the machine: so it is also measured
for how long at once a processor is busy with one that hangs, during which all others would wait.
"""

from __future__ import annotations

import argparse
import itertools
import selectors
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.systems import TWISTD, NotRunningError, cpu_seconds, service
from benchmarks.turns import taken

ROOT = Path(__file__).parent.parent

INSTRUMENTS = 64
EVERY = 0.1

#: Seconds that the last one answers, or hangs, before it is the other's turn.
TURN = 4.0

_DESCRIPTION = f"""
title = "A gauge"
source = "benchmarks"
[wire]
link = "tcp://127.0.0.1:1"
line = "<CR><LF>"
first_byte = 0.5
late = 0.5
[item.gauge]
kind = "gauge"
[item.gauge.read.pressure]
send = "PR1?"
take = "0,{{value:+.4E}}"
unit = "mbar"
every = {EVERY}
"""

#: How an instrument hangs: what it says instead of an answer.
HANGS = {"silent": b"", "endless": b"1" * 65536, "babbling": b"\r\n" * 32768}


class _Instrument:
    """Answers ``PR1?``, and keeps how late each question came after the one before."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        #: For questions while the last one answered, and while it hung: seconds.
        self.late: tuple[list[float], list[float]] = ([], [])
        self._answered = 0.0
        self._count = 0

    def question(self, sock: socket.socket, hung: bool) -> bool:
        """False where the connection has ended."""
        try:
            if not sock.recv(4096):
                return False
        except OSError:
            return False
        now = time.perf_counter()
        if self._answered:
            self.late[hung].append(now - self._answered - EVERY)
        self._count += 1
        sock.sendall(b"0,%+.4E\r\n" % (1e-9 * (1 + self._count % 1000)))
        self._answered = time.perf_counter()
        return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instruments", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    arguments = parser.parse_args()
    try:
        for hang in HANGS:
            seconds = arguments.seconds / len(HANGS) / 2
            for line in itertools.chain(measured(seconds, hang), held_up(seconds, hang)):
                print(line, flush=True)
    except (NotRunningError, OSError) as error:
        raise SystemExit(f"benchmarks: {error}") from None


def measured(seconds: float, hang: str) -> Iterator[str]:
    """What it costs, and how late the others are asked."""
    instruments = [_Instrument() for _ in range(INSTRUMENTS + 1)]
    with processor(instruments) as process:
        bench = _Bench(instruments, hang)
        bench.serve(TURN)
        for each in instruments:
            each.late[0].clear()
            each.late[1].clear()
        begun, before = time.perf_counter(), cpu_seconds(process.pid)
        bench.serve(seconds)
        share = (cpu_seconds(process.pid) - before) / (time.perf_counter() - begun)
    sides = [[each.late[side] for each in instruments[:-1]] for side in (0, 1)]
    rate = sum(len(late) for side in sides for late in side) / seconds
    yield f"{INSTRUMENTS} instruments, {rate:.0f} questions/s: {100 * share:.1f} % of a core"
    answering, hung = ([*itertools.chain(*side)] for side in sides)
    if len(answering) < INSTRUMENTS or len(hung) < INSTRUMENTS:
        raise NotRunningError("the instruments were not polled")
    for name, at in (("p50", 49), ("p99", 98)):
        alone, beside = (statistics.quantiles(each, n=100)[at] * 1e3 for each in (answering, hung))
        yield (
            f"asked late, {name}: {alone:.2f} ms; while one more is {hang}: {beside:.2f} ms, "
            f"{beside - alone:+.2f} ms"
        )


def held_up(seconds: float, hang: str) -> Iterator[str]:
    """For how long a processor that has nothing else does one thing, and so nothing for others."""
    instrument = _Instrument()
    bench = _Bench([instrument], hang)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "took"
        with processor([instrument], "-m", "benchmarks.turns", str(file)):
            bench.serve(TURN)
            begun = time.perf_counter()
            bench.serve(seconds)
            ended = time.perf_counter()
        took = sorted(each.seconds * 1e3 for each in taken(file) if begun <= each.began < ended)
    if len(took) < INSTRUMENTS:
        raise NotRunningError("the instrument was not polled")
    yield (
        f"held up by one that is {hang}: {statistics.median(took):.2f} ms in the median, "
        f"{took[-len(took) // 100]:.2f} ms in the 99th percentile, at most {took[-1]:.2f} ms"
    )


@contextmanager
def processor(instruments: list[_Instrument], *twistd: str) -> Iterator[subprocess.Popen[bytes]]:
    """A processor that polls them; ``twistd`` runs it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "gauge.toml").write_text(_DESCRIPTION)
        config = folder / "lab.toml"
        config.write_text(_laboratory(folder, [each.port for each in instruments]))
        with service(
            ROOT, folder, "pychron-processor", f"--config={config}", twistd=twistd or TWISTD
        ) as process:
            yield process


class _Bench:
    """All instruments, in this process."""

    def __init__(self, instruments: list[_Instrument], hang: str) -> None:
        self._last = instruments[-1]
        self._hang = hang
        self._hung = False
        self._selector = selectors.DefaultSelector()
        for each in instruments:
            self._selector.register(each.listening, selectors.EVENT_READ, each)

    def serve(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        turn = time.perf_counter() + TURN
        while (now := time.perf_counter()) < end:
            if now >= turn:
                self._hung, turn = not self._hung, now + TURN
            for key, _ in self._selector.select(0.05):
                self._ready(key.fileobj, key.data)

    def _ready(self, sock: object, instrument: _Instrument) -> None:
        assert isinstance(sock, socket.socket)
        if sock is instrument.listening:
            connection, _ = sock.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ, instrument)
        elif self._hung and instrument is self._last:
            self._hang_up(sock)
        elif not instrument.question(sock, self._hung):
            self._end(sock)

    def _hang_up(self, sock: socket.socket) -> None:
        """It has taken the question, and does not answer, or does not come to an end."""
        try:
            if not sock.recv(4096):
                self._end(sock)
                return
            sock.send(HANGS[self._hang], socket.MSG_DONTWAIT)
        except OSError:
            self._end(sock)

    def _end(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)
        sock.close()


def _laboratory(folder: Path, ports: list[int]) -> str:
    parts = [f'[processor]\nlisten = ["unix:{folder}/hop"]']
    for number, port in enumerate(ports):
        parts += (
            f'[instrument.g{number}]\ndescription = "{folder}/gauge.toml"',
            f'link = "tcp://127.0.0.1:{port}"',
            f'[[device]]\nname = "d{number}"\nkind = "gauges"',
            f'gauges = {{ IG = "g{number}.gauge" }}',
        )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
