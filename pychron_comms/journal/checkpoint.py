"""What must outlive the files that are dropped, and from where a start has to read.

A checkpoint stands in the chain as any record does: some records ``carried``, each with a group of
what the parts of the processor must know again, and one ``checkpoint``, which says how many of them
stand before it. Without that last one it was cut short, and an older one counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from pychron_comms.journal.files import journal_files, read_records, time_in
from pychron_comms.journal.record import (
    CARRIED,
    CHECKPOINT,
    CONTINUED,
    REFUSED,
    TORN,
    Event,
    event_of,
    read_line,
)

#: Tells what must be known again after a start: records, each with its ``event``.
Carrier = Callable[[], Iterable[Mapping[str, Any]]]

_GROUP = 250
_WINDOW = 1 << 20
# No text that a client sent holds it: there the quotes are escaped.
_MARK = b'"event":"checkpoint"'
_CARRIED = b'"event":"carried"'
_HEAD = 80
_PASSED_OVER = frozenset({CONTINUED, TORN, CHECKPOINT, REFUSED})


def checkpoint(at: float, carriers: Sequence[Carrier]) -> Iterator[Event]:
    """Errors: what the carriers raise; ValueError, TypeError for what JSON cannot say."""
    records = chain.from_iterable(carrier() for carrier in carriers)
    groups = 0
    while group := list(islice(records, _GROUP)):
        groups += 1
        yield event_of(at, CARRIED, {"records": group})
    yield event_of(at, CHECKPOINT, {"carried": groups})


def find_checkpoint(file: Path) -> int | None:
    """At which byte the newest whole one begins. Errors: OSError."""
    with file.open("rb") as data:
        end = data.seek(0, os.SEEK_END)
        while (end := _find_back(data, _MARK, end)) >= 0:
            start = _beginning(data, end)
            if start is not None:
                return start
    return None


def recall(path: Path, since: str = "") -> Iterator[Mapping[str, Any]]:
    """What was carried over last, and what was written after it; no refusals. Errors: OSError.

    ``since``: only those of that time and later, as records write it; what was carried over counts
    as written then.
    """
    files = journal_files(path)
    for index in reversed(range(len(files))):
        start = find_checkpoint(files[index])
        if start is not None:
            break
    else:
        found = read_records(path, since)
        yield from (each.values for each in found if each.event not in _PASSED_OVER)
        return
    for file in files[index:]:
        yield from _recalled(file, start, since.encode())
        start = 0


def _recalled(file: Path, start: int, since: bytes) -> Iterator[Mapping[str, Any]]:
    with file.open("rb") as data:
        data.seek(start)
        for line in data:
            if line[slice(*time_in(line))] < since and _CARRIED not in line[:_HEAD]:
                continue
            try:
                values = json.loads(line)
                event = values["event"]
            except (ValueError, RecursionError, TypeError, KeyError):
                continue  # a torn line
            if event == CARRIED:
                yield from values["records"]
            elif event not in _PASSED_OVER:
                yield values


def _beginning(data: BinaryIO, mark: int) -> int | None:
    """Of the checkpoint whose last record has its event there; None where it is not whole."""
    start = _find_back(data, b"\n", mark) + 1
    data.seek(start)
    record = read_line(data.readline().removesuffix(b"\n"))
    if record is None or record.event != CHECKPOINT:
        return None
    carried = record.values.get("carried")
    if not isinstance(carried, int) or not 0 <= carried < record.number:
        return None
    if not carried:
        return start
    first = _find_back(data, b'\n{"n":%d,' % (record.number - carried), start)
    return first + 1 if first >= 0 else None


def _find_back(data: BinaryIO, wanted: bytes, end: int) -> int:
    """Where it stands last before ``end``; -1 where it does not."""
    while end >= len(wanted):
        start = max(end - _WINDOW, 0)
        data.seek(start)
        found = data.read(end - start).rfind(wanted)
        if found >= 0:
            return start + found
        if not start:
            break
        # It may lie across the border.
        end = start + len(wanted) - 1
    return -1
