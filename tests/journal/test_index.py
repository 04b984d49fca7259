"""The index answers as the files do, whatever became of it and of them."""

from __future__ import annotations

import sqlite3
import stat
import sys
from contextlib import closing
from io import StringIO
from itertools import product
from typing import Any

from pychron_comms.journal import index
from pychron_comms.journal.asking import find
from pychron_comms.journal.command import UNREADABLE, main
from pychron_comms.journal.files import journal_files
from pychron_comms.journal.filters import Filter
from pychron_comms.journal.index import Index, UnusableError, index_path
from tests.journal.journal_case import MONDAY, Journals

SENDERS = ("10.0.0.5", "10.0.0.9")
COMMANDS = ("Open A", "Close A", "Open B", '{"command": "Set", "name": "A"}', "StopDrive")
REPLIES = ("OK", "ERROR 201 : outcome unknown", "ERROR 004 : invalid", "ERROR: nothing")
FILTERS = (
    Filter(target="A"),
    Filter(who="10.0.0.9", type="CO2"),
    Filter(event="refused"),
    Filter(outcome="ok"),
    Filter(outcome="error"),
    Filter(outcome="201", target="B"),
    Filter(outcome="0"),
    Filter(outcome="004"),
    Filter(slower_than=1.5),
    Filter(key="key-9"),
    Filter(since=round((MONDAY + 20) * 1e6), until=round((MONDAY + 40) * 1e6)),
    Filter(type="System", event="claim"),
    Filter(target="nowhere"),
)


class Indexed(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.reopen(size=4000, keep=20, refused_size=2000, refused_keep=20)
        self.number = 0
        self.work()

    def work(self) -> None:
        for sender, command, reply in product(SENDERS, COMMANDS, REPLIES):
            self.number += 1
            type_ = "CO2" if command == "StopDrive" else "System"
            asked = {"type": type_, "command": command, "sender": sender}
            if self.number % 3 == 0:
                asked["key"] = f"key-{self.number}"
            if self.number % 5 == 0:
                self.journal.refused({**asked, "reply": reply})
            else:
                self.run_one(asked, reply)
        self.journal.write(
            "claim", {"part": "System:A", "sender": "10.0.0.5", "seconds": 5.0, "since": MONDAY}
        )

    def run_one(self, asked: dict[str, Any], reply: str) -> None:
        number = self.journal.write("begin", asked)
        self.time += self.number % 3
        if self.number % 7:
            self.journal.write("end", {"of": number, "reply": reply})

    def make(self) -> int:
        with closing(Index(self.path, make=True)) as index:
            return index.catch_up()

    def found(self, asked: Filter) -> list[Any]:
        return sorted((each.values["at"], each.values["hash"]) for each in find(self.path, asked))

    def assert_same(self) -> None:
        """The index and the files answer each question alike, and not all with nothing."""
        there = index_path(self.path)
        answers = [self.found(asked) for asked in FILTERS]
        about = [[(each.about, each.facts) for each in find(self.path, f)] for f in FILTERS]
        aside = there.rename(there.with_name("aside"))
        self.assertEqual(answers, [self.found(asked) for asked in FILTERS])
        for asked, told in zip(FILTERS, about, strict=True):
            for each in find(self.path, asked):
                self.assertIn((each.about, each.facts), told)
        aside.rename(there)
        self.assertLess([bool(each) for each in answers].count(False), 4)


class AnIndex(Indexed):
    def test_answers_as_the_files_do(self) -> None:
        self.assertEqual(self.make(), len(self.numbers()))
        self.assert_same()

    def test_is_caught_up_when_it_is_asked(self) -> None:
        self.make()
        self.work()
        self.assert_same()
        self.assertEqual(self.make(), 0)

    def test_knows_files_that_were_laid_aside_meanwhile(self) -> None:
        for _ in range(4):
            self.work()
            self.make()
        self.assert_same()

    def test_forgets_what_was_dropped(self) -> None:
        self.make()
        self.reopen(size=4000, keep=1, refused_size=2000, refused_keep=1)
        self.work()
        self.work()

        self.assert_same()

    def test_of_what_was_dropped_keeps_no_row(self) -> None:
        self.make()
        self.reopen(size=4000, keep=1, refused_size=2000, refused_keep=1)
        self.work()
        self.work()

        self.assertGreater(self.make(), 0)
        with closing(sqlite3.connect(index_path(self.path))) as base:
            (rows,), (files,) = (
                base.execute(f"SELECT count(*) FROM {table}").fetchone()
                for table in ("records", "files")
            )
        self.assertEqual((rows, files), (len(self.numbers()), 4))

    def test_puts_an_end_to_a_begin_that_it_read_long_ago(self) -> None:
        number = self.journal.write(
            "begin", {"type": "System", "command": "Open Q", "sender": "me"}
        )
        self.make()
        self.time += 9
        self.journal.write("end", {"of": number, "reply": "OK"})

        *_, end = find(self.path, Filter(target="Q"))
        self.assertEqual((end.about["command"], end.facts.seconds), ("Open Q", 9.0))

    def test_does_not_take_a_line_that_is_being_written(self) -> None:
        self.journal.close()
        whole = self.path.read_bytes()
        self.path.write_bytes(whole[:-20])
        count = self.make()
        self.path.write_bytes(whole)

        self.assertEqual(self.make(), 1)
        self.assertEqual(count + 1, len(self.numbers()))

    def test_of_another_version_is_made_anew(self) -> None:
        self.make()
        with closing(sqlite3.connect(index_path(self.path))) as base:
            base.execute("PRAGMA user_version = 99")
            base.commit()

        self.assertEqual(self.make(), len(self.numbers()))
        self.assert_same()

    def test_of_other_files_is_made_anew(self) -> None:
        self.make()
        self.journal.close()
        lines = self.path.read_bytes().splitlines(keepends=True)
        self.path.write_bytes(b"".join(lines[:-3]))

        self.assertEqual(self.make(), len(self.numbers()))
        self.assert_same()

    def test_that_is_none_is_passed_over(self) -> None:
        index_path(self.path).write_text("My thesis\n" * 200)

        self.assertEqual(len(list(find(self.path, Filter(key="key-9")))), 2)
        self.assertRaises(UnusableError, Index, self.path)

    def test_is_never_the_truth(self) -> None:
        """What it says of a record is read in the journal."""
        self.make()
        self.journal.close()
        for file in (self.path, *self.folder.glob("lab.journal.[0-9]*")):
            file.write_bytes(file.read_bytes().replace(b'"Open B"', b'"Open Z"'))

        found = list(find(self.path, Filter(target="B", event="begin")))
        self.assertEqual({each.about["command"] for each in found}, {"Open Z"})

    def test_is_for_its_owner_alone(self) -> None:
        self.make()

        self.assertEqual(stat.S_IMODE(index_path(self.path).stat().st_mode), 0o600)

    def test_is_not_made_unless_that_is_asked_for(self) -> None:
        list(find(self.path, Filter(target="A")))

        self.assertFalse(index_path(self.path).exists())

    def test_reads_a_handful_of_lines_for_a_handful_of_records(self) -> None:
        self.make()
        index = Index(self.path)
        self.addCleanup(index.close)
        reads: list[int] = []
        read = index._read
        self.patch(index, "_read", lambda *which: (reads.append(1), read(*which))[1])

        self.assertEqual(len(list(index.find(Filter(key="key-9")))), 2)
        self.assertEqual(len(reads), 4)


class QuickTests(Indexed):
    """In a year of records no question that is asked every day looks at each of them."""

    def plan(self, asked: Filter) -> str:
        where, values = asked.where()
        with closing(sqlite3.connect(index_path(self.path))) as base:
            rows = base.execute(f"EXPLAIN QUERY PLAN SELECT * FROM records WHERE {where}", values)
            return str(rows.fetchall())

    def test_each_is_answered_by_an_index_of_its_own(self) -> None:
        self.make()
        for asked, name in (
            (Filter(key="key-9"), "by_key"),
            (Filter(outcome="error"), "by_code"),
            (Filter(outcome="201"), "by_code"),
            (Filter(target="A"), "by_target"),
            (Filter(who="10.0.0.5"), "by_who"),
            (Filter(since=1), "by_time"),
            (Filter(slower_than=2.0), "by_seconds"),
        ):
            self.assertIn(f"USING INDEX {name}", self.plan(asked))


class NoLongerFitting(Indexed):
    """A file that somebody has put other records into behind its first, and made no shorter."""

    def test_is_told_with_the_way_out(self) -> None:
        self.reopen()
        number = self.journal.write(
            "begin", {"type": "System", "command": "Open Q", "sender": "me"}
        )
        self.make()
        self.journal.close()
        whole = self.path.read_bytes()
        self.path.write_bytes(whole.replace(b'"n":%d,' % number, b'"n":%d,' % (number + 1)))
        why = f"{index_path(self.path)}: it no longer fits; remove it, and make it anew"
        error = self.assertRaises(ValueError, list, find(self.path, Filter(target="Q")))
        self.assertEqual(str(error), why)
        errors = StringIO()
        self.patch(sys, "stderr", errors)
        self.assertEqual(main(["show", str(self.path), "--target", "Q"], StringIO()), UNREADABLE)
        self.assertEqual(errors.getvalue(), f"pychron-journal: {why}\n")

    def test_one_that_cannot_be_opened_says_which_and_why(self) -> None:
        index_path(self.path).mkdir()
        error = self.assertRaises(UnusableError, Index, self.path, make=True)
        self.assertEqual(str(error).partition(":")[0], str(index_path(self.path)))
        self.assertIn("Is a directory", str(error))


class WhatWasDroppedMeanwhile(Indexed):
    """Files that are gone since it was caught up last."""

    def test_is_passed_over_and_the_rest_is_told(self) -> None:
        self.make()
        oldest, *_ = journal_files(self.path)
        oldest.unlink()
        left = self.found(Filter(who="10.0.0.5"))
        with closing(Index(self.path)) as whole:
            found = list(whole.find(Filter(who="10.0.0.5")))
        self.assertEqual(sorted((e.values["at"], e.values["hash"]) for e in found), left)
        self.assertGreater(len(left), 10)

    def test_an_end_whose_begin_nobody_knows_is_told_by_itself(self) -> None:
        self.journal.write(
            "end", {"of": 999_999, "reply": "OK", "command": "Open Q", "type": "System"}
        )
        self.make()
        (end,) = find(self.path, Filter(target="Q"))
        self.assertEqual((end.facts.event, end.facts.seconds), ("end", None))

    def test_so_is_one_that_stands_for_itself(self) -> None:
        self.journal.write("end", {"reply": "OK", "command": "Close Q", "type": "System"})
        self.make()
        (end,) = find(self.path, Filter(target="Q"))
        self.assertEqual((end.facts.event, end.facts.seconds), ("end", None))

    def test_all_that_were_taken_are_counted_however_many_at_a_time(self) -> None:
        self.patch(index, "_BATCH", 7)
        self.assertEqual(self.make(), len(self.numbers()))
        self.assert_same()

    def test_a_line_that_is_no_record_is_none(self) -> None:
        self.journal.close()
        time = '"at":"2026-03-02T10:14:05.116000Z"'
        with self.path.open("a") as file:
            for start in (f'"n":"x",{time},"event":"begin"', f'"n":7,{time},"event":""'):
                file.write(f'{{{start},"command":"Open Q","type":"System","hash":"00"}}\n')
        self.assertEqual(self.make(), len(self.numbers()))
        self.assertEqual(list(find(self.path, Filter(target="Q"))), [])
