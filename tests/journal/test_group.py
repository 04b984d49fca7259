"""Records of one turn of the reactor that wait for the disk together."""

from __future__ import annotations

import errno
import re
from unittest.mock import patch

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError
from pychron_comms.journal import group, missing
from pychron_comms.journal.memory import MemoryJournal, NoJournal
from tests.journal.journal_case import Journals
from tests.stepped_disk import SteppedDisk


class Grouped(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.steps = SteppedDisk()
        self.reopen(sync=True, turns=self.steps.turns)
        self.disk.synced.clear()
        self.disk.writes.clear()
        self.told: list[int | JournalError] = []

    def soon(self, command: str = "Open A") -> None:
        self.journal.write_soon("begin", {"command": command}, self.told.append)

    def failures(self) -> list[str]:
        return [str(each) for each in self.told if isinstance(each, JournalError)]


class OneTurn(Grouped):
    def test_are_on_the_disk_before_anybody_is_told(self) -> None:
        for _ in range(64):
            self.soon()
        self.assertEqual((self.told, len(self.steps.later)), ([], 1))
        self.steps.turn()

        self.assertEqual(self.told, list(range(1, 65)))
        self.assertEqual(self.disk.synced, ["file"])
        self.assertEqual(len(self.disk.writes), 1)
        self.assertEqual(self.numbers(), list(range(1, 65)))
        self.assert_clean()

    def test_are_synced_when_they_are_told(self) -> None:
        seen: list[list[str]] = []
        self.journal.write_soon("begin", {}, lambda _: seen.append(list(self.disk.synced)))
        self.steps.turn()

        self.assertEqual(seen, [["file"]])

    def test_what_they_are_told_leaves_together_and_not_only_when_all_are(self) -> None:
        left: list[int] = []

        class Kept:
            def release(_) -> None:
                left.append(len(self.told))

        def told(outcome: int | JournalError) -> None:
            self.told.append(outcome)
            self.steps.cork.keep(Kept())

        for _ in range(group.TOGETHER + 2):
            self.journal.write_soon("begin", {}, told)
        self.steps.turn()

        self.assertEqual(left, [group.TOGETHER] * group.TOGETHER + [group.TOGETHER + 2] * 2)

    def test_of_who_is_told_are_the_next_group(self) -> None:
        self.journal.write_soon("begin", {}, lambda _: self.soon())
        self.steps.turn()
        self.assertEqual((self.numbers(), self.told), ([1], []))
        self.steps.turn()

        self.assertEqual(self.told, [2])
        self.assertEqual(self.disk.synced, ["file"] * 2)

    def test_all_fail_where_the_disk_does(self) -> None:
        for error in ("write_error", "sync_error"):
            for _ in range(3):
                self.soon()
            setattr(self.disk, error, errno.ENOSPC)
            self.steps.turn()
            setattr(self.disk, error, 0)
        self.assertEqual(self.failures(), ["journal: No space left on device"] * 6)
        self.assertEqual(self.numbers(), [])

        self.soon()
        self.steps.turn()
        self.assertEqual(self.numbers(), [1])
        self.assert_clean()

    def test_one_that_cannot_be_said_fails_alone(self) -> None:
        self.soon()
        bad: list[object] = []
        self.journal.write_soon("begin", {"value": float("nan")}, bad.append)
        self.steps.turn()

        self.assertIsInstance(*bad, JournalError)
        self.assertEqual(self.told, [1])

    def test_a_bug_of_one_who_is_told_is_the_others_affair_not(self) -> None:
        self.journal.write_soon("begin", {}, lambda _: 1 // 0)  # type: ignore[arg-type, return-value]
        self.soon()
        self.steps.turn()

        self.assertEqual(self.told, [2])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_are_written_before_it_is_closed(self) -> None:
        self.soon()
        self.journal.close()

        self.assertEqual((self.told, self.numbers()), ([1], [1]))
        self.soon()
        self.steps.turn()
        self.assertEqual(self.failures(), ["journal: it is closed"])


class WhileTheDiskTakesItsTime(Grouped):
    def setUp(self) -> None:
        super().setUp()
        self.steps.hangs = True
        self.soon()
        self.steps.turn()

    def test_nothing_is_asked_of_it_but_by_the_thread(self) -> None:
        """A file system that stands still lets one wait who only writes."""
        self.soon()
        self.steps.turn()
        self.assertEqual((self.numbers(), self.steps.asked, self.told), ([], 1, []))
        self.journal.refused({"command": "Open B"})
        self.steps.turn()
        self.assertEqual((self.disk.writes, self.steps.asked), ([], 2))

    def test_all_that_comes_is_one_group(self) -> None:
        for _ in range(5):
            self.soon()
            self.steps.turn()
        self.steps.end()
        self.assertEqual((self.told, self.numbers()), ([1], [1]))
        self.steps.end()

        self.assertEqual((self.told, self.steps.asked), ([1, 2, 3, 4, 5, 6], 2))
        self.assertEqual(len(self.disk.writes), 2)
        self.assert_clean()

    def test_what_it_could_not_keep_is_taken_back_and_fails_what_came_behind_it(self) -> None:
        self.soon()
        self.disk.sync_error = errno.EIO
        self.steps.end()
        self.disk.sync_error = 0

        self.assertEqual(self.failures(), ["journal: Input/output error"] * 2)
        self.assertEqual((self.numbers(), self.steps.is_busy), ([], False))
        self.assertEqual(self.path.read_bytes(), b"")

    def test_what_it_could_not_keep_is_not_synced_again_but_written_anew(self) -> None:
        self.disk.sync_error = errno.EIO
        self.steps.end()
        self.disk.sync_error = 0
        self.disk.writes.clear()
        self.soon("Open B")
        self.steps.turn()
        self.steps.end()

        self.assertEqual(self.told[1:], [1])
        self.assertEqual(b"".join(self.disk.writes), self.path.read_bytes())
        self.assert_clean()

    def test_a_file_turns_over_when_the_disk_is_done(self) -> None:
        self.steps.end()
        self.journal.close()
        self.steps = SteppedDisk()
        self.reopen(sync=True, turns=self.steps.turns, size=1)
        self.disk.synced.clear()
        for _ in range(2):
            self.soon()
            self.steps.turn()
        self.assertEqual(self.told[1:], [3, 5])
        self.assertEqual(self.events(), ["begin", "continued", "begin", "continued", "begin"])
        # The names last before anybody is told.
        self.assertEqual(self.disk.synced, ["folder", "file"] * 2)
        self.assert_clean()

    def test_where_the_disk_fails_a_new_file_it_is_begun_again(self) -> None:
        self.steps.end()
        self.journal.close()
        self.steps = SteppedDisk()
        self.reopen(sync=True, turns=self.steps.turns, size=1)
        self.disk.sync_error = errno.EIO
        self.soon()
        self.steps.turn()
        self.disk.sync_error = 0
        self.soon()
        self.steps.turn()

        self.assertEqual(self.told[2:], [3])
        self.assertEqual(self.events(), ["begin", "continued", "begin"])
        self.assert_clean()

    def test_its_end_waits_for_the_disk_a_little_while(self) -> None:
        with patch.object(group, "LAST_SYNC", 0.01), capturedLogs() as logs:
            self.soon("Open B")
            self.journal.close()

        self.assertEqual(self.failures(), ["journal: the disk has not answered for 0.01 s"] * 2)
        first, *told = [formatEvent(each) or "" for each in logs]
        self.assertIn("the disk has not taken what was last: 2 records", first)
        self.assertEqual(
            [re.findall('not written: .*"begin","command":"(.*)"}', each) for each in told],
            [["Open A"], ["Open B"]],
        )
        # The lock is held, and the file open, for as long as the thread may use it.
        self.assertRaises(ValueError, self.open)
        self.steps.end()
        self.assertEqual(len(self.told), 2)
        self.journal._opened.close()

    def test_what_was_gathered_at_its_end_is_written_where_the_disk_comes_back(self) -> None:
        with patch.object(group, "LAST_SYNC", 0.01), capturedLogs():
            self.soon("Open B")
            self.journal.close()
        self.steps.end()
        self.steps.end()
        self.journal._opened.close()

        self.assertEqual(self.commands(), ["Open A", "Open B"])
        self.assert_clean()

    def test_but_not_where_it_could_not_keep_what_comes_before(self) -> None:
        with patch.object(group, "LAST_SYNC", 0.01), capturedLogs():
            self.soon("Open B")
            self.journal.close()
        self.disk.sync_error = errno.EIO
        self.steps.end()
        self.disk.sync_error = 0
        self.steps.end()
        self.journal._opened.close()

        self.assertEqual(self.commands(), [])

    def commands(self) -> list[str]:
        return [each["command"] for each in self.journal.records()]


class Refusals(Grouped):
    def refuse(self, command: str) -> None:
        self.journal.refused({"command": command}, lambda: self.overs.append(command))

    def setUp(self) -> None:
        super().setUp()
        self.overs: list[str] = []

    def refused(self) -> list[tuple[str, int]]:
        return [(each["command"], each.get("missing", 0)) for each in self.journal.refusals()]

    def test_are_written_by_the_thread_and_told_of_then(self) -> None:
        for command in ("Open A", "Open B"):
            self.refuse(command)
        self.assertEqual((self.overs, self.disk.writes), ([], []))
        self.steps.turn()
        self.assertEqual(self.overs, ["Open A", "Open B"])
        self.assertEqual((len(self.disk.writes), self.disk.synced), (1, []))
        self.assertEqual(self.refused(), [("Open A", 0), ("Open B", 0)])

    def test_that_cannot_be_written_are_counted(self) -> None:
        self.disk.write_error = errno.ENOSPC
        with capturedLogs() as logs:
            for command in ("Open A", "Open B", "Open C"):
                self.refuse(command)
                self.steps.turn()
        self.assertEqual(len(logs), 1)
        self.assertEqual(self.overs, ["Open A", "Open B", "Open C"])
        self.disk.write_error = 0
        for command in ("Open D", "Open E"):
            self.refuse(command)
            self.steps.turn()
        self.assertEqual(self.refused(), [("Open D", 3), ("Open E", 0)])

    def test_of_which_one_that_tells_how_many_are_missing_fails_are_counted_all(self) -> None:
        for error in (errno.ENOSPC, errno.ENOSPC, 0):
            self.disk.write_error = error
            self.refuse("Open A")
            self.steps.turn()
        self.assertEqual(self.refused(), [("Open A", 2)])

    def test_are_counted_where_too_many_wait_for_the_disk(self) -> None:
        self.steps.hangs = True
        with patch.object(missing, "ROOM", 2), capturedLogs() as logs:
            for command in ("Open A", "Open B", "Open C"):
                self.refuse(command)
        self.assertTrue(str(formatEvent(logs[-1])).endswith(": the disk does not answer"))
        self.assertEqual(self.overs, ["Open C"])
        self.steps.hangs = False
        self.steps.turn()
        self.refuse("Open D")
        self.steps.turn()
        self.assertEqual(self.refused(), [("Open A", 0), ("Open B", 0), ("Open D", 1)])

    def test_so_they_are_the_next_time(self) -> None:
        with patch.object(missing, "ROOM", 2), capturedLogs():
            for _ in range(2):
                self.overs.clear()
                self.steps.hangs = True
                for command in ("Open A", "Open B", "Open C"):
                    self.refuse(command)
                self.assertEqual(self.overs, ["Open C"])
                self.steps.hangs = False
                self.steps.turn()

    def test_are_written_before_it_is_closed(self) -> None:
        self.refuse("Open A")
        self.journal.close()
        self.assertEqual((self.overs, self.refused()), (["Open A"], [("Open A", 0)]))


class Ungrouped(Journals):
    def test_without_sync_each_is_written_at_once(self) -> None:
        self.reopen(turns=SteppedDisk().turns)
        told: list[int | JournalError] = []

        self.journal.write_soon("begin", {}, told.append)
        self.assertFalse(self.journal.groups)
        self.disk.write_error = errno.ENOSPC
        self.journal.write_soon("begin", {}, told.append)
        number, error = told
        self.assertEqual(number, 1)
        self.assertIsInstance(error, JournalError)


class OtherJournals(SynchronousTestCase):
    def test_write_at_once(self) -> None:
        for journal in (NoJournal(), MemoryJournal()):
            told: list[int | JournalError] = []
            journal.write_soon("begin", {}, told.append)
            self.assertEqual(told, [1])
            self.assertFalse(journal.groups)
