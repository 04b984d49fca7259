"""What happened to each part, one after another: what a timeline draws."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pychron_comms.journal.facts import FINE, Facts
from pychron_comms.journal.table import Entry

#: One number or several: a valve may be called E, or E1.
_ONE = r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?"
_NUMBER = re.compile(rf"{_ONE}(?:[,;]{_ONE})*")


class Span(NamedTuple):
    """From when to when, in seconds since 1970; ``text`` for a lease is its owner."""

    start: float
    end: float
    text: str = ""


@dataclass
class Lane:
    """One part. ``unknown``: begun, with no end in the journal, so that ``end`` is its begin."""

    name: str
    done: list[Span] = field(default_factory=list)
    failed: list[Span] = field(default_factory=list)
    refused: list[Span] = field(default_factory=list)
    unknown: list[Span] = field(default_factory=list)
    leases: list[Span] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """How much there is to see in it."""
        return len(self.done) + len(self.failed) + len(self.refused) + len(self.unknown)


@dataclass
class Timeline:
    """``lanes`` by name; ``marks``: when the processor started or stopped."""

    lanes: list[Lane]
    marks: list[Span]
    start: float
    end: float


def timeline(found: Iterable[Entry]) -> Timeline:
    """Errors: ValueError where there is nothing to draw."""
    maker = _Maker()
    for entry in found:
        maker.take(entry)
    return maker.made()


class _Maker:
    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._begun: dict[object, tuple[Lane, float]] = {}
        self._leases: dict[str, Span] = {}
        self._marks: list[Span] = []
        self._times: list[float] = []

    def take(self, entry: Entry) -> None:
        facts, at = entry.facts, entry.facts.at / 1e6
        self._times = [min([at, *self._times]), max([at, *self._times])]
        match facts.event:
            case "begin":
                self._begun[entry.values["n"]] = self._lane(facts), at
            case "end":
                self._begun.pop(entry.values.get("of"), None)
                self._end(facts, at)
            case "refused":
                self._lane(facts).refused.append(Span(at, at))
            case "start" | "stop":
                self._marks.append(Span(at, at, facts.event))
            case "claim":
                self._claim(entry, at)
            case "release" | "lapse" | "override":
                self._end_lease(facts, at)

    def made(self) -> Timeline:
        for lane, at in self._begun.values():
            lane.unknown.append(Span(at, at))
        for name, lease in self._leases.items():
            self._lanes[name].leases.append(lease)
        if not self._times:
            raise ValueError("there is nothing to draw: no such record")
        lanes = sorted(self._lanes.values(), key=lambda lane: lane.name)
        return Timeline(lanes, self._marks, *self._times)

    def _end(self, facts: Facts, at: float) -> None:
        lane = self._lane(facts)
        spans = lane.done if facts.code in (FINE, None) else lane.failed
        spans.append(Span(at - (facts.seconds or 0.0), at))

    def _claim(self, entry: Entry, at: float) -> None:
        lane = self._lane(entry.facts)
        before = self._leases.get(lane.name)
        # Older journals have the seconds.
        seconds = float(entry.values.get("seconds") or 0.0)
        until = float(entry.values.get("until") or at + seconds)
        renewed = before is not None and before.text == entry.facts.who and before.end >= at
        if before is not None and not renewed:
            lane.leases.append(before._replace(end=min(before.end, at)))
        start = before.start if before is not None and renewed else at
        self._leases[lane.name] = Span(start, until, entry.facts.who)

    def _end_lease(self, facts: Facts, at: float) -> None:
        lane = self._lane(facts)
        lease = self._leases.pop(lane.name, None)
        if lease is not None:
            lane.leases.append(lease._replace(end=min(lease.end, at)))

    def _lane(self, facts: Facts) -> Lane:
        # A number is where a part is sent to, and no part.
        target = "" if _NUMBER.fullmatch(facts.target) else facts.target
        name = ":".join(each for each in (facts.type, target) if each) or "-"
        return self._lanes.setdefault(name, Lane(name))
