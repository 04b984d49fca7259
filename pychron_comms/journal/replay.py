"""``pychron-journal replay``: ask a simulated laboratory the same again, and compare the replies.

It starts a processor with the built-in laboratory, which has no hardware, in a folder of its own.
No other can be named: what was asked in a night must not happen to real valves once more.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pychron_comms.journal.asking import FINE, Subcommands, add_options, find, wanted
from pychron_comms.journal.table import Entry, counted, printable

DIFFERENT = 1

# Seconds until it is there, and until it has replied.
_PATIENCE = 30.0
_PROCESSOR = (sys.executable, "-m", "twisted", "pychron-processor", "--http=off", "--listen")


def add_to(below: Subcommands) -> None:
    """The subcommand."""
    replay = below.add_parser("replay", help="ask a simulated laboratory the same, compare replies")
    add_options(replay)
    replay.set_defaults(run=_replay)


def _replay(given: argparse.Namespace, out: TextIO) -> int:
    asked, _ = wanted(given)
    if not hasattr(socket, "AF_UNIX"):
        raise ValueError("replay needs unix sockets, which this system has not")
    count = different = 0
    with _laboratory() as laboratory:
        for entry in _ended(find(given.file, asked)):
            reply = laboratory.ask(f"{entry.facts.type}|{entry.about['command']}")
            count += 1
            if reply != entry.about["reply"]:
                different += 1
                out.write(_difference(entry, reply) + "\n")
    differ = "1 reply differs" if different == 1 else f"{different} replies differ"
    out.write(f"{given.file}: {counted(count, 'command')}, {differ}\n")
    return DIFFERENT if different else FINE


def _ended(found: Iterable[Entry]) -> list[Entry]:
    """Commands that were run and have their reply, in the order in which they began."""
    ended = (entry for entry in found if entry.facts.event == "end" and _can_be_asked(entry))
    return sorted(ended, key=lambda entry: int(entry.values.get("of", 0)))


def _can_be_asked(entry: Entry) -> bool:
    """Whether all of it is known, and on one line."""
    command = str(entry.about.get("command") or "")
    return bool(entry.facts.type and command and command.isprintable())


def _difference(entry: Entry, reply: str) -> str:
    asked = f"{entry.facts.type}|{entry.about['command']}"
    then = entry.about["reply"]
    return printable(f"record {entry.about['n']}: {asked}: it was {then!r}, it is {reply!r}")


class _Laboratory:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._replies = connection.makefile("r", encoding="utf-8", newline="\r\n")

    def ask(self, line: str) -> str:
        self._connection.sendall(line.encode() + b"\r\n")
        return self._replies.readline().removesuffix("\r\n")

    def close(self) -> None:
        self._replies.close()


@contextmanager
def _laboratory() -> Iterator[_Laboratory]:
    """Errors: ValueError where it does not start."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        place = Path(folder) / "socket"
        with subprocess.Popen(
            [*_PROCESSOR, f"unix:{place}"], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        ) as processor:
            try:
                with _connected(place, processor) as connection:
                    laboratory = _Laboratory(connection)
                    yield laboratory
                    laboratory.close()
            finally:
                processor.kill()


def _connected(place: Path, processor: subprocess.Popen[bytes]) -> socket.socket:
    late = time.monotonic() + _PATIENCE
    while processor.poll() is None and time.monotonic() < late:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_PATIENCE)
        try:
            connection.connect(str(place))
        except OSError:
            connection.close()
            time.sleep(0.05)
        else:
            return connection
    raise ValueError("the simulated laboratory did not start")
