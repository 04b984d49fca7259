"""What real hardware obeyed, and who owned it meanwhile, as the record of a place tells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pychron_comms.broker.ownership import SAFE as SAFE_FOR
from tests.faults.model.bench import SAFE


class Told(NamedTuple):
    """That the hardware was told of a command, by which process, and when.

    ``let``: when the fence had let it pass.
    """

    word: str
    device: str
    number: str
    process: int
    at: float
    let: float


class Change(NamedTuple):
    """That a process, from ``at`` on, owned the hardware until then, to its knowledge."""

    at: float
    until: float


class Ownership:
    """One epoch of one process: from its claim until nothing of it passes any more."""

    def __init__(self, process: int, epoch: str) -> None:
        self.process = process
        self.epoch = epoch
        self.changes: list[Change] = []

    @property
    def begin(self) -> float:
        return self.changes[0].at

    @property
    def end(self) -> float:
        return max(each.until for each in self.changes) + SAFE_FOR

    def lets_pass(self, told: Told, at: float) -> bool:
        """Whether it could act at that moment, for all that was known then."""
        known = [each for each in self.changes if each.at <= at]
        more = SAFE_FOR if told.word in SAFE else 0.0
        return bool(known) and at < max(each.until for each in known) + more

    def __repr__(self) -> str:
        return f"{self.epoch} of {self.process} {self.begin:.3f} - {self.end:.3f}"


class Seen:
    """Reads on in the file whenever it is asked to ``look``. ``claimed`` hears of each ownership in
    the moment in which it is read."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._read_to = 0
        self.told: list[Told] = []
        self.actuated: Counter[str] = Counter()
        self.ownerships: list[Ownership] = []
        self.claimed: Callable[[Ownership], object] = lambda ownership: None

    def look(self) -> None:
        with self._record.open("rb") as record:
            record.seek(self._read_to)
            data = record.read()
        whole, newline, _ = data.rpartition(b"\n")
        self._read_to += len(whole) + len(newline)
        for line in whole.splitlines():
            self._take(json.loads(line))

    @property
    def owner(self) -> int | None:
        """The process that claimed the hardware last."""
        return self.ownerships[-1].process if self.ownerships else None

    def rivals(self) -> Iterator[tuple[Ownership, Ownership]]:
        """Pairs of which both owned the hardware at one instant."""
        last: Ownership | None = None
        for each in sorted(self.ownerships, key=lambda each: each.begin):
            if last is not None and each.process != last.process and each.begin < last.end:
                yield last, each
            if last is None or each.end > last.end:
                last = each

    def trespasses(self) -> Iterator[Told]:
        """What the hardware was told by one that did not own it."""
        for told in self.told:
            own = [each for each in self.ownerships if each.process == told.process]
            if not any(each.lets_pass(told, told.at) for each in own):
                yield told

    def was_let_pass(self, told: Told) -> bool:
        """Whether its process owned the hardware when the fence was asked."""
        return any(
            each.process == told.process and each.lets_pass(told, told.let)
            for each in self.ownerships
        )

    def _take(self, line: dict[str, Any]) -> None:
        what = line.pop("what")
        if what == "told":
            told = Told(**line)
            self.told.append(told)
            self.actuated[told.number] += 1
        else:
            self._fence_changed(line)

    def _fence_changed(self, line: dict[str, Any]) -> None:
        process, epoch = line["process"], line["epoch"]
        change = Change(line["at"], line["until"])
        if line["change"] == "open":
            self.ownerships.append(Ownership(process, epoch))
            self.ownerships[-1].changes.append(change)
            self.claimed(self.ownerships[-1])
            return
        for each in self.ownerships:
            if (each.process, each.epoch) == (process, epoch):
                each.changes.append(change)
