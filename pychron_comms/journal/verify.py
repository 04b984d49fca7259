"""Finds what was altered, removed, inserted, moved or doubled in a journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pychron_comms.journal.chain import GENESIS, hash_of
from pychron_comms.journal.record import START, STOP, TAKEN_AWAY, TORN, Record, read_line

_RUNNING = frozenset({START, "begin"})
_BROKEN_OFF = (
    "a start after no stop: the process before was killed, or the disk did not take its last"
)
_TORN_END = "its last line has no end: cut off, or being written at this moment"


class Head(NamedTuple):
    """How far a journal goes: number and hash of its last record; zeros before the first."""

    number: int
    hash: str


class Finding(NamedTuple):
    """``line`` counts from 1; ``number`` is the record's, None for what is no record."""

    file: Path
    line: int
    number: int | None
    text: str

    def __str__(self) -> str:
        record = "" if self.number is None else f"record {self.number}: "
        return f"{self.file}:{self.line}: {record}{self.text}"


class Report(NamedTuple):
    """``findings`` show tampering. ``torn``: lines that a power loss left, which does not, and
    ``broken_off``: starts after no stop.

    ``fitting``: how many of the ``records`` have the right hash; 0 for another secret.
    """

    findings: Sequence[Finding]
    torn: Sequence[Finding]
    broken_off: Sequence[Finding]
    records: int
    fitting: int
    head: Head


def verify(paths: Iterable[Path], secret: bytes = b"", head: Head | None = None) -> Report:
    """Check the files of one journal, oldest first; ``head`` must be among them if it is given.

    Errors: OSError.
    """
    verifier = _Verifier(secret, head)
    for path in paths:
        verifier.read(path)
    return verifier.report()


class _Verifier:
    def __init__(self, secret: bytes, wanted: Head | None) -> None:
        self._secret = secret
        self._wanted = wanted
        self._findings: list[Finding] = []
        self._torn: list[Finding] = []
        self._broken_off: list[Finding] = []
        # Whether a process has begun, and not said that it stops.
        self._runs = False
        self._junk: list[tuple[Path, int, bytes]] = []
        self._file = Path()
        self._line = 0
        self._records = 0
        self._fitting = 0
        self._last = Head(0, GENESIS)
        # The last that fitted: after a record that does not, the true next one may still come.
        self._good = self._last

    def read(self, file: Path) -> None:
        self._file = file
        with file.open("rb") as lines:
            for self._line, line in enumerate(lines, 1):
                record = read_line(line.removesuffix(b"\n"))
                if record is None:
                    self._junk.append((file, self._line, line))
                else:
                    self._take(record)

    def report(self) -> Report:
        if self._junk and not self._junk[-1][2].endswith(b"\n"):
            file, line, _ = self._junk.pop()
            self._torn.append(Finding(file, line, None, _TORN_END))
        self._report_junk()
        if self._wanted is not None:
            self._find(None, _missing_head(self._wanted.number, self._last.number))
        return Report(
            self._findings,
            self._torn,
            self._broken_off,
            self._records,
            self._fitting,
            self._last,
        )

    def _take(self, record: Record) -> None:
        if self._explains_junk(record):
            self._junk.clear()
        self._report_junk()
        self._records += 1
        fault = self._fault(record)
        here = Head(record.number, record.hash)
        if not fault:
            self._fitting += 1
            self._good = here
        else:
            self._find(record.number, fault)
        # An old record that stands here again leads nowhere.
        if record.number >= self._good.number:
            self._last = here
        if record.values.get("lost") is True and record.after is not None:
            self._find(record.number, f"the file was {TAKEN_AWAY} while it was written")
        self._compare(record)
        self._follow(record)

    def _follow(self, record: Record) -> None:
        """Whether each process that wrote it has come to its end."""
        if record.event == START and self._runs:
            self._broken_off.append(Finding(self._file, self._line, record.number, _BROKEN_OFF))
        # The first file that is kept may begin anywhere.
        self._runs = record.event in _RUNNING or (self._runs and record.event != STOP)

    def _fault(self, record: Record) -> str:
        """Why it does not belong here; empty for a record that does."""
        number, last = record.number, self._last.number
        if self._follows(record, self._last) or self._follows(record, self._good):
            return ""
        if self._records == 1 and record.after is not None:
            # The files before it are no longer kept.
            return "" if self._fits(record, record.after) else "altered"
        if number == last + 1:
            return "altered, or the one before it was"
        if number > last:
            gone = f"record {number - 1}" if number == last + 2 else f"{last + 1} to {number - 1}"
            return f"removed or moved before it: {gone}"
        if record.hash in {self._last.hash, self._good.hash}:
            return "stands there twice"
        return f"inserted, doubled or moved: it stands after record {last}"

    def _follows(self, record: Record, before: Head) -> bool:
        return record.number == before.number + 1 and self._fits(record, before.hash)

    def _fits(self, record: Record, before: str) -> bool:
        return record.hash == hash_of(record.body, before, self._secret)

    def _explains_junk(self, record: Record) -> bool:
        """Whether it tells of just the torn lines that stand before it."""
        lines = [line.removesuffix(b"\n") for _, _, line in self._junk]
        if record.event != TORN or not lines:
            return False
        whole = b"\n".join(lines)
        told = [record.values.get(key) for key in ("lines", "length", "sha256")]
        if told != [len(lines), len(whole), hashlib.sha256(whole).hexdigest()]:
            return False
        text = f"torn, as record {record.number} says"
        self._torn += [Finding(file, line, None, text) for file, line, _ in self._junk]
        return True

    def _report_junk(self) -> None:
        for file, line, _ in self._junk:
            self._findings.append(Finding(file, line, None, "altered or inserted: no record"))
        self._junk.clear()

    def _compare(self, record: Record) -> None:
        if self._wanted is None or record.number != self._wanted.number:
            return
        if record.hash != self._wanted.hash:
            self._find(record.number, "another hash than the head has: written anew")
        self._wanted = None

    def _find(self, number: int | None, text: str) -> None:
        self._findings.append(Finding(self._file, self._line, number, text))


def _missing_head(wanted: int, last: int) -> str:
    if wanted > last:
        return f"the end is missing: it stops at record {last}, and went to {wanted} at least"
    return f"record {wanted}, the head, is not there: removed, or in a file no longer kept"
