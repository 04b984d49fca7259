"""Records of one turn of the reactor that wait for the disk together."""

from __future__ import annotations

import errno
from unittest.mock import patch

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError
from pychron_comms.journal import group
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

    def test_of_who_is_told_are_the_next_group(self) -> None:
        self.journal.write_soon("begin", {}, lambda _: self.soon())
        self.steps.turn()
        self.assertEqual((self.numbers(), self.told), ([1, 2], []))
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

    def test_nothing_else_is_written(self) -> None:
        self.soon()
        self.steps.turn()
        self.assertEqual((self.numbers(), self.steps.syncs, self.told), ([1], 1, []))

    def test_all_that_comes_is_one_group(self) -> None:
        for _ in range(5):
            self.soon()
            self.steps.turn()
        self.steps.end()
        self.assertEqual((self.told, self.numbers()), ([1], [1, 2, 3, 4, 5, 6]))
        self.steps.end()

        self.assertEqual((self.told, self.steps.syncs), ([1, 2, 3, 4, 5, 6], 2))
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
            self.soon()
            self.journal.close()

        self.assertEqual(self.failures(), ["journal: the disk has not answered for 0.01 s"] * 2)
        self.assertIn("the disk has not taken what was last", str(logs[-1]["log_format"]))
        # The lock is held, and the file open, for as long as the thread may use it.
        self.assertRaises(ValueError, self.open)
        self.steps.end()
        self.assertEqual(len(self.told), 2)
        self.journal._opened.close()


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
