"""A board of alarms on a stream and a clock that the test holds."""

from __future__ import annotations

import json
from collections.abc import Sequence

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.alarms.board import AlarmBoard
from pychron_comms.alarms.notice import Notice
from pychron_comms.alarms.rule import Rule
from pychron_comms.interfaces import Severity
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import Event, StateStream
from tests.observability.state.test_stream import Recorder

GAUGE = "device/gc/IG"


def gauge(value: object = 1e-8, path: str = GAUGE, **more: object) -> Item:
    return Item(path=path, value=value, obtained=0.0, confirmed=0.0, unit="mbar", **more)  # type: ignore[arg-type]


def limit(**more: object) -> Rule:
    return Rule(name="IG", pattern=GAUGE, above=1e-6, **more)  # type: ignore[arg-type]


class BoardCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.journal = MemoryJournal(self.now)
        self.stream = StateStream("s1", self.now)
        self.told: list[tuple[Notice, Sequence[str] | None]] = []

    def now(self) -> float:
        return 1e9 + self.clock.seconds()

    def begin(self, *rules: Rule, items: Sequence[Item] = ()) -> AlarmBoard:
        for item in items:
            self.stream.publish(item)
        self.board = AlarmBoard(
            rules,
            self.stream,
            self.journal,
            clock=self.clock,
            now=self.now,
            metrics=self.metrics,
            tell=lambda notice, names: self.told.append((notice, names)),
        )
        self.board.start()
        self.clock.advance(0)
        self.recorder = Recorder()
        self.stream.subscribe(self.recorder)
        return self.board

    def show(self, *items: Item) -> None:
        for item in items:
            self.stream.publish(item)
        self.clock.advance(0)

    def lose(self, path: str = GAUGE, reason: str = "stale") -> None:
        item = self.stream.get(path)
        assert item is not None
        self.show(item.invalid(reason))

    def alarm(self, name: str = "IG") -> Item:
        item = self.stream.get(f"road/alarm/{name}")
        assert item is not None, [each.path for each in self.stream]
        return item

    def state(self, name: str = "IG") -> tuple[object, Severity, str]:
        """What its item says: its state, how it is now, the worst that nobody has seen."""
        item = self.alarm(name)
        return item.value, item.severity, str(item.details["latched"])

    def happened(self) -> list[str]:
        events = [each.what for each in self.recorder.changes]
        members = [each.members for each in events if isinstance(each, Event)]
        return [str(json.loads(f"{{{each}}}")["what"]) for each in members]

    def written(self) -> list[str]:
        return [str(each["what"]) for each in self.journal.records() if each["event"] == "alarm"]

    def notices(self) -> list[str]:
        return [notice.what for notice, _ in self.told]
