"""``python -m benchmarks.journal FOLDER``: what a record costs, and a start after a full day.

FOLDER stands for the disk that is measured; it needs 700 MB, and is emptied afterwards.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.syncing import SyncThread, Turns

#: As many keys as the processor remembers at most.
KEYS = 100_000
IN_FLIGHT = 64
RECORDS = 20_000


class Keys:
    """A memory of keys, as the processor has one."""

    def __init__(self) -> None:
        self.known: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def carried(self) -> Iterator[Mapping[str, Any]]:
        # Taken bit by bit, while others are written.
        return iter(list(self.known.values()))

    def done(self, request: Mapping[str, Any], reply: str) -> None:
        self.known[request["key"]] = {"event": "key", **request, "reply": reply}
        while len(self.known) > KEYS:
            self.known.popitem(last=False)

    def recall(self, records: Iterator[Mapping[str, Any]]) -> None:
        begun: dict[int, Mapping[str, Any]] = {}
        for record in records:
            event = record["event"]
            if event == "begin":
                begun[record["n"]] = record
            elif event == "end":
                self.done(begun.pop(record["of"], record), record["reply"])
            elif event == "key":
                self.done(record, record["reply"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journal", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--start", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.start:
        _start(arguments.folder)
        return
    for name, options in (
        ("as it comes", {}),
        ("with a secret", {"secret": b"open sesame"}),
        ("with sync", {"sync": True}),
    ):
        _tell(f"a record, {name}", _each(arguments.folder, options), "us")
    _tell(f"a record, with sync, {IN_FLIGHT} at a time", _grouped(arguments.folder), "us")
    _limits(arguments.folder)


def _each(folder: Path, options: Mapping[str, Any]) -> float:
    count = RECORDS // 10 if "sync" in options else RECORDS
    with tempfile.TemporaryDirectory(dir=folder) as place:
        journal = FileJournal(Path(place) / "lab.journal", **options)
        seconds = _timed(lambda: [journal.write("begin", request(n)) for n in range(count)])
        journal.close()
    return seconds / count * 1e6


def _grouped(folder: Path) -> float:
    later: list[Callable[[], None]] = []
    called: SimpleQueue[Callable[[], None]] = SimpleQueue()
    told: list[object] = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        turns_of = Turns(later.append, SyncThread(called.put))
        journal = FileJournal(Path(place) / "lab.journal", sync=True, turns=turns_of)

        def turns() -> None:
            for turn in range(RECORDS // IN_FLIGHT):
                for each in range(IN_FLIGHT):
                    journal.write_soon("begin", request(turn * IN_FLIGHT + each), told.append)
                later.pop()()
                called.get()()

        seconds = _timed(turns)
        journal.close()
    return seconds / RECORDS * 1e6


def _limits(folder: Path) -> None:
    """As much as a journal may ever hold, each command with a key."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "lab.journal"
        journal, keys = FileJournal(path), Keys()
        journal.carry(keys.carried)
        longest, number = 0.0, 0
        while len(list(path.parent.iterdir())) < 13 or path.stat().st_size < 49_000_000:
            for _ in range(1000):
                number += 1
                begun = time.perf_counter()
                of = journal.write("begin", request(number))
                longest = max(longest, time.perf_counter() - begun)
                journal.write("end", {"of": of, "reply": "OK"})
                keys.done(request(number), "OK")
        journal.close()
        _tell("commands in a journal at its limits", number, "")
        _tell("turning over, longest, 100,000 keys", longest * 1e3, "ms")
        sys.stdout.flush()
        subprocess.run([sys.executable, "-m", "benchmarks.journal", "--start", path], check=True)


def _start(path: Path) -> None:
    before = _peak()
    begun = time.perf_counter()
    journal, keys = FileJournal(path), Keys()
    keys.recall(journal.recall())
    _tell(f"a start that knows {len(keys.known)} keys", time.perf_counter() - begun, "s")
    _tell("memory at its peak, more than before it", _peak() - before, "MiB")
    journal.close()


def request(number: int) -> dict[str, str]:
    """A command as most are."""
    return {
        "type": "System",
        "command": "Open A",
        "sender": "10.0.0.5",
        "key": f"a81c-{number}",
    }


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _tell(what: str, value: float, unit: str) -> None:
    print(f"{what:<48} {value:>10,.1f} {unit}".rstrip())


if __name__ == "__main__":
    main()
