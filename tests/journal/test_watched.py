"""A journal that can be seen: its figures, and its trouble as an item."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal, Severity
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.journal.watched import LOW, TRIAL, TRY_EVERY, WatchedJournal
from pychron_comms.observability.metrics import Metrics


class WatchedJournalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.inner = MemoryJournal()
        self.metrics = Metrics()
        self.free = 10 * LOW
        self.journal = WatchedJournal(
            self.inner,
            Path("lab.journal"),
            self.metrics,
            self.clock.seconds,
            lambda folder: self.free,
        )

    def fail_once(self) -> None:
        self.inner.failing = "no space left"
        with self.assertRaises(JournalError):
            self.journal.write("begin")

    def figure(self, name: str) -> str:
        prefix = f"pychron_comms_journal_{name} "
        (line,) = [line for line in self.metrics.text().splitlines() if line.startswith(prefix)]
        return line.removeprefix(prefix)

    def test_it_is_a_journal(self) -> None:
        verifyObject(IJournal, self.journal)
        self.assertEqual(self.journal.write("begin", command="Open A"), 1)
        self.assertEqual(self.successResultOf(self.journal.write_soon("end")), 2)
        self.assertEqual([each["event"] for each in self.journal.records()], ["begin", "end"])

    def test_its_writes_are_counted_and_timed(self) -> None:
        self.journal.write("begin")
        self.journal.write_soon("end")
        self.fail_once()
        self.failureResultOf(self.journal.write_soon("end"), JournalError)
        self.assertEqual(self.figure("append_duration_seconds_count"), "2.0")
        self.assertEqual(self.figure("last_sequence"), "2.0")
        self.assertEqual(self.figure("write_failures_total"), "2.0")
        self.assertEqual(self.figure("free_bytes"), "2e+09")

    def test_that_it_cannot_be_written_is_seen(self) -> None:
        self.assertEqual(self.journal.reading().severity, Severity.OK)
        self.fail_once()
        reading = self.journal.reading()
        self.assertEqual((reading.path, reading.severity), ("road/journal", Severity.MAJOR))
        self.assertIn("no space left", reading.reason)

    def test_it_is_tried_again_though_nobody_acts(self) -> None:
        self.fail_once()
        self.journal.reading()
        self.inner.failing = ""
        self.assertEqual(self.journal.reading().severity, Severity.MAJOR)
        self.clock.advance(TRY_EVERY)
        self.assertEqual(self.journal.reading().severity, Severity.OK)
        (record,) = self.journal.records()
        self.assertEqual(record["event"], TRIAL)
        self.assertIn("no space left", record["reason"])

    def test_a_disk_that_is_soon_full_is_minor(self) -> None:
        self.free = LOW - 1
        reading = self.journal.reading()
        self.assertEqual(
            (reading.severity, reading.reason), (Severity.MINOR, "200 MB are left on its disk")
        )
