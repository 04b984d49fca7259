"""The systems that are measured beside each other: each is two processes with one hop between."""

from __future__ import annotations

import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from benchmarks import commands

#: Seconds that a process may take to start, and to end.
PATIENCE = 20.0
# And how often it is seen whether one answers by now: how long a start took is known so closely.
_OFTEN = 0.005

#: Arguments of Python that make it twistd.
TWISTD = ("-c", "from twisted.scripts.twistd import run; run()")
_RSS = re.compile(r"^Rss:\s+(\d+) kB$", re.MULTILINE)


class NotRunningError(Exception):
    """A system that does not start, or does not answer."""


class System(NamedTuple):
    """A running system: the TCP port of its front half, that process, and the other one.

    ``echo_port`` is where the type ``test`` is served; 0 where there is none.
    """

    port: int
    front: int
    back: int
    echo_port: int = 0

    def resident_bytes(self) -> int:
        """The memory that the front half occupies."""
        # Exact, unlike the counters of /proc/PID/statm.
        text = Path(f"/proc/{self.front}/smaps_rollup").read_text()
        found = _RSS.search(text)
        return int(found[1]) * 1024 if found else 0

    def cpu_seconds(self) -> float:
        """How long the front half has run on a processor."""
        return cpu_seconds(self.front)


def cpu_seconds(pid: int) -> float:
    """How long the threads of a process have run on a processor, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in tasks) / 1e9


def allow_many_sockets() -> None:
    """Raise the limit on open files, for this process and those that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def road(checkout: Path, journal: str = "", python: str = sys.executable) -> Iterator[System]:
    """The server and the processor of a checkout, as a laboratory starts them.

    ``journal`` is what its section says beside the folder, such as ``sync = true``; without it
    there is none. ``python`` is the interpreter that runs both.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, echo_port = free_ports(2)
        config = folder / "lab.toml"
        config.write_text(_configuration(folder, port, echo_port, journal))
        words = ("--config", str(config))
        back, front = (
            stack.enter_context(service(checkout, folder, name, *words, python=python))
            for name in ("pychron-processor", "pychron-server")
        )
        try:
            await_answer(port, b"GetValveState V0\r\n", b"False\r\n")
            await_answer(echo_port, b"Open A\r\n", b"Open A\r\n")
        except NotRunningError as error:
            logs = "\n".join(each.read_text()[-800:] for each in folder.glob("*.log"))
            raise NotRunningError(f"{error}\n{logs}") from None
        yield System(port, front.pid, back.pid, echo_port)


@contextmanager
def native_relay(program: Path) -> Iterator[System]:
    """Two hops in C that parse nothing, and answer all with ``OK``."""
    with ExitStack() as stack:
        path = f"{stack.enter_context(tempfile.TemporaryDirectory())}/hop"
        back = stack.enter_context(_held([str(program), "far", path, "OK"]))
        first_line(back)
        front = stack.enter_context(_held([str(program), "near", path]))
        yield System(int(first_line(front)), front.pid, back.pid)


@contextmanager
def twisted_relay(module: str) -> Iterator[System]:
    """Two hops on Twisted's reactor that parse nothing, and answer all with ``OK``."""
    command = [sys.executable, "-m", module]
    with ExitStack() as stack:
        path = f"{stack.enter_context(tempfile.TemporaryDirectory())}/hop"
        back = stack.enter_context(_held([*command, "back", path]))
        first_line(back)
        front = stack.enter_context(_held([*command, "front", path]))
        port = int(first_line(front))
        await_answer(port, b"Open A\r\n", b"OK\r\n")
        yield System(port, front.pid, back.pid)


def _configuration(folder: Path, port: int, echo_port: int, journal: str) -> str:
    listeners = "\n".join(
        f'[[server.listener]]\ntype = "{request_type}"\n'
        f'listen = ["tcp:{number}:interface=127.0.0.1"]\n'
        "connections = 10000\nconnections_per_host = 10000"
        for request_type, number in (("System", port), ("test", echo_port))
    )
    hop = f"unix:{folder}/hop"
    sections = [
        f'[server]\nprocessor = "{hop}"',
        listeners,
        f'[processor]\nlisten = ["{hop}"]',
        f'[journal]\nfile = "{folder}/journal.jsonl"\n{journal}' if journal else "",
        commands.LABORATORY,
    ]
    return "\n".join(sections)


@contextmanager
def service(
    checkout: Path,
    folder: Path,
    service: str,
    *words: str,
    twistd: Sequence[str] = TWISTD,
    python: str = sys.executable,
) -> Iterator[subprocess.Popen[bytes]]:
    """One of a checkout, as long as it is needed; its log is named after it."""
    log = folder / f"{service}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, *twistd, "-n", "--pidfile=", service, *words],
            cwd=checkout,
            env=_environment(checkout),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(checkout: Path) -> dict[str, str]:
    """As a laboratory has it: what is imported is compiled once, and not at each start."""
    found = {**os.environ, "PYTHONPATH": str(checkout)}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


@contextmanager
def _held(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its standard input does."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        try:
            yield process
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """What a process says first, which is where it listens. Raises NotRunningError."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(PATIENCE) else b""
    if not line:
        raise NotRunningError(f"{process.args!r} did not start")
    return line


def free_ports(count: int) -> list[int]:
    """Held all at once, so that none comes twice."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def await_answer(port: int, command: bytes, reply: bytes) -> None:
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 1.0) as sock:
                sock.sendall(command)
                if sock.recv(4096) == reply:
                    return
        except OSError:
            pass
        sleep(_OFTEN)
    raise NotRunningError(f"no answer to {command!r}")
