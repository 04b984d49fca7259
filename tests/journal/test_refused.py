"""Commands that were not begun: written down without being in anybody's way."""

from __future__ import annotations

import errno
import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal.memory import MemoryJournal, NoJournal
from pychron_comms.journal.record import bounded
from tests.journal.journal_case import Journals

REPLY = "ERROR 208 : not permitted"


class Refused(Journals):
    def refuse(self, command: str = "Open A") -> None:
        self.journal.refused({"sender": "10.0.0.9", "command": command, "reply": REPLY})

    def refusals(self) -> list[dict[str, Any]]:
        return [dict(each) for each in self.journal.records() if each["event"] == "refused"]

    def test_is_a_record(self) -> None:
        self.refuse()

        (record,) = self.refusals()
        self.assertEqual(
            [record[key] for key in ("sender", "command", "reply")], ["10.0.0.9", "Open A", REPLY]
        )
        self.assert_clean()

    def test_is_told_from_a_time_on_as_what_acts_is(self) -> None:
        self.refuse("Open A")
        self.write(1)
        self.time += 60
        self.refuse("Open B")
        self.write(1)
        told = [each["event"] for each in self.journal.records(since=self.time)]
        self.assertEqual(sorted(told), ["begin", "refused"])

    def test_is_told_by_itself_too_also_after_a_start_and_a_turn_of_its_files(self) -> None:
        self.write(1)
        self.refuse("Open A")
        self.reopen(refused_size=500)
        self.time += 60
        for number in range(4):
            self.refuse(f"Open {number}")
        self.write(1)
        told = [(each["event"], each["command"]) for each in self.journal.refusals(self.time)]
        self.assertEqual(told, [("refused", f"Open {number}") for number in range(4)])
        commands = [each["command"] for each in self.journal.refusals()]
        self.assertEqual(commands, ["Open A", "Open 0", "Open 1", "Open 2", "Open 3"])

    def test_takes_little_room_whatever_was_sent(self) -> None:
        self.refuse("Open " + 65_536 * "A")

        (record,) = self.refusals()
        self.assertLess(len(json.dumps(record)), 1500)
        self.assertTrue(record["command"].endswith("A... (65541 characters)"))

    def test_raises_nothing_on_a_full_disk_and_is_counted(self) -> None:
        self.disk.write_error = errno.ENOSPC
        for _ in range(3):
            self.refuse()
        self.disk.write_error = 0
        self.refuse()
        self.refuse()

        self.assertEqual([each.get("missing") for each in self.refusals()], [3, None])

    def test_raises_nothing_once_it_is_closed(self) -> None:
        self.journal.close()
        self.refuse()

        self.assertEqual(self.refusals(), [])


class OtherJournals(SynchronousTestCase):
    def test_take_them_too(self) -> None:
        NoJournal().refused({"command": "Open A"})
        journal = MemoryJournal()
        journal.failing = "the disk is full"
        journal.refused({"command": "Open A"})
        journal.failing = ""
        journal.refused({"command": "Open B"})

        (record,) = journal.records()
        self.assertEqual((record["event"], record["missing"]), ("refused", 1))


class Bounded(SynchronousTestCase):
    def test_counts_bytes_and_cuts_no_character(self) -> None:
        for text in ("A" * 1024, "µ" * 512, "\U0001f600" * 256, "A" * 200, ""):
            self.assertEqual(bounded({"text": text}), {"text": text})
        for text in ("A" * 1025, "µ" * 513, "A" + "\U0001f600" * 256, "\udc80" * 400):
            cut = bounded({"text": text})["text"]
            self.assertLessEqual(len(cut.encode()), 1024)
            self.assertTrue(cut.endswith(f"... ({len(text)} characters)"))

    def test_leaves_what_is_no_text(self) -> None:
        self.assertEqual(bounded({"a": None, "b": 2.5}), {"a": None, "b": 2.5})
