"""What is new is told once, also where files turn over meanwhile."""

from __future__ import annotations

import os

from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.follow import Follower
from tests.journal.journal_case import Journals


class Following(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.reopen(size=1000, keep=30, refused_size=1000)
        self.write(2)
        self.follower = Follower(self.path)
        self.addCleanup(self.follower.close)

    def new(self) -> list[int]:
        return [each["n"] for each in self.follower.new()]

    def test_begins_at_the_end(self) -> None:
        self.assertEqual(self.new(), [])
        self.write(1)

        self.assertEqual(self.new(), [3])
        self.assertEqual(self.new(), [])

    def test_goes_on_in_the_next_files(self) -> None:
        self.write(20)

        self.assertEqual(self.new(), self.numbers()[2:])
        self.write(1)
        self.assertEqual(len(self.new()), 1)

    def test_goes_on_with_the_oldest_that_is_there_and_counts_what_was_dropped(self) -> None:
        self.reopen(size=1000, keep=1)
        self.write(1)
        self.new()
        self.write(100)

        # It has the rest of its own file yet.
        told = self.new()
        there = self.numbers()
        own = told[: -len(there)]
        self.assertEqual(told, [*own, *there])
        self.assertEqual(self.follower.missed, there[0] - own[-1] - 1)
        self.assertGreater(self.follower.missed, 50)
        self.assertEqual(self.new(), [])

    def test_counts_that_where_it_has_told_nothing_yet(self) -> None:
        self.reopen(size=1000, keep=1)
        self.write(100)

        told = len(self.new()) - len(self.numbers())
        self.assertEqual(2 + told + self.follower.missed + 1, self.numbers()[0])

    def test_misses_nothing_where_its_own_file_alone_was_dropped(self) -> None:
        self.reopen(size=1000, keep=1)
        while not self.path.with_name(f"{self.path.name}.1").exists():
            self.write(1)
        self.new()
        first = self.numbers()[0]
        while self.numbers()[0] == first:
            self.write(1)
        self.write(1)

        self.assertNotEqual(self.new(), [])
        self.assertEqual(self.follower.missed, 0)

    def test_waits_while_there_is_none(self) -> None:
        self.path.unlink()
        self.assertEqual(self.new(), [])

    def test_waits_for_the_end_of_a_line(self) -> None:
        self.journal.close()
        self.write_more(b'{"n":3,"at":"2026-03-02T10:14:05.116000Z","event":"stop","hash":"')
        self.assertEqual(self.new(), [])
        self.write_more(b"0" * 64 + b'"}\n')

        self.assertEqual(self.new(), [3])

    def test_tells_what_stands_now_where_a_disk_that_failed_had_records_taken_back(self) -> None:
        kept = self.path.stat().st_size
        self.write(2)
        self.assertEqual(self.new(), [3, 4])
        self.journal.close()
        os.truncate(self.path, kept)
        self.assertEqual(self.new(), [])
        self.reopen(size=1000, keep=30, refused_size=1000)
        self.time += 1
        self.write(3)

        self.assertEqual(self.new(), [3, 4, 5])
        self.assertEqual(self.new(), [])

    def test_tells_what_is_refused_too_by_its_time(self) -> None:
        self.journal.refused({"command": "Open B"})
        self.time -= 1
        self.write(1)

        self.assertEqual([each["event"] for each in self.follower.new()], ["begin", "refused"])
        self.time += 2
        self.journal.refused({"command": "Open B"})
        self.time += 1
        self.write(1)
        self.assertEqual([each["event"] for each in self.follower.new()], ["refused", "begin"])

    def test_of_one_that_is_not_there_yet_tells_its_first_record_too(self) -> None:
        path = self.folder / "other.journal"
        follower = Follower(path)
        self.addCleanup(follower.close)
        self.assertEqual(follower.new(), [])
        journal = FileJournal(path)
        self.addCleanup(journal.close)
        journal.refused({"command": "Open A"})
        journal.write("stop", {})
        self.assertEqual([each["n"] for each in follower.new()], [1, 1])
        self.assertEqual(follower.new(), [])

    def write_more(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
