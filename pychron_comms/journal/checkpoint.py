"""What must outlive the files that are dropped, and from where a start has to read.

A checkpoint stands in the chain as any record does: some records ``carried``, each with a group of
what the parts of the processor must know again, and one ``checkpoint``, which says after which
record (``since``) all this was so. Others may stand between them, so that nobody has to wait until
much is carried over. Without that last one it was cut short, and an older one counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

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
    time_text,
)

#: Tells what must be known again after a start: records, each with its ``event``. They are taken
#: bit by bit, while others are written.
Carrier = Callable[[], Iterable[Mapping[str, Any]]]

_GROUP = 100
# A start decodes many: ``json.loads`` looks twice at each.
_decode = json.JSONDecoder().raw_decode
_WINDOW = 1 << 20
# No text that a client sent holds it: there the quotes are escaped.
_MARK = b'"event":"checkpoint"'
_CARRIED = b'"event":"carried"'
_HEAD = 80
_PASSED_OVER = frozenset({CONTINUED, TORN, CHECKPOINT, REFUSED})


def checkpoint(
    now: Callable[[], float], since: int, carriers: Sequence[Carrier]
) -> Iterator[Event]:
    """The records of one, bit by bit; ``since`` is the number of the last before it.

    Errors: what the carriers raise; ValueError, TypeError for what JSON cannot say.
    """
    # All are asked now; what they give is of this moment, or told by what is written after it too.
    return _groups(now, since, chain(*[carrier() for carrier in carriers]))


def _groups(
    now: Callable[[], float], since: int, records: Iterator[Mapping[str, Any]]
) -> Iterator[Event]:
    while group := list(islice(records, _GROUP)):
        yield event_of(time_text(now()), CARRIED, {"records": group})
    yield event_of(time_text(now()), CHECKPOINT, {"since": since})


def is_last(event: Event) -> bool:
    """Whether it ends a checkpoint."""
    return _MARK in event[:_HEAD]


class Place(NamedTuple):
    """Where a whole checkpoint stands in its file: from its first byte to its last record."""

    start: int
    end: int


def find_checkpoint(file: Path) -> Place | None:
    """The newest whole one. Errors: OSError."""
    with file.open("rb") as data:
        end = data.seek(0, os.SEEK_END)
        while (end := _find_back(data, _MARK, end)) >= 0:
            place = _place(data, end)
            if place is not None:
                return place
    return None


def recall(path: Path, since: str) -> Iterator[Mapping[str, Any]]:
    """What was carried over last, and what was written after it; no refusals. Errors: OSError.

    ``since``: only those of that time and later, as records write it; what was carried over counts
    as written then.
    """
    files = journal_files(path)
    for index in reversed(range(len(files))):
        place = find_checkpoint(files[index])
        if place is not None:
            break
    else:
        found = read_records(path, since)
        yield from (each.values for each in found if each.event not in _PASSED_OVER)
        return
    yield from _carried(files[index], place)
    start = place.start
    for file in files[index:]:
        yield from _written(file, start, since.encode())
        start = 0


def _carried(file: Path, place: Place) -> Iterator[Mapping[str, Any]]:
    with file.open("rb") as data:
        data.seek(place.start)
        at = place.start
        for line in data:
            at += len(line)
            if at > place.end:
                return
            if _CARRIED in line[:_HEAD] and (values := _parsed(line)) is not None:
                yield from values["records"]


def _written(file: Path, start: int, since: bytes) -> Iterator[Mapping[str, Any]]:
    with file.open("rb") as data:
        data.seek(start)
        for line in data:
            if since:
                if line[slice(*time_in(line))] < since:
                    continue
                since = b""  # all behind it are younger
            if _CARRIED in line[:_HEAD]:
                continue
            values = _parsed(line)
            if values is not None and values["event"] not in _PASSED_OVER:
                yield values


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    """None for a torn line."""
    try:
        values, _ = _decode(line.decode())
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) and "event" in values else None


def _place(data: BinaryIO, mark: int) -> Place | None:
    """Of the checkpoint whose last record has its event there; None where it is not whole."""
    end = _find_back(data, b"\n", mark) + 1
    data.seek(end)
    record = read_line(data.readline().removesuffix(b"\n"))
    if record is None or record.event != CHECKPOINT:
        return None
    since = record.values.get("since")
    if not isinstance(since, int) or not 0 < since < record.number:
        return None
    wanted = b'\n{"n":%d,' % (since + 1)
    # The record that the mark is in may be the first itself.
    first = _find_back(data, wanted, end - 1 + len(wanted))
    return Place(first + 1, end) if first >= 0 else None


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
