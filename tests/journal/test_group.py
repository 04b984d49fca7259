"""Records of one turn of the reactor that wait for the disk together."""

from __future__ import annotations

import errno
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError
from pychron_comms.journal.memory import MemoryJournal, NoJournal
from tests.journal.journal_case import Journals


class Grouped(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.calls: list[Callable[[], None]] = []
        self.reopen(sync=True, later=self.calls.append)
        self.disk.synced.clear()
        self.disk.writes.clear()

    def soon(self, command: str = "Open A") -> Deferred[int]:
        return self.journal.write_soon("begin", {"command": command})

    def turn(self) -> None:
        calls = self.calls.copy()
        self.calls.clear()
        for call in calls:
            call()

    def test_are_on_the_disk_before_anybody_is_told(self) -> None:
        waits = [self.soon() for _ in range(64)]
        for each in waits:
            self.assertNoResult(each)
        self.assertEqual(len(self.calls), 1)
        self.turn()

        self.assertEqual([self.successResultOf(each) for each in waits], list(range(1, 65)))
        self.assertEqual(self.disk.synced, ["file"])
        self.assertEqual(len(self.disk.writes), 1)
        self.assertEqual(self.numbers(), list(range(1, 65)))
        self.assert_clean()

    def test_are_synced_when_they_are_told(self) -> None:
        seen: list[list[str]] = []
        self.soon().addCallback(lambda _: seen.append(list(self.disk.synced)))
        self.turn()

        self.assertEqual(seen, [["file"]])

    def test_of_the_next_turn_are_another_group(self) -> None:
        self.soon().addCallback(lambda _: self.soon("Open B"))
        self.turn()
        self.assertEqual(self.numbers(), [1])
        self.turn()

        self.assertEqual(self.numbers(), [1, 2])
        self.assertEqual(self.disk.synced, ["file"] * 2)

    def test_stand_before_one_that_is_written_at_once(self) -> None:
        first = self.soon()
        self.assertEqual(self.journal.write("end", {"of": 7}), 2)
        self.assertEqual(self.disk.synced, ["file"])
        self.assertNoResult(first)
        self.turn()

        self.assertEqual(self.successResultOf(first), 1)
        self.assertEqual(self.events(), ["begin", "end"])
        self.assertEqual(self.disk.synced, ["file"])

    def test_all_fail_where_the_disk_does(self) -> None:
        for error in ("write_error", "sync_error"):
            waits = [self.soon() for _ in range(3)]
            setattr(self.disk, error, errno.ENOSPC)
            self.turn()
            setattr(self.disk, error, 0)
            for each in waits:
                self.assertEqual(self.failureResultOf(each, JournalError).value.code, 214)

        self.assertEqual(self.numbers(), [])
        self.soon()
        self.turn()
        self.assertEqual(self.numbers(), [1])
        self.assert_clean()

    def test_all_fail_where_one_that_is_written_at_once_does(self) -> None:
        waits = self.soon()
        self.disk.write_error = errno.ENOSPC
        self.assertRaises(JournalError, self.journal.write, "end", {"of": 7})
        self.disk.write_error = 0
        self.turn()

        self.failureResultOf(waits, JournalError)
        self.assertEqual(self.numbers(), [])

    def test_one_that_cannot_be_said_fails_alone(self) -> None:
        good = self.soon()
        bad = self.journal.write_soon("begin", {"value": float("nan")})
        self.turn()

        self.failureResultOf(bad, JournalError)
        self.assertEqual(self.successResultOf(good), 1)

    def test_are_written_before_it_is_closed(self) -> None:
        waits = self.soon()
        self.journal.close()

        self.assertEqual(self.successResultOf(waits), 1)
        self.assertEqual(self.numbers(), [1])
        late = self.soon()
        self.turn()
        self.failureResultOf(late, JournalError)


class Ungrouped(Journals):
    def test_without_sync_each_is_written_at_once(self) -> None:
        self.reopen(later=self.fail)

        self.assertEqual(self.successResultOf(self.journal.write_soon("begin", {})), 1)
        self.assertFalse(self.journal.groups)
        self.disk.write_error = errno.ENOSPC
        self.failureResultOf(self.journal.write_soon("begin", {}), JournalError)


class OtherJournals(SynchronousTestCase):
    def test_write_at_once(self) -> None:
        for journal in (NoJournal(), MemoryJournal()):
            self.assertEqual(self.successResultOf(journal.write_soon("begin", {})), 1)
            self.assertFalse(journal.groups)
