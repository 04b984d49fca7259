"""What is recorded of the stream, where the gaps are, and what a disk that fails does not stop."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.history import recorder as module
from pychron_comms.history.recorder import FORGET_EVERY, JUMP, LAST, Earlier, HistoryRecorder
from pychron_comms.history.settings import HistorySettings
from pychron_comms.history.store import HistoryStore, Point
from pychron_comms.interfaces import Severity
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream

GAUGE = "device/gc/IG"
START = 1e9


class Here:
    """The thread is the test's own; ``hangs`` holds back what it is given."""

    hangs = False

    def __init__(self) -> None:
        self.held: list[tuple[Callable[[], object], Deferred[Any]]] = []

    def __call__(self, function: Callable[[], object]) -> Deferred[Any]:
        if not self.hangs:
            return maybeDeferred(function)
        self.held.append((function, Deferred()))
        return self.held[-1][1]

    def stop(self) -> None:
        """Nothing of its own."""


class FailingStore(HistoryStore):
    """``trouble``: while it is set, each write fails with it."""

    trouble = ""

    def write(self, points: Any, now: float) -> None:
        if FailingStore.trouble:
            raise sqlite3.OperationalError(FailingStore.trouble)
        super().write(points, now)


class RecorderCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.jump = 0.0
        self.file = Path(self.mktemp())
        self.stream = StateStream("s1", self.now)
        self.metrics = Metrics()
        self.thread = Here()
        self.earlier: list[Earlier] = []
        self.patch(module, "HistoryStore", FailingStore)
        self.patch(FailingStore, "trouble", "")

    def now(self) -> float:
        return START + self.clock.seconds() + self.jump

    def begin(self, days: float = 1.0) -> HistoryRecorder:
        self.recorder = HistoryRecorder(
            HistorySettings(file=str(self.file), every=10.0, days=days, items=["device/*"]),
            self.stream,
            self.metrics,
            in_thread=self.thread,
            clock=self.clock,
            now=self.now,
            earlier=self.earlier.append,
        )
        self.recorder.startService()
        return self.recorder

    def begin_where_one_was_killed(self) -> None:
        """It had recorded 1 at the start, and lived for 20 s."""
        self.begin()
        self.show(1.0)
        self.clock.advance(10.0)
        self.clock.advance(10.0)
        self.recorder._loop.stop()
        self.stream = StateStream("s2", self.now)
        self.clock.advance(30.0)
        self.begin()

    def end(self) -> None:
        self.successResultOf(self.recorder.stopService())

    def show(self, value: object, path: str = GAUGE) -> None:
        now = self.now()
        self.stream.publish(Item(path=path, value=value, obtained=now, confirmed=now, unit="mbar"))

    def lose(self) -> None:
        item = self.stream.get(GAUGE)
        assert item is not None
        self.stream.publish(item.invalid("stale"))

    def points(self, path: str = GAUGE) -> list[tuple[float, float | None]]:
        store = HistoryStore(self.file, only_read=True)
        try:
            return [(at - START, value) for at, value in store.points(path, 0.0, 2e9)]
        finally:
            store.close()

    def severity(self) -> tuple[Severity, str]:
        item = self.stream.get("road/history")
        assert item is not None
        return item.severity, item.reason


class RecordTests(RecorderCase):
    def test_the_newest_point_of_each_period(self) -> None:
        self.begin()
        self.show(1.0)
        self.clock.advance(4.0)
        self.show(2.0)
        self.clock.advance(6.0)
        self.clock.advance(10.0)
        self.assertEqual(self.points(), [(4.0, 2.0)])
        self.assertEqual(self.severity(), (Severity.OK, ""))

    def test_what_was_there_before_is_recorded_too(self) -> None:
        self.show(1.0)
        self.begin()
        self.clock.advance(10.0)
        self.assertEqual(self.points(), [(0.0, 1.0)])

    def test_a_value_that_cannot_be_told_is_a_gap(self) -> None:
        self.begin()
        self.show(1.0)
        self.clock.advance(2.0)
        self.lose()
        self.clock.advance(2.0)
        self.show(3.0)
        self.clock.advance(6.0)
        self.assertEqual(self.points(), [(0.0, 1.0), (2.0, None), (4.0, 3.0)])

    def test_only_numbers_that_are_wanted(self) -> None:
        self.begin()
        self.show(True, "device/flag")
        self.show("x", "device/text")
        self.show(1.0, "System/other")
        self.show(10**400, "device/beyond")
        self.clock.advance(10.0)
        self.assertEqual([self.points(each) for each in ("device/flag", "System/other")], [[], []])

    def test_its_end_is_a_gap(self) -> None:
        self.begin()
        self.show(1.0)
        self.clock.advance(10.0)
        self.clock.advance(5.0)
        self.end()
        self.assertEqual(self.points(), [(0.0, 1.0), (15.0, None)])

    def test_that_it_was_killed_is_a_gap_from_when_it_lived_last(self) -> None:
        self.begin_where_one_was_killed()
        self.clock.advance(10.0)
        self.assertEqual(self.points(), [(0.0, 1.0), (20.0, None)])


class LastHourTests(RecorderCase):
    def test_an_earlier_life_is_told_with_its_end_as_a_gap(self) -> None:
        self.begin_where_one_was_killed()
        self.assertEqual(self.earlier, [{}, {GAUGE: [(START, 1.0), (START + 20.0, None)]}])

    def test_what_held_when_the_hour_began_begins_it(self) -> None:
        store = HistoryStore(self.file)
        for path, unit, value in ((GAUGE, "mbar", 1.0), ("device/none", "", 1.0)):
            store.write([Point(path, unit, START - LAST - 60.0, value)], START)
        store.close()
        self.begin()
        self.assertEqual(self.earlier, [{GAUGE: [(START - LAST, 1.0), (START, None)]}])

    def test_what_ended_before_is_not_told(self) -> None:
        store = HistoryStore(self.file)
        store.write([Point(GAUGE, "mbar", START - LAST - 60.0, 1.0)], START - LAST - 50.0)
        store.close()
        self.begin()
        self.assertEqual(self.earlier, [{}])

    def test_where_nothing_can_be_read_it_says_so_at_once(self) -> None:
        self.file.write_text("not a base\n" * 100)
        self.begin()
        self.assertEqual(self.earlier, [])
        self.assertEqual(self.severity(), (Severity.MINOR, "file is not a database"))
        self.end()


class FullDiskTests(RecorderCase):
    def test_it_says_so_and_what_was_lost_is_a_gap(self) -> None:
        self.begin()
        self.show(1.0)
        self.clock.advance(10.0)
        FailingStore.trouble = "database or disk is full"
        self.show(2.0)
        self.clock.advance(10.0)
        self.assertEqual(self.severity(), (Severity.MINOR, "database or disk is full"))
        self.assertIn("history_failures_total 1.0", self.metrics.text())
        self.show(3.0)
        self.clock.advance(10.0)
        FailingStore.trouble = ""
        self.clock.advance(10.0)
        self.assertEqual(self.severity()[0], Severity.OK)
        self.assertEqual(self.points(), [(0.0, 1.0), (10.0, None), (40.0, 3.0)])

    def test_a_file_that_was_taken_away_is_told_and_begun_anew(self) -> None:
        self.begin()
        self.show(1.0)
        self.clock.advance(10.0)
        self.file.rename(f"{self.file}-away")
        self.show(2.0)
        self.clock.advance(10.0)
        self.assertEqual(self.severity(), (Severity.MINOR, "the file was removed or moved"))
        self.show(3.0)
        self.clock.advance(10.0)
        self.assertEqual(self.severity()[0], Severity.OK)
        self.assertEqual(self.points(), [(30.0, 3.0)])

    def test_so_is_one_whose_folder_is_gone(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.file = folder / "history"
        self.begin()
        self.show(1.0)
        self.clock.advance(10.0)
        folder.rename(f"{folder}-away")
        self.clock.pump([10.0, 10.0])
        self.assertEqual(self.severity(), (Severity.MINOR, "unable to open database file"))
        folder.mkdir()
        self.clock.advance(10.0)
        self.assertEqual((self.severity()[0], self.points()), (Severity.OK, [(40.0, 1.0)]))

    def test_a_file_that_is_no_history_stops_nothing(self) -> None:
        self.file.write_text("not a base\n" * 100)
        self.begin()
        self.show(1.0)
        self.clock.advance(10.0)
        self.assertEqual(self.severity(), (Severity.MINOR, "file is not a database"))
        self.end()

    def test_a_disk_that_hangs_holds_up_nothing_and_is_asked_once(self) -> None:
        self.thread.hangs = True
        self.begin()
        for value in range(100):
            self.show(float(value))
            self.clock.advance(10.0)
        self.assertEqual(len(self.thread.held), 1)
        self.assertEqual(len(self.recorder._waiting[GAUGE]), 1)

    def test_what_flickers_is_bounded(self) -> None:
        self.begin()
        for value in range(1000):
            self.show(float(value))
            self.lose()
        self.assertLessEqual(len(self.recorder._waiting[GAUGE]), 20)


class ForgetTests(RecorderCase):
    def test_what_is_too_old_is_forgotten(self) -> None:
        self.begin(days=0.5)
        self.show(1.0)
        self.clock.advance(10.0)
        self.clock.pump([3600.0] * 13)
        self.show(2.0)
        self.clock.pump([10.0, FORGET_EVERY])
        self.assertEqual([value for _, value in self.points()], [2.0])

    def test_a_clock_that_was_set_forward_forgets_nothing(self) -> None:
        self.begin(days=0.5)
        self.show(1.0)
        self.clock.advance(10.0)
        self.jump = 30 * 86400.0 + JUMP
        self.clock.pump([FORGET_EVERY] * 3)
        self.assertEqual([value for _, value in self.points()], [1.0])

    def test_a_clock_that_was_set_back_loses_nothing(self) -> None:
        self.begin()
        self.show(1.0)
        self.clock.advance(10.0)
        self.jump = -3600.0
        self.show(2.0)
        self.clock.advance(10.0)
        self.assertEqual(self.points(), [(-3590.0, 2.0), (0.0, 1.0)])


class StoreTests(SynchronousTestCase):
    def test_series_and_the_point_that_held_before(self) -> None:
        file = Path(self.mktemp())
        store = HistoryStore(file)
        self.addCleanup(store.close)
        for at, value in ((10.0, 1.0), (20.0, None), (30.0, 3.0)):
            store.write([Point("a", "V", at, value)], at)
        (series,) = store.series()
        self.assertEqual(series, ("a", "V", 3, 10.0, 30.0))
        self.assertEqual(list(store.points("a", 15.0, 25.0)), [(10.0, 1.0), (20.0, None)])
        self.assertEqual(list(store.points("b", 0.0, 99.0)), [])

    def test_it_is_made_for_its_owner_alone(self) -> None:
        file = Path(self.mktemp())
        HistoryStore(file).close()
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_another_version_is_left_alone(self) -> None:
        file = Path(self.mktemp())
        base = sqlite3.connect(file)
        base.execute("PRAGMA user_version = 99")
        base.close()
        with self.assertRaises(sqlite3.Error):
            HistoryStore(file)
