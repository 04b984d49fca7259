"""Starts and ends the two processes of a system under measurement."""

from __future__ import annotations

import re
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from benchmarks.load import LoadError, answers

#: Seconds that a process may take to start, and to end.
PATIENCE = 20.0

_RSS = re.compile(r"^Rss:\s+(\d+) kB$", re.MULTILINE)


class System(NamedTuple):
    """A running system: the TCP port of its front half, and that process."""

    port: int
    front: int

    def resident_bytes(self) -> int:
        """The memory that the front half occupies."""
        # Exact, unlike the counters of /proc/PID/statm.
        text = Path(f"/proc/{self.front}/smaps_rollup").read_text()
        found = _RSS.search(text)
        return int(found[1]) * 1024 if found else 0


@contextmanager
def running(name: str) -> Iterator[System]:
    """The system whose halves are in the module ``benchmarks.NAME``."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        path = f"{folder}/hop"
        back = stack.enter_context(_half(name, "back", path))
        _first_line(back)
        front = stack.enter_context(_half(name, "front", path))
        port = int(_first_line(front))
        _await_answer(port)
        yield System(port, front.pid)


@contextmanager
def _half(name: str, half: str, path: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{name}", half, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            yield process
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(PATIENCE) else b""
    if not line:
        raise LoadError(f"{process.args!r} did not start")
    return line


def _await_answer(port: int) -> None:
    deadline = monotonic() + PATIENCE
    while not answers(port):
        if monotonic() > deadline:
            raise LoadError("no answer from the far half")
        sleep(0.05)
