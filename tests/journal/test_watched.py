"""A journal that can be seen: its figures, and its trouble as an item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal, Reading, Severity
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.journal.watched import (
    KILLED,
    LOW,
    PATH,
    SILENT,
    TOLD_FOR,
    TRIAL,
    TRY_EVERY,
    WatchedJournal,
)
from pychron_comms.observability.metrics import Metrics
from tests.stepped_disk import SteppedDisk


class WatchedJournalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.inner = MemoryJournal()
        self.metrics = Metrics()
        self.free = 10 * LOW
        self.told: list[int | JournalError] = []
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
            self.journal.write("begin", {})

    def told_of_the_last(self, *events: str) -> list[str]:
        self.inner.write("end", {})
        recalled = [{"event": event} for event in events]
        self.patch(self.inner, "recall", lambda since: iter(recalled))
        self.assertEqual([*self.journal.recall()], recalled)
        return [each.path for each in self.journal.readings()]

    def test_a_process_that_was_killed_is_told_of_for_a_while_by_the_next(self) -> None:
        told = self.told_of_the_last("start", "stop", "start", "begin", "all_safe")
        self.assertEqual(told, [PATH, KILLED])
        self.clock.advance(TOLD_FOR - 1)
        *_, killed = self.journal.readings()
        self.assertEqual((killed.path, killed.severity), (KILLED, Severity.MAJOR))
        why = "the one before did not stop by itself, and made nothing safe"
        self.assertEqual((killed.value, killed.reason), (True, why))
        self.clock.advance(1)
        self.assertEqual([each.path for each in self.journal.readings()], [PATH])

    def test_one_that_stopped_or_a_first_one_is_not(self) -> None:
        for events in ([], ["begin", "end"], ["start", "begin", "end", "all_safe", "stop"]):
            self.assertEqual(self.told_of_the_last(*events), [PATH], msg=events)

    def figure(self, name: str) -> str:
        prefix = f"pychron_comms_journal_{name} "
        (line,) = [line for line in self.metrics.text().splitlines() if line.startswith(prefix)]
        return line.removeprefix(prefix)

    def test_it_is_a_journal(self) -> None:
        verifyObject(IJournal, self.journal)
        self.assertEqual(self.journal.write("begin", {"command": "Open A"}), 1)
        self.journal.write_soon("end", {}, self.told.append)
        self.assertEqual(self.told, [2])
        self.assertEqual([each["event"] for each in self.journal.records()], ["begin", "end"])

    def test_its_writes_are_counted_and_timed(self) -> None:
        self.journal.write("begin", {})
        self.journal.write_soon("end", {}, self.told.append)
        self.fail_once()
        self.journal.write_soon("end", {}, self.told.append)
        self.assertIsInstance(self.told[1], JournalError)
        self.assertEqual(self.figure("append_duration_seconds_count"), "2.0")
        self.assertEqual(self.figure("last_sequence"), "2.0")
        self.assertEqual(self.figure("write_failures_total"), "2.0")
        self.assertEqual(self.figure("free_bytes"), "2e+09")

    def test_that_it_cannot_be_written_is_seen(self) -> None:
        self.assertEqual((self.journal.trouble, self.figure("last_sequence")), ("", "0.0"))
        self.assertEqual(self.journal.reading(), Reading("road/journal", "written"))
        self.assertEqual(list(self.journal.records()), [])
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
        why = "200 MB are left on its disk"
        self.assertEqual(
            (reading.value, reading.severity, reading.reason), ("written", Severity.MINOR, why)
        )
        self.free = LOW
        self.assertEqual(self.journal.reading(), Reading("road/journal", "written"))

    def test_a_disk_that_cannot_be_looked_at_is_taken_for_a_full_one(self) -> None:
        looked: list[Path] = []

        def fail(folder: Path) -> int:
            looked.append(folder)
            raise OSError

        self.patch(self.journal, "_free", fail)
        self.assertEqual(self.journal.reading().reason, "0 MB are left on its disk")
        self.assertEqual((set(looked), self.figure("free_bytes")), ({Path.cwd()}, "0.0"))

    def test_what_each_write_takes_is_told(self) -> None:
        write = self.inner.write

        def slowly(*record: Any) -> int:
            self.clock.advance(0.5)
            return write(*record)

        self.patch(self.inner, "write", slowly)
        self.journal.write("begin", {})
        self.journal.write("end", {})
        self.assertEqual(self.figure("append_duration_seconds_sum"), "1.0")

    def test_what_those_take_that_wait_for_each_other_is_told(self) -> None:
        """From when each came to when it was on the disk."""
        disk = self.wait_for_disk()
        self.journal.write_soon("begin", {"command": "Open A"}, self.told.append)
        self.clock.advance(0.25)
        self.journal.write_soon("begin", {"command": "Open B"}, self.told.append)
        self.clock.advance(0.5)
        self.assertEqual(self.figure("last_sequence"), "0.0")
        disk.turn()
        self.assertEqual(self.told, [1, 2])
        self.assertEqual(self.figure("append_duration_seconds_sum"), "1.25")
        self.assertEqual(self.figure("last_sequence"), "2.0")
        commands = [each["command"] for each in self.journal.records()]
        self.assertEqual((commands, self.journal.groups), (["Open A", "Open B"], True))

    def test_one_that_waited_and_could_not_be_written_is_trouble_too(self) -> None:
        self.inner.failing = "no space left"
        self.journal.write_soon("begin", {}, self.told.append)
        self.assertEqual(self.journal.trouble, "journal: no space left")
        self.inner.failing = ""
        self.journal.write_soon("begin", {}, self.told.append)
        self.assertEqual(self.told[1:], [1])
        self.assertEqual(self.journal.trouble, "")

    def test_the_log_has_a_line_when_it_begins_and_one_when_it_is_over(self) -> None:
        with capturedLogs() as logs:
            for _ in range(3):
                self.fail_once()
                self.clock.advance(2)
            self.inner.failing = ""
            for _ in range(2):
                self.journal.write("begin", {})
        self.assertEqual(
            [formatEvent(each) for each in logs],
            [
                "the journal is not written, and what acts not begun: journal: no space left",
                "the journal is written again, after 6 s: 3 times it was not",
            ],
        )

    def test_that_the_disk_is_silent_is_seen(self) -> None:
        disk = self.wait_for_disk()
        disk.hangs = True
        for _ in range(2):
            self.journal.write_soon("begin", {}, self.told.append)
            disk.turn()
        self.clock.advance(SILENT)
        self.assertEqual(self.journal.reading().severity, Severity.OK)
        self.clock.advance(5)
        reading = self.journal.reading()
        self.assertEqual((reading.value, reading.severity), ("not written", Severity.MAJOR))
        self.assertEqual(reading.reason, "the disk has not answered for 7 s")
        disk.end()
        self.assertEqual(self.journal.reading().value, "written")
        disk.end()
        self.clock.advance(60)
        self.assertEqual((self.journal.reading().value, self.told), ("written", [1, 2]))

    def test_where_records_wait_it_is_tried_without_waiting(self) -> None:
        disk = self.wait_for_disk()
        self.journal.write_soon("begin", {}, self.told.append)
        disk.turn_and_fail()
        self.assertEqual(self.journal.reading().value, "not written")
        disk.turn()
        self.assertEqual(self.journal.reading().value, "written")
        self.assertEqual([each["event"] for each in self.journal.records()], [TRIAL])

    def wait_for_disk(self) -> SteppedDisk:
        """Have its records wait for a disk."""
        disk = SteppedDisk()
        self.patch(self.journal, "_journal", MemoryJournal(turns=disk.turns))
        return disk

    def test_it_is_tried_every_five_seconds_and_no_more(self) -> None:
        self.fail_once()
        self.assertEqual(self.journal.reading().value, "not written")
        self.assertEqual(self.figure("write_failures_total"), "2.0")
        self.clock.advance(4.9)
        self.journal.reading()
        self.assertEqual(self.figure("write_failures_total"), "2.0")
        self.clock.advance(0.1)
        self.journal.reading()
        self.assertEqual(self.figure("write_failures_total"), "3.0")
        self.assertEqual(self.journal.trouble, "journal: no space left")
        self.inner.failing = ""
        self.journal.write("begin", {})
        self.assertEqual((self.journal.trouble, self.journal.reading().value), ("", "written"))

    def test_all_that_a_journal_does_is_passed_on(self) -> None:
        self.journal.carry(lambda: [{"event": "key", "key": "k"}])
        self.journal.refused({"command": "Open A"})
        self.inner.turn()
        self.journal.write("begin", {})
        self.assertEqual([each["event"] for each in self.journal.recall()], ["key", "begin"])
        self.journal.refused({"command": "Open B"})
        refused = [each["command"] for each in self.journal.refusals()]
        self.assertEqual(refused, ["Open B"])
        late = 32_503_680_000.0
        self.assertEqual(list(self.journal.refusals(late)), [])
        self.assertEqual(list(self.journal.records(late)), [])
        self.assertEqual([each["event"] for each in self.journal.recall(late)], ["key"])
        self.journal.close()
        self.assertRaises(JournalError, self.inner.write, "end", {})
