"""The journal in files: what stands in them, and what is left after a fault."""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import stat
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.files import journal_files, read_tail
from pychron_comms.journal.memory import MemoryJournal, NoJournal
from pychron_comms.journal.page import Disk
from pychron_comms.journal.record import read_line
from pychron_comms.journal.verify import Report, verify
from tests.properties import holds, json_values

MONDAY = 1772446445.116  # 2026-03-02T10:14:05.116Z


class Crash(Exception):
    """The process dies at this point."""


class FaultyDisk(Disk):
    """Fails as a test tells it; what it does otherwise it does for real."""

    def __init__(self) -> None:
        self.takes: int | None = None  # of each write so many bytes, then it is full
        self.write_error = 0
        self.truncate_error = 0
        self.sync_error = 0
        self.open_error = 0
        self.rename_error = 0
        self.rename_tries = 0
        self.renames_before_crash: int | None = None
        self.synced: list[str] = []
        self.writes: list[bytes] = []

    def open(self, path: Path) -> int:
        self._fail(self.open_error)
        return super().open(path)

    def write(self, fd: int, data: bytes) -> int:
        self.writes.append(data)
        if self.write_error:
            super().write(fd, data[: self.takes or 0])
            self._fail(self.write_error)
        return super().write(fd, data[: self.takes])

    def truncate(self, fd: int, size: int) -> None:
        self._fail(self.truncate_error)
        super().truncate(fd, size)

    def sync(self, fd: int) -> None:
        self._fail(self.sync_error)
        self.synced.append("file")
        super().sync(fd)

    def sync_folder(self, path: Path) -> None:
        self.synced.append("folder")
        super().sync_folder(path)

    def rename(self, old: Path, new: Path) -> None:
        self.rename_tries += 1
        self._fail(self.rename_error)
        if self.renames_before_crash is not None:
            if not self.renames_before_crash:
                raise Crash
            self.renames_before_crash -= 1
        super().rename(old, new)

    def _fail(self, number: int) -> None:
        if number:
            raise OSError(number, os.strerror(number))


_TAKEN = frozenset({"n", "at", "event", "hash", "self"})
_fields = st.dictionaries(st.text(), json_values)


class Journals(SynchronousTestCase):
    """What the classes below share: one file, opened again and again."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "lab.journal"
        self.disk = FaultyDisk()
        self.time = MONDAY
        self.journal = self.open()

    def open(self, **options: Any) -> FileJournal:
        journal = FileJournal(self.path, now=lambda: self.time, disk=self.disk, **options)
        self.addCleanup(journal.close)
        return journal

    def reopen(self, **options: Any) -> None:
        self.journal.close()
        self.journal = self.open(**options)

    def write(self, count: int) -> None:
        for _ in range(count):
            self.journal.write("begin", sender="10.0.0.5", command="Open A")

    def lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines()

    def numbers(self) -> list[int]:
        return [record["n"] for record in self.journal.records()]

    def events(self) -> list[str]:
        return [record["event"] for record in self.journal.records()]

    def verify(self, **options: Any) -> Report:
        return verify(journal_files(self.path), **options)

    def assert_clean(self) -> None:
        self.assertEqual(self.verify().findings, [])

    def assert_fails(self, reason: str) -> None:
        before = self.path.read_bytes()
        with self.assertRaises(JournalError) as caught:
            self.write(1)
        self.assertIn(reason, str(caught.exception))
        self.assertEqual(caught.exception.code, 214)
        self.assertEqual(self.path.read_bytes(), before)


class ARecord(Journals):
    def test_is_one_line_of_json_with_its_keys_in_order(self) -> None:
        number = self.journal.write("begin", type="System", command="Open A", key=None, ttl=2.5)

        line = self.path.read_bytes()
        self.assertEqual(number, 1)
        self.assertTrue(
            line.startswith(
                b'{"n":1,"at":"2026-03-02T10:14:05.116000Z","event":"begin","type":"System",'
                b'"command":"Open A","key":null,"ttl":2.5,"hash":"'
            )
        )
        self.assertEqual(line.count(b"\n"), 1)
        self.assertEqual(list(json.loads(line))[-1], "hash")

    def test_is_written_at_once_in_one_write(self) -> None:
        self.write(3)

        self.assertEqual(self.disk.writes, [line + b"\n" for line in self.lines()])

    def test_has_a_hash_over_the_hash_before_it_and_its_own_bytes(self) -> None:
        self.write(2)

        previous = "0" * 64
        for line in self.lines():
            values = json.loads(line)
            digest = values.pop("hash")
            body = json.dumps(values, separators=(",", ":"))
            self.assertEqual(digest, hashlib.sha256((previous + body).encode()).hexdigest())
            previous = digest
        self.assertEqual(self.journal.head, (2, previous))

    def test_has_a_keyed_hash_where_there_is_a_secret(self) -> None:
        self.reopen(secret=b"open sesame")
        self.write(1)

        values = json.loads(self.lines()[0])
        digest = values.pop("hash")
        body = json.dumps(values, separators=(",", ":"))
        keyed = hmac.new(b"open sesame", ("0" * 64 + body).encode(), "sha256")
        self.assertEqual(digest, keyed.hexdigest())

    def test_stays_one_line_whatever_a_client_has_sent(self) -> None:
        sent = 'Open "A"\r\n\u2028\x85\x00\udc80 µ'
        self.journal.write("begin", command=sent)

        self.assertEqual(next(iter(self.journal.records()))["command"], sent)
        self.assertEqual(self.path.read_bytes().count(b"\n"), 1)
        self.assert_clean()

    def test_keeps_letters_readable_for_grep(self) -> None:
        self.journal.write("begin", command="Set µ 5")

        self.assertIn("Set µ 5".encode(), self.lines()[0])

    def test_says_in_words_what_json_does_not_know(self) -> None:
        self.journal.write("start", file=Path("/lab.toml"), code=errno.ENOSPC)

        record = next(iter(self.journal.records()))
        self.assertEqual((record["file"], record["code"]), (str(Path("/lab.toml")), errno.ENOSPC))

    def test_is_refused_where_it_cannot_be_written_and_leaves_nothing(self) -> None:
        ring: list[Any] = []
        ring.append(ring)
        for fields in ({"value": float("nan")}, {"value": ring}, {"value": {(1, 2): 3}}, {"n": 7}):
            with self.assertRaises(JournalError):
                self.journal.write("begin", **fields)

        self.assertEqual(self.lines(), [])
        self.assertEqual(self.journal.write("begin"), 1)

    @holds
    @given(_fields)
    def test_is_read_back_as_it_was_written(self, given_fields: dict[str, Any]) -> None:
        fields = {key: given_fields[key] for key in given_fields if key not in _TAKEN}
        journal = MemoryJournal(now=lambda: MONDAY)
        try:
            journal.write("begin", **fields)
        except JournalError:
            self.assertIn("Out of range float", _text_of(fields))
            return
        record = dict(next(iter(journal.records())))

        self.assertEqual(list(record)[:3], ["n", "at", "event"])
        self.assertEqual({key: record[key] for key in fields}, fields)


def _text_of(fields: dict[str, Any]) -> str:
    try:
        return json.dumps(fields, allow_nan=False)
    except ValueError as error:
        return str(error)


class ALine(SynchronousTestCase):
    def test_is_no_record_unless_it_has_all_its_parts(self) -> None:
        whole = b'{"n":1,"at":"x","event":"y","hash":"%b"}' % (b"0" * 64)
        self.assertIsNotNone(read_line(whole))

        for other in (
            b"",
            whole[:-1],
            whole + b" ",
            whole.replace(b'"n":1', b'"n":"1"'),
            whole.replace(b'"at"', b'"to"'),
            b"[" + whole,
            b"[" * 100_000 + whole[-75:],
        ):
            self.assertIsNone(read_line(other))


class Files(Journals):
    def test_is_for_its_owner_alone(self) -> None:
        if os.name != "posix":
            raise self.skipTest("no POSIX modes here")
        self.write(1)

        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_goes_on_after_a_start(self) -> None:
        self.write(2)
        self.reopen()
        self.write(2)

        self.assertEqual(self.numbers(), [1, 2, 3, 4])
        self.assert_clean()

    def test_takes_no_record_once_it_is_closed(self) -> None:
        self.journal.close()
        self.journal.close()

        self.assert_fails("closed")

    def test_says_that_its_folder_is_missing(self) -> None:
        self.path = self.folder / "elsewhere" / "lab.journal"

        self.assert_cannot_open(f"{self.path.absolute()}: there is no folder")

    def test_is_not_written_by_two(self) -> None:
        self.assert_cannot_open("another process writes it")

        self.journal.close()
        self.open()

    def test_leaves_alone_what_is_no_journal(self) -> None:
        self.journal.close()
        self.path.write_text("My thesis\n")

        self.assert_cannot_open("something else than a journal")
        self.assertEqual(self.path.read_text(), "My thesis\n")

    def test_is_no_folder(self) -> None:
        self.path = self.folder / "folder"
        self.path.mkdir()

        self.assert_cannot_open("it is no file")

    def test_says_why_it_cannot_be_opened(self) -> None:
        self.journal.close()
        self.disk.open_error = errno.EACCES

        self.assert_cannot_open("Permission denied")
        self.disk.open_error = 0
        self.open()

    def assert_cannot_open(self, reason: str) -> None:
        with self.assertRaises(ValueError) as caught:
            self.open()
        self.assertIn(reason, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))


class AFailedWrite(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.write(2)

    def test_leaves_nothing_of_a_short_one(self) -> None:
        self.disk.takes = 12

        self.assert_fails("the disk took 12 of ")

    def test_leaves_nothing_of_one_with_an_error(self) -> None:
        self.disk.takes = 12
        self.disk.write_error = errno.ENOSPC

        self.assert_fails("No space left on device")

    def test_leaves_nothing_of_one_that_was_not_synced(self) -> None:
        self.reopen(sync=True)
        self.disk.sync_error = errno.EIO

        self.assert_fails("Input/output error")

    def test_is_followed_by_one_that_succeeds(self) -> None:
        self.disk.takes = 12
        self.assert_fails("12 of")
        self.disk.takes = None

        self.assertEqual(self.journal.write("begin"), 3)
        self.assertEqual(self.numbers(), [1, 2, 3])
        self.assert_clean()

    def test_is_cut_off_later_where_that_fails_too(self) -> None:
        self.disk.takes = 12
        self.disk.truncate_error = errno.EIO
        for _ in range(2):
            with self.assertRaises(JournalError):
                self.write(1)
        self.assertEqual(len(self.lines()), 3)
        self.disk.takes = None
        with self.assertRaises(JournalError):
            self.write(1)

        self.disk.truncate_error = 0
        self.write(1)
        self.assertEqual(self.numbers(), [1, 2, 3])
        self.assertEqual(len(self.lines()), 3)
        self.assert_clean()

    def test_is_found_at_the_next_start_where_it_was_never_cut_off(self) -> None:
        self.disk.takes = 12
        self.disk.truncate_error = errno.EIO
        with self.assertRaises(JournalError):
            self.write(1)
        self.disk.takes = None
        self.reopen()
        self.write(1)

        self.assertEqual(self.events(), ["begin", "begin", "torn", "begin"])
        self.assert_clean()

    def test_does_not_lengthen_a_file_that_somebody_has_cut(self) -> None:
        self.disk.takes = 12
        os.truncate(self.path, 5)
        with self.assertRaises(JournalError):
            self.write(1)

        self.assertNotIn(b"\0", self.path.read_bytes())


class Sync(Journals):
    def test_is_done_after_each_record_where_it_is_wanted(self) -> None:
        self.write(1)
        self.assertEqual(self.disk.synced, [])
        self.reopen(sync=True)
        self.write(2)

        self.assertEqual(self.disk.synced, ["folder", "file", "file"])


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
            self.disk.renames_before_crash = renames
            with self.assertRaises(Crash):
                self.write(1)
            self.disk.renames_before_crash = None
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
        self.assertEqual(self.journal.write("begin"), count + 2)
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
        journal.write("begin")
        self.time += 1
        journal.write("begin")

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
        self.assertIn("removed or moved while it was written", str(found[0]))

    def test_is_found_where_another_stands_in_its_place(self) -> None:
        self.path.rename(self.path.with_name("aside"))
        self.path.write_bytes(b"no end")
        self.time -= 3600
        self.write(1)

        self.assertEqual(self.events(), ["continued", "begin"])
        self.assertEqual(len(self.verify().findings), 2)


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


class OtherJournals(SynchronousTestCase):
    def test_keep_to_the_interface(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = FileJournal(folder / "lab.journal")
        self.addCleanup(file.close)
        for journal in (NoJournal(), MemoryJournal(), file):
            verifyObject(IJournal, journal)
            self.assertEqual([journal.write("begin"), journal.write("end", of=1)], [1, 2])

    def test_in_memory_keeps_what_a_file_would_give_back(self) -> None:
        journal = MemoryJournal(now=lambda: MONDAY)
        journal.write("begin", command="Open A", place=Path("a"))

        (record,) = journal.records()
        self.assertEqual(
            dict(record) | {"hash": ""},
            {
                "n": 1,
                "at": "2026-03-02T10:14:05.116000Z",
                "event": "begin",
                "command": "Open A",
                "place": "a",
                "hash": "",
            },
        )

    def test_in_memory_fails_on_demand(self) -> None:
        journal = MemoryJournal()
        journal.failing = "disk full"
        with self.assertRaises(JournalError) as caught:
            journal.write("begin")

        self.assertEqual(str(caught.exception), "journal: disk full")
        journal.failing = ""
        self.assertEqual(journal.write("begin"), 1)
        journal.close()
        with self.assertRaises(JournalError):
            journal.write("begin")

    def test_of_nothing_keeps_nothing(self) -> None:
        journal = NoJournal()
        journal.write("begin")
        journal.close()

        self.assertEqual(list(journal.records()), [])
