"""Records: how they are written, and what a disk that fails does to them."""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import IJournal
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.lock import holder
from pychron_comms.journal.memory import MemoryJournal, NoJournal
from pychron_comms.journal.page import Disk
from pychron_comms.journal.record import read_line
from tests.journal.journal_case import _TAKEN, MONDAY, Journals, _fields, _text_of
from tests.properties import holds


class ARecord(Journals):
    def test_is_one_line_of_json_with_its_keys_in_order(self) -> None:
        number = self.journal.write(
            "begin", {"type": "System", "command": "Open A", "key": None, "ttl": 2.5}
        )

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
        self.journal.write("begin", {"command": sent})

        self.assertEqual(next(iter(self.journal.records()))["command"], sent)
        self.assertEqual(self.path.read_bytes().count(b"\n"), 1)
        self.assert_clean()

    def test_keeps_letters_readable_for_grep(self) -> None:
        self.journal.write("begin", {"command": "Set µ 5"})

        self.assertIn("Set µ 5".encode(), self.lines()[0])

    def test_says_in_words_what_json_does_not_know(self) -> None:
        self.journal.write("start", {"file": Path("/lab.toml"), "code": errno.ENOSPC})

        record = next(iter(self.journal.records()))
        self.assertEqual((record["file"], record["code"]), (str(Path("/lab.toml")), errno.ENOSPC))

    def test_is_refused_where_it_cannot_be_written_and_leaves_nothing(self) -> None:
        ring: list[Any] = []
        ring.append(ring)
        own = "at, event, hash, n are fields of the journal's own"
        for fields, why in (
            ({"value": float("nan")}, "Out of range float values are not JSON compliant"),
            ({"value": ring}, "Circular reference detected"),
            ({"value": {(1, 2): 3}}, "keys must be str, int, float, bool or None, not tuple"),
            ({"n": 7}, own),
        ):
            with self.assertRaises(JournalError) as caught:
                self.journal.write("begin", fields)
            # Python 3.12 names the number, too.
            self.assertTrue(str(caught.exception).startswith(f"journal: {why}"), caught.exception)

        self.assertEqual(self.lines(), [])
        self.assertEqual(self.journal.write("begin", {}), 1)

    @holds
    @given(_fields)
    def test_is_read_back_as_it_was_written(self, given_fields: dict[str, Any]) -> None:
        fields = {key: given_fields[key] for key in given_fields if key not in _TAKEN}
        journal = MemoryJournal(now=lambda: MONDAY)
        try:
            journal.write("begin", fields)
        except JournalError:
            self.assertIn("Out of range float", _text_of(fields))
            return
        record = dict(next(iter(journal.records())))

        self.assertEqual(list(record)[:3], ["n", "at", "event"])
        self.assertEqual({key: record[key] for key in fields}, fields)


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

    def test_so_is_its_lock(self) -> None:
        if os.name != "posix":
            raise self.skipTest("no POSIX modes here")
        lock = self.path.with_name(f"{self.path.name}.lock")
        self.assertEqual(stat.S_IMODE(lock.stat().st_mode), 0o600)
        self.assertEqual(lock.read_text(), f"{os.getpid()}\n")

    def test_a_lock_says_who_holds_it_now(self) -> None:
        lock = self.path.with_name(f"{self.path.name}.lock")
        lock.write_text("123456789 was here\n")
        self.reopen()
        self.assertEqual(lock.read_text(), f"{os.getpid()}\n")

    def test_of_a_lock_that_cannot_be_read_nobody_is_the_holder(self) -> None:
        lock = self.path.with_name(f"{self.path.name}.lock")
        self.assertEqual(holder(lock), str(os.getpid()))
        lock.write_bytes(b"\xff")
        self.assertEqual(holder(lock), "")
        self.assertEqual(holder(self.folder / "none"), "")

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
        error = self.assertRaises(JournalError, self.journal.write, "begin", {})
        self.assertEqual(str(error), "journal: it is closed")

    def test_says_that_its_folder_is_missing(self) -> None:
        self.path = self.folder / "elsewhere" / "lab.journal"

        self.assert_cannot_open(f"{self.path.absolute()}: there is no folder")

    def test_is_not_written_by_two(self) -> None:
        said = (
            f"another process writes it (process {os.getpid()}): a laboratory with this journal "
            "runs already; pychron-lab status says how it is"
        )
        self.assert_cannot_open(said)
        # Of who cannot be read, nothing is said.
        lock = self.path.with_name(f"{self.path.name}.lock")
        lock.write_text("?")
        self.assert_cannot_open("another process writes it: a laboratory")

        self.journal.close()
        self.open()

    def test_says_that_its_lock_cannot_be_opened(self) -> None:
        self.journal.close()
        lock = self.path.with_name(f"{self.path.name}.lock")
        lock.unlink()
        lock.mkdir()
        self.assert_cannot_open(f"{self.path.absolute()}: Is a directory")

    def test_leaves_alone_what_is_no_journal(self) -> None:
        self.journal.close()
        self.path.write_text("My thesis\n")

        self.assert_cannot_open("something else than a journal")
        self.assertEqual(self.path.read_text(), "My thesis\n")

    def test_may_be_what_a_power_loss_left_of_its_beginning(self) -> None:
        for left in (b"", b"\0" * 9, b'\0\0{"n"', b'{"n":1,"at"', b'\0\0{"n":1,"event'):
            self.journal.close()
            self.path.write_bytes(left)
            self.journal = self.open()
            self.write(1)
            self.assertEqual(self.events()[-1], "begin")
            self.assert_clean()
        for other in (b'\0\0{"x', b'{"N":1', b"n", b"X"):
            self.journal.close()
            self.path.write_bytes(other)
            self.assert_cannot_open("something else than a journal")

    def test_is_no_folder(self) -> None:
        self.path = self.folder / "folder"
        self.path.mkdir()

        self.assertEqual(self.why_not_opened(), f"{self.path}: it is no file")

    def test_says_why_it_cannot_be_opened(self) -> None:
        self.journal.close()
        self.disk.open_error = errno.EACCES

        self.assertEqual(self.why_not_opened(), f"{self.path}: Permission denied")
        self.disk.open_error = 0
        self.open()

    def why_not_opened(self) -> str:
        with self.assertRaises(ValueError) as caught:
            self.open()
        return str(caught.exception)

    def assert_cannot_open(self, reason: str) -> None:
        why = self.why_not_opened()
        self.assertIn(reason, why)
        self.assertNotIn("\n", why)


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

        self.assertEqual(self.journal.write("begin", {}), 3)
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

        # What the start found comes first.
        self.assertEqual(self.disk.synced, ["folder", "file", "file", "file"])

    def test_is_done_of_the_folder_too_which_has_the_names(self) -> None:
        synced: list[bool] = []
        self.patch(os, "fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)))
        Disk().sync_folder(self.folder)
        self.assertEqual(synced, [True])
        self.patch(os, "name", "nt")  # where a folder cannot be opened
        Disk().sync_folder(self.folder)

        self.assertEqual(synced, [True])


class OtherJournals(SynchronousTestCase):
    def test_keep_to_the_interface(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = FileJournal(folder / "lab.journal")
        self.addCleanup(file.close)
        for journal in (NoJournal(), MemoryJournal(), file):
            verifyObject(IJournal, journal)
            self.assertEqual([journal.write("begin", {}), journal.write("end", {"of": 1})], [1, 2])

    def test_what_is_written_soon_is_all_that_was_given(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = FileJournal(folder / "lab.journal")
        self.addCleanup(file.close)
        for journal in (file, MemoryJournal()):
            journal.write_soon("begin", {"command": "Open A"}, lambda _: None)
            (record,) = journal.records()
            self.assertEqual((record["event"], record["command"]), ("begin", "Open A"))

    def test_in_memory_keeps_what_a_file_would_give_back(self) -> None:
        journal = MemoryJournal(now=lambda: MONDAY)
        journal.write("begin", {"command": "Open A", "place": Path("a")})

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

    def test_in_memory_is_chained_as_a_file_is(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = FileJournal(folder / "lab.journal", now=lambda: MONDAY)
        self.addCleanup(file.close)
        memory = MemoryJournal(now=lambda: MONDAY)
        for journal in (file, memory):
            journal.write("begin", {"command": "Open A"})
            journal.write("end", {"of": 1})
        self.assertEqual(list(memory.records()), list(file.records()))

    def test_in_memory_refuses_what_a_file_does_and_says_why(self) -> None:
        memory = MemoryJournal()
        error = self.assertRaises(JournalError, memory.write, "begin", {"n": 1})
        self.assertIn("are fields of the journal's own", str(error))
        self.assertEqual(list(memory.records()), [])

    def test_in_memory_fails_on_demand(self) -> None:
        journal = MemoryJournal()
        journal.failing = "disk full"
        with self.assertRaises(JournalError) as caught:
            journal.write("begin", {})

        self.assertEqual(str(caught.exception), "journal: disk full")
        journal.failing = ""
        self.assertEqual(journal.write("begin", {}), 1)
        journal.close()
        with self.assertRaises(JournalError) as caught:
            journal.write("begin", {})
        self.assertEqual(str(caught.exception), "journal: it is closed")

    def test_of_nothing_keeps_nothing(self) -> None:
        journal = NoJournal()
        journal.write("begin", {})
        journal.refused({"command": "Open A"})
        journal.close()

        self.assertEqual([*journal.records(), *journal.refusals()], [])
