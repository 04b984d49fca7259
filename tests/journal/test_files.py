"""The journal's files: torn lines, turning over, reading back."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import tracemalloc
from typing import Any

from pychron_comms.errors import JournalError
from pychron_comms.journal.files import journal_files, read_tail
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.journal.record import TAKEN_AWAY, read_line
from pychron_comms.journal.verify import verify
from pychron_comms.process.start import InUseError
from tests.journal.journal_case import MONDAY, Crash, Journals


class ATornLine(Journals):
    """What a power loss leaves; each time the journal is opened again."""

    def setUp(self) -> None:
        super().setUp()
        self.write(3)
        self.journal.close()
        self.whole = self.path.read_bytes()

    def recover(self, content: bytes) -> None:
        self.path.write_bytes(content)
        self.journal = self.open()
        self.write(1)
        self.journal.close()
        self.assert_clean()

    def test_is_kept_and_told_of(self) -> None:
        torn = self.whole.splitlines()[-1][:37]
        self.recover(self.whole[: self.whole.rindex(b'{"n":3')] + torn)

        self.assertEqual(self.lines()[2], torn)
        self.assertEqual(self.events(), ["begin", "begin", "torn", "begin"])
        self.assertEqual(self.numbers(), [1, 2, 3, 4])
        record = json.loads(self.lines()[3])
        self.assertEqual((record["lines"], record["length"]), (1, 37))
        self.assertEqual([found.line for found in self.verify().torn], [3])

    def test_may_end_anywhere(self) -> None:
        for end in range(len(self.whole)):
            self.recover(self.whole[:end])
            self.path.unlink()

    def test_that_lacks_nothing_but_its_end_is_a_record(self) -> None:
        self.recover(self.whole[:-1])

        self.assertEqual(self.events(), ["begin"] * 4)
        self.assertEqual(self.verify().torn, [])

    def test_may_be_zeros(self) -> None:
        self.recover(self.whole + b"\0" * 4096)
        self.path.unlink()
        self.recover(b"\0" * 4096)

        self.assertEqual(self.events(), ["torn", "begin"])

    def test_may_be_what_an_earlier_recovery_left(self) -> None:
        self.recover(self.whole + b'{"n":4,"at\n{"n":4,"a')

        record = json.loads(self.lines()[5])
        self.assertEqual((record["lines"], record["length"]), (2, 20))

    def test_is_found_behind_a_long_one_too(self) -> None:
        self.recover(self.whole + b'{"n":4' + b"x" * 300_000)

        self.assertEqual(self.numbers(), [1, 2, 3, 4, 5])

    def test_fails_the_start_where_it_cannot_be_told_of(self) -> None:
        self.path.write_bytes(self.whole + b'{"n":4')
        self.disk.write_error = errno.ENOSPC

        with self.assertRaises(ValueError) as caught:
            self.open()
        self.assertIn("No space left", str(caught.exception))
        self.assertEqual(self.path.read_bytes(), self.whole + b'{"n":4')


class Rotation(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.reopen(size=1000, keep=3)

    def names(self) -> list[str]:
        return [path.name for path in journal_files(self.path)]

    def write_until_full(self, old: int) -> None:
        for _ in range(100):
            if len(self.names()) > old and self.path.stat().st_size >= 1000:
                return
            self.write(1)
        self.fail("the file never came to its size")

    def test_lays_a_full_file_aside(self) -> None:
        self.write(10)

        self.assertEqual(self.names(), ["lab.journal.1", "lab.journal"])
        old = self.path.with_name("lab.journal.1").read_bytes()
        self.assertGreaterEqual(len(old), 1000)
        self.assertLess(len(old) - len(old.splitlines()[-1]) - 1, 1000)
        self.assertEqual(self.numbers(), list(range(1, 12)))
        self.assertEqual(self.events().count("continued"), 1)
        self.assert_clean()

    def test_keeps_so_many_and_what_is_left_can_be_verified(self) -> None:
        self.write(100)

        self.assertEqual(self.names(), [f"lab.journal.{n}" for n in (3, 2, 1)] + ["lab.journal"])
        numbers = self.numbers()
        self.assertGreater(numbers[0], 50)
        self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)))
        self.assert_clean()

    def test_drops_more_where_less_is_to_be_kept(self) -> None:
        self.write(100)
        self.reopen(size=1000, keep=1)
        self.write(10)

        self.assertEqual(self.names(), ["lab.journal.1", "lab.journal"])
        self.assert_clean()

    def test_goes_on_over_starts(self) -> None:
        for _ in range(20):
            self.write(1)
            self.reopen(size=1000, keep=30)

        self.assertEqual(self.numbers(), list(range(1, len(self.numbers()) + 1)))
        self.assert_clean()

    def test_can_be_cut_short_anywhere(self) -> None:
        for renames in range(4):
            path = self.path = self.folder / f"crash-{renames}"
            self.reopen(size=1000, keep=30)
            self.write_until_full(old=3)
            self.disk.steps_before_crash = renames
            with self.assertRaises(Crash):
                self.write(1)
            self.disk.steps_before_crash = None
            written = self.numbers()
            self.assertEqual(written, list(range(1, len(written) + 1)))

            self.reopen(size=1000, keep=30)
            self.write(3)
            self.assertEqual(self.numbers(), list(range(1, len(self.numbers()) + 1)))
            self.assertEqual(len(self.numbers()), len(written) + 4)
            self.assertEqual(self.names(), [f"{path.name}.{n}" for n in (4, 3, 2, 1)] + [path.name])
            self.assert_clean()

    def test_can_be_cut_short_after_its_renames(self) -> None:
        self.write(6)
        os.replace(self.path, self.path.with_name("lab.journal.1"))
        self.reopen(size=1000, keep=3)
        self.write(1)

        self.assertEqual(self.events()[-2:], ["continued", "begin"])
        self.assert_clean()

    def test_may_leave_a_torn_line_for_a_beginning(self) -> None:
        self.write(6)
        self.journal.close()
        os.replace(self.path, self.path.with_name("lab.journal.1"))
        self.path.write_bytes(b'{"n":7,"at"')
        self.reopen(size=1000, keep=3)
        self.write(1)

        self.assertEqual(self.events()[-2:], ["torn", "begin"])
        self.assert_clean()
        self.assertEqual(verify([self.path]).findings, [])

    def test_waits_where_it_is_not_possible(self) -> None:
        self.reopen(size=4000, keep=3)
        self.disk.rename_error = errno.EACCES
        self.write(40)

        self.assertEqual(self.names(), ["lab.journal"])
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(self.numbers(), list(range(1, 41)))
        tries, size = self.disk.rename_tries, self.path.stat().st_size
        self.assertGreater(tries, 1)
        self.assertLessEqual(tries, 1 + (size - 4000) // 400)  # a tenth of its size apart
        self.disk.rename_error = 0
        self.write(5)
        self.assertEqual(len(self.names()), 2)
        self.assert_clean()

    def test_that_cannot_open_a_new_file_fails_writes_until_it_can(self) -> None:
        self.write_until_full(old=0)
        count = len(self.numbers())
        self.disk.open_error = errno.EMFILE
        for _ in range(2):
            with self.assertRaises(JournalError) as caught:
                self.write(1)
            self.assertIn("Too many open files", str(caught.exception))

        self.disk.open_error = 0
        self.assertEqual(self.journal.write("begin", {}), count + 2)
        self.assert_clean()

    def test_does_not_disturb_who_reads(self) -> None:
        self.reopen(size=1000, keep=30)
        self.write(20)
        count = len(self.numbers())
        reading = self.journal.records()
        numbers = [next(reading)["n"] for _ in range(2)]
        self.write(12)
        numbers += [record["n"] for record in reading]

        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertGreaterEqual(len(numbers), count)


class WhatIsRead(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.reopen(size=1000, keep=30)
        for _ in range(20):
            self.write(1)
            self.time += 1

    def since(self, seconds: float) -> list[int]:
        return [record["n"] for record in self.journal.records(since=seconds)]

    def test_from_a_time_on_is_what_was_written_then_and_later(self) -> None:
        times = {record["n"]: MONDAY + index for index, record in enumerate(self.begun())}
        for number in (1, 5, 14):
            wanted = [each for each in self.numbers() if each >= number]
            self.assertIn(self.since(times[number]), (wanted, [number - 1, *wanted]))
            self.assertNotIn(number, self.since(times[number] + 0.000002))

        self.assertEqual(self.since(0), self.numbers())
        self.assertEqual(self.since(self.time), [])

    def test_does_not_open_files_that_ended_before(self) -> None:
        oldest = journal_files(self.path)[0]
        lines = oldest.read_bytes().splitlines(keepends=True)
        early = lines[0].replace(b"2026-", b"2027-")
        oldest.write_bytes(b"".join([early, *lines[1:]]))

        self.assertIn(1, self.since(0))
        self.assertNotIn(1, self.since(self.time - 5))

    def test_from_a_time_on_in_memory_is_the_same(self) -> None:
        journal = MemoryJournal(now=lambda: self.time)
        journal.write("begin", {})
        self.time += 1
        journal.write("begin", {})

        self.assertEqual([record["n"] for record in journal.records(since=self.time)], [2])
        self.assertEqual([record["n"] for record in journal.records()], [1, 2])

    def begun(self) -> list[Any]:
        return [record for record in self.journal.records() if record["event"] == "begin"]


class AFileThatGoesAway(Journals):
    def setUp(self) -> None:
        super().setUp()
        if sys.platform == "win32":
            raise self.skipTest("an open file cannot be removed here")
        self.write(2)

    def test_is_begun_anew_within_a_second_and_that_is_found(self) -> None:
        self.path.unlink()
        self.time += 1
        self.write(2)

        self.assertEqual(self.numbers(), [3, 4, 5])
        found = self.verify().findings
        self.assertEqual([each.number for each in found], [3])
        self.assertEqual(found[0].text, f"the file was {TAKEN_AWAY} while it was written")

    def test_is_found_where_it_was_cut_and_no_record_is_written_behind_half_a_line(self) -> None:
        os.truncate(self.path, self.path.stat().st_size - 20)
        self.time += 1
        self.write(1)

        self.assertEqual(self.events(), ["begin", "continued", "begin"])
        # Half a line, a record that is gone, and that it was cut.
        self.assertEqual(len(self.verify().findings), 3)

    def test_is_found_where_it_was_emptied(self) -> None:
        os.truncate(self.path, 0)
        self.time += 1
        self.write(1)

        self.assertEqual(self.events(), ["continued", "begin"])

    def test_is_found_where_somebody_else_has_written_to_it(self) -> None:
        with self.path.open("ab") as file:
            file.write(b"another's\n")
        self.time += 1
        self.write(1)

        self.assertEqual(self.events(), ["begin", "begin", "continued", "begin"])

    def test_is_looked_for_once_a_second_and_not_at_each_record(self) -> None:
        self.time += 1
        self.write(1)
        self.path.unlink()
        self.time += 0.99
        self.write(5)
        self.assertFalse(self.path.exists())
        self.time += 0.01
        self.write(1)
        self.assertEqual(self.events(), ["continued", "begin"])

    def test_is_found_where_another_stands_in_its_place(self) -> None:
        self.path.rename(self.path.with_name("aside"))
        self.path.write_bytes(b"no end")
        self.time -= 3600
        self.write(1)

        self.assertEqual(self.events(), ["continued", "begin"])
        self.assertEqual(len(self.verify().findings), 2)

    def test_is_found_too_where_its_folder_came_back_later_only(self) -> None:
        away = self.folder.with_name(f"{self.folder.name}-away")
        self.folder.rename(away)
        self.addCleanup(shutil.rmtree, away)
        self.time += 1
        for _ in range(2):
            with self.assertRaises(JournalError):
                self.write(1)
        self.folder.mkdir()
        self.write(1)

        self.assertEqual(self.numbers(), [3, 4])
        self.assertEqual([each.number for each in self.verify().findings], [3])

    def test_is_found_too_where_the_disk_was_full_when_it_was_begun_anew(self) -> None:
        self.path.rename(self.path.with_name("aside"))
        self.path.write_bytes(b"another's\n")
        self.time += 1
        self.disk.write_error = errno.ENOSPC
        self.assert_fails("No space left")
        self.disk.write_error = 0
        self.write(1)

        self.assertEqual(self.events(), ["continued", "begin"])

    def test_that_nobody_can_look_for_takes_nothing_until_it_can_be_found(self) -> None:
        self.path.unlink()
        self.path.symlink_to(self.path)
        self.time += 1
        for _ in range(3):
            with self.assertRaisesRegex(JournalError, "symbolic links"):
                self.write(1)
        self.path.unlink()
        self.write(1)

        self.assertEqual(self.numbers(), [3, 4])


class TheLock(Journals):
    def test_keeps_a_second_process_out_though_somebody_has_removed_it(self) -> None:
        if sys.platform == "win32":
            raise self.skipTest("an open file cannot be removed here")
        lock = self.path.with_name(f"{self.path.name}.lock")
        lock.unlink()
        with self.assertRaisesRegex(InUseError, "another process writes it, and its lock's file"):
            self.open()
        self.write(1)
        self.assert_clean()


class TheTail(Journals):
    def test_of_a_long_file_is_read_from_its_end(self) -> None:
        self.write(1)
        self.journal.close()
        line = self.path.read_bytes()
        with self.path.open("wb") as file:
            file.seek(50_000_000)
            file.write(b"\n" + line)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)

        tail = read_tail(self.path)

        self.assertEqual(tail.last, read_line(line[:-1]))
        self.assertLess(tracemalloc.get_traced_memory()[1], 1_000_000)
