"""What outlives the files that are dropped: a flood, a crash at each step, a full disk."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.logger import capturedLogs
from twisted.python.monkey import MonkeyPatcher
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError
from pychron_comms.journal import checkpoint
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.files import journal_files, refused_path
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.journal.verify import verify
from tests.journal.journal_case import Crash, Journals

LIVE = 3

DAY = 86400


class Keys:
    """A memory of the last keys, as the processor has one: it is carried over and recalled."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def add(self, key: str) -> None:
        self.keys = [*(each for each in self.keys if each != key), key][-LIVE:]

    def carried(self) -> Iterator[Mapping[str, Any]]:
        return ({"event": "begin", "key": key} for key in self.keys)

    def recall(self, records: Iterator[Mapping[str, Any]]) -> None:
        for each in records:
            if each["event"] == "begin":
                self.add(each["key"])


class Turning(Journals):
    """A journal that turns over at every sixth record, and keeps one old file."""

    def setUp(self) -> None:
        super().setUp()
        self.restart()
        self.count = 0

    def restart(self, **options: Any) -> None:
        options = {"size": 1000, "keep": 1, "refused_size": 1000, "refused_keep": 1} | options
        self.journal.close()
        self.journal = self.open(**options)
        self.keys = Keys()
        self.journal.carry(self.keys.carried)
        self.keys.recall(self.journal.recall())

    def begin(self, count: int = 1) -> None:
        for _ in range(count):
            self.count += 1
            key = f"key-{self.count}"
            self.journal.write("begin", {"key": key})
            self.keys.add(key)

    def newest(self) -> list[str]:
        return [f"key-{number}" for number in range(self.count - LIVE + 1, self.count + 1)]

    def verify_all(self) -> None:
        self.assert_clean()
        self.assertEqual(verify(journal_files(refused_path(self.path))).findings, [])


class CarryingOver(Turning):
    def test_what_is_carried_is_known_after_its_files_are_gone(self) -> None:
        self.begin(2)
        self.keys.keys = ["an old one"]
        for _ in range(30):
            self.journal.write("claim", {"part": "A"})
        self.assertNotIn(b"key-2", b"".join(each.read_bytes() for each in self.all_files()))
        self.restart()

        self.assertEqual(self.keys.keys, ["an old one"])
        self.verify_all()

    def test_so_it_is_where_the_clock_was_set_forward_past_all_that_a_start_reads(self) -> None:
        self.begin(2)
        self.time += 2 * DAY
        self.journal.write("claim", {"part": "A"})
        self.journal.close()
        self.journal = self.open(size=1000)
        recalled = [*self.journal.recall(since=self.time - DAY)]

        self.assertEqual([each.get("key") for each in recalled], ["key-1", "key-2", None])
        self.verify_all()

    def test_it_is_again_where_the_disk_could_not_keep_it(self) -> None:
        self.restart(sync=True)
        while "continued" not in self.events():
            self.begin()
        self.assertNotIn("checkpoint", self.events())
        self.keys.keys = ["an old one"]
        self.disk.sync_error = errno.EIO
        self.assertRaises(JournalError, self.journal.write, "claim", {"part": "A"})
        self.disk.sync_error = 0
        for _ in range(2):
            self.journal.write("claim", {"part": "A"})
        self.restart()

        self.assertEqual(self.keys.keys, ["an old one"])
        self.verify_all()

    def test_the_newest_checkpoint_is_where_a_start_begins(self) -> None:
        self.begin(40)
        events = [each["event"] for each in self.journal.recall()]
        whole = self.path.read_bytes()

        self.assertEqual(self.lines()[0].count(b'"continued"'), 1)
        self.assertLess(len(events), len(whole.splitlines()) + LIVE)

    def test_much_is_carried_in_several_records(self) -> None:
        self.keys.keys = [f"{number}" for number in range(600)]
        self.journal.write("begin", {"key": "a"})
        self.restart(size=100_000)
        self.keys.keys = [f"{number}" for number in range(600)]
        for _ in range(1000):
            self.journal.write("begin", {"key": "z"})

        carried = [each["key"] for each in self.journal.recall() if each["event"] == "begin"]
        self.assertEqual(carried[:600], [f"{number}" for number in range(600)])
        self.assertEqual(self.events().count("carried"), 6)
        self.verify_all()

    def test_a_running_command_is_known_by_its_number(self) -> None:
        self.patch(self.keys, "carried", lambda: iter([{"event": "begin", "n": 1, "key": "a"}]))
        self.restart()
        self.journal.carry(lambda: [{"event": "begin", "n": 1, "key": "a"}])
        for _ in range(20):
            self.journal.write("claim", {})
        self.journal.write("end", {"of": 1, "reply": "OK"})

        told = [each for each in self.journal.recall() if each["event"] in {"begin", "end"}]
        self.assertEqual([told[0]["n"], told[-1]["of"]], [1, 1])

    def test_from_a_time_on_is_all_that_is_carried_and_what_came_later(self) -> None:
        self.begin(6)
        later = self.time + 3600
        self.assertEqual(list(self.journal.recall(since=later)), [])
        self.begin(5)
        self.time = later
        self.begin(2)

        keys = [each["key"] for each in self.journal.recall(since=later)]
        self.assertEqual(len(keys), LIVE + 2)
        self.assertEqual(keys[-2:], ["key-12", "key-13"])

    def test_time_in_which_nothing_was_written_is_none(self) -> None:
        """The computer's clock may have been set forward by days, and the keys are of just now."""
        self.begin(2)
        self.time += 7 * 86400
        self.reopen(size=1000, keep=4)
        keys = [each["key"] for each in self.journal.recall(since=self.time - 3600)]
        self.assertEqual(keys, ["key-1", "key-2"])

    def test_a_journal_that_never_turned_is_read_from_its_beginning(self) -> None:
        self.begin(3)
        self.journal.refused({"command": "Open A"})

        self.assertEqual([each["event"] for each in self.journal.recall()], ["begin"] * 3)

    def all_files(self) -> list[Path]:
        return [*journal_files(self.path), *journal_files(refused_path(self.path))]


class Flood(Turning):
    def test_of_what_is_refused_moves_nothing_that_acts(self) -> None:
        self.begin(4)
        before = self.path.read_bytes()
        for number in range(400):
            self.journal.refused({"command": "Open " + 65_536 * "A", "key": f"{number}"})

        self.assertEqual(journal_files(self.path), [self.path])
        self.assertEqual(self.path.read_bytes(), before)
        self.restart()
        self.assertEqual(self.keys.keys, self.newest())
        self.verify_all()

    def test_has_no_more_room_than_is_given(self) -> None:
        for _ in range(400):
            self.journal.refused({"command": "Open A"})

        files = journal_files(refused_path(self.path))
        self.assertEqual(len(files), 2)
        self.assertLess(sum(each.stat().st_size for each in files), 2500)

    def test_does_not_wait_for_the_disk(self) -> None:
        self.restart(sync=True)
        self.disk.synced.clear()
        self.journal.refused({"command": "Open A"})

        self.assertEqual(self.disk.synced, [])

    def test_is_among_the_records_by_its_time(self) -> None:
        for write in (self.begin, lambda: self.journal.refused({}), self.begin):
            write()
            self.time += 1

        self.assertEqual(self.events(), ["begin", "refused", "begin"])


class BitByBit(Turning):
    """What is carried over is written a little with each record, so that none waits for all."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(checkpoint, "_GROUP", 1)

    def test_no_record_waits_for_all_of_it(self) -> None:
        self.keys.keys = [f"{number}" for number in range(40)]
        self.disk.writes.clear()
        for _ in range(20):
            self.journal.write("claim", {})

        self.assertLess(max(each.count(b'"carried"') for each in self.disk.writes), 3)

    def test_nor_for_all_of_it_to_be_told(self) -> None:
        """On 4964d53 all was told at once: a hundred thousand keys, and one command waited."""
        told: list[int] = []

        def carrier() -> Iterator[Mapping[str, Any]]:
            for number in range(1000):
                told.append(number)
                yield {"event": "begin", "key": f"{number}"}

        self.journal.carry(carrier)
        while not told:
            self.journal.write("claim", {})
        self.assertLess(len(told), 3)
        before = len(told)
        self.journal.write("claim", {})
        self.assertLess(len(told) - before, 3)

    def test_what_changes_meanwhile_is_known_as_it_is(self) -> None:
        told = [{"event": "begin", "key": f"{number}"} for number in range(4)]
        self.journal.carry(lambda: iter([*told, {"event": "claim", "part": "A"}]))
        while "carried" not in self.events():
            self.journal.write("other", {})
        self.journal.write("release", {"part": "A"})
        while "checkpoint" not in self.events():
            self.journal.write("other", {})

        events = [each["event"] for each in self.journal.recall()]
        self.assertLess(events.index("claim"), events.index("release"))
        text = self.path.read_text("utf-8")
        self.assertLess(text.index("release"), text.index("claim"))
        self.verify_all()


class ACrash(Turning):
    """The processor dies at each step that its disk takes, and starts again."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(checkpoint, "_GROUP", 1)

    def test_at_any_step_loses_nothing_that_was_written(self) -> None:
        for sync in (False, True):
            for steps in range(40):
                self.crash(steps, sync)

    def test_at_two_steps_in_a_row_loses_nothing_either(self) -> None:
        for first in range(12):
            for second in range(12):
                self.crash(first, sync=False, again=second)

    def crash(self, steps: int, sync: bool, again: int | None = None) -> None:
        self.path = self.folder / f"{steps}-{sync}-{again}"
        self.count = 0
        self.restart(sync=sync)
        self.begin(5)  # the next one turns it over
        for each in (steps, again):
            if each is not None:
                self.die(each)
                self.restart(sync=sync)
                self.assert_known(steps, sync, again)

    def die(self, steps: int) -> None:
        self.disk.steps_before_crash = steps
        with self.assertRaises(Crash):
            while True:
                self.begin()
        self.disk.steps_before_crash = None

    def assert_known(self, *which: object) -> None:
        """The one that it died of may stand there or not."""
        if self.keys.keys != self.newest():
            self.count -= 1
        self.assertEqual(self.keys.keys, self.newest(), which)
        self.verify_all()


class WhatCannotBeCarried(Turning):
    def test_on_a_full_disk_is_told_once_and_without_a_traceback(self) -> None:
        def carry() -> Iterator[dict[str, str]]:
            yield {"event": "begin", "key": "k" * 5000}

        self.patch(self.journal._acts, "_carriers", [carry])
        write = self.disk.write

        def refuse_what_is_long(fd: int, data: bytes) -> int:
            if len(data) > 4000:
                raise OSError(errno.ENOSPC, "full")
            return write(fd, data)

        self.patch(self.disk, "write", refuse_what_is_long)
        with capturedLogs() as logs:
            for _ in range(30):
                self.begin()
                self.time += 1.5
        told = [each for each in logs if "carried over" in each["log_format"]]
        self.assertEqual(["log_failure" in each for each in told], [False])

    def test_keeps_the_older_files_until_it_can(self) -> None:
        self.begin(5)
        failing = mock.Mock(side_effect=KeyError("a bug"))
        self.patch(self.journal._acts, "_carriers", [failing])
        self.begin(30)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(failing.call_count, 1)
        self.assertEqual(self.numbers()[0], 1)
        self.time += 1
        self.patch(self.journal._acts, "_carriers", [self.keys.carried])
        self.begin(30)

        self.assertLess(self.path.stat().st_size, 3000)
        self.restart()
        self.assertEqual(self.keys.keys, self.newest())
        self.verify_all()

    def test_is_tried_again_after_a_full_disk(self) -> None:
        self.begin(5)
        full = self.fill_when(lambda data: b'"carried"' in data)
        self.begin(30)
        self.assertEqual(self.flushLoggedErrors(OSError), [])
        full.restore()
        self.restart()

        self.assertEqual(self.keys.keys, self.newest())
        self.begin(1)
        self.assertIn("checkpoint", self.events())
        self.verify_all()

    def fill_when(self, is_too_much: Callable[[bytes], bool]) -> MonkeyPatcher:
        write = self.disk.write

        def take(fd: int, data: bytes) -> int:
            if is_too_much(data):
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(fd, data)

        return self.patch(self.disk, "write", take)


class WorkAtAStart(Turning):
    """Counted, not timed: a journal at its limits is read from its newest checkpoint on."""

    def test_grows_with_one_file_and_not_with_all(self) -> None:
        self.restart(keep=30, size=5000)
        self.begin(1000)
        files = journal_files(self.path)
        self.assertEqual(len(files), 31)
        with mock.patch.object(checkpoint, "_decode", wraps=checkpoint._decode) as decode:
            self.restart(keep=30, size=5000)

        self.assertEqual(self.keys.keys, self.newest())
        self.assertLess(decode.call_count, len(self.lines()) + 40)

    def test_holds_one_record_at_a_time(self) -> None:
        self.restart(size=10**6)
        self.begin(100)

        records = self.journal.recall()
        self.assertEqual(next(records)["key"], "key-1")
        self.begin(1)
        self.assertEqual(len(list(records)), 100)

    def test_after_an_older_version_makes_the_checkpoint_that_it_lacked(self) -> None:
        self.journal.close()
        older = FileJournal(self.path, size=1000, keep=10)
        for number in range(30):
            older.write("begin", {"key": f"key-{number}"})
        older.close()
        self.restart(keep=10)
        self.assertEqual(self.keys.keys, ["key-27", "key-28", "key-29"])
        self.journal.write("start", {})

        self.assertEqual(
            [each.get("key") for each in self.journal.recall() if each["event"] == "begin"],
            ["key-27", "key-28", "key-29"],
        )


class InMemory(SynchronousTestCase):
    def test_a_turn_leaves_what_is_carried(self) -> None:
        journal, keys = MemoryJournal(), Keys()
        journal.carry(keys.carried)
        keys.add("a")
        journal.write("begin", {"key": "b"})
        journal.refused({"command": "Open A"})
        self.assertEqual([each["event"] for each in journal.recall()], ["begin"])
        journal.turn()
        journal.write("begin", {"key": "c"})

        self.assertEqual([each["key"] for each in journal.recall()], ["a", "c"])
