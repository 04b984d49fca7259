"""``pychron-journal``, and the section of the configuration that it is about."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal import asking
from pychron_comms.journal.command import main
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.settings import JournalSettings, open_journal

MONDAY = 1772446445.116  # 2026-03-02T10:14:05.116Z

TABLE = """\
record time sender command what came of it
1 2026-03-02 10:14:05.116 +00:00 start version=0.1.0
2 2026-03-02 10:15:05.116 +00:00 10.0.0.5 System|Open A begin key=a81c-7
3 2026-03-02 10:16:05.116 +00:00 10.0.0.9 CO2|Enable begin
4 2026-03-02 10:17:05.116 +00:00 10.0.0.5 System|Open A OK after 120.000 s (of 2)
5 2026-03-02 10:18:05.116 +00:00 10.0.0.5 System|Open A refused ERROR 204 : another's key=a81c-7
6 2026-03-02 10:19:05.116 +00:00 10.0.0.9 claim part=CO2 until=2026-03-02 10:19:35.116 +00:00
"""


class Command(SynchronousTestCase):
    """A journal of one night's work, a minute from record to record."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "lab.journal"
        self.time = MONDAY
        self.journal = FileJournal(self.path, now=lambda: self.time)
        asked = {"type": "System", "command": "Open A", "sender": "10.0.0.5", "key": "a81c-7"}
        self.write("start", version="0.1.0")
        self.write("begin", **asked)
        self.write("begin", type="CO2", command="Enable", sender="10.0.0.9", key=None)
        self.write("end", of=2, reply="OK")
        self.write("refused", **asked | {"reply": "ERROR 204 : another's"})
        self.write("claim", part="CO2", sender="10.0.0.9", until=self.time + 30.0)
        self.journal.close()
        self.errors = io.StringIO()
        self.patch(sys, "stderr", self.errors)

    def write(self, event: str, **fields: Any) -> None:
        self.journal.write(event, fields)
        self.time += 60

    def run_command(self, *words: str | Path) -> tuple[int, list[str]]:
        out = io.StringIO()
        try:
            status = main([str(word) for word in words], out)
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, out.getvalue().splitlines()

    def enter(self) -> None:
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def show(self, *words: str) -> list[str]:
        status, lines = self.run_command("show", self.path, "--zone", "UTC", *words)
        self.assertEqual(status, 0, self.errors.getvalue())
        return lines

    def numbers(self, *words: str) -> list[int]:
        return [json.loads(line)["n"] for line in self.show("--json", *words)]


class HereTests(Command):
    def laboratory(self, text: str) -> None:
        (self.folder / "lab.toml").write_text(text)
        self.enter()

    def test_in_a_laboratorys_folder_its_own_journal_is_meant(self) -> None:
        self.laboratory('[journal]\nfile = "lab.journal"\n')
        for words in (["show", "--target", "A"], ["stats"], ["head"], ["verify"], ["index"]):
            status, lines = self.run_command(*words)
            self.assertEqual((status, self.errors.getvalue()), (0, ""))
            self.assertTrue(lines)
        self.assertIn("10.0.0.5", self.run_command("show", "--target", "A")[1][1])

    def test_elsewhere_it_must_be_named(self) -> None:
        for text in ("", 'lab = "default"\n'):
            self.laboratory(text)
            self.assertEqual(self.run_command("show"), (2, []))
        told = self.errors.getvalue()
        self.assertIn("lab.toml here has no journal: what is asked is written nowhere", told)
        self.assertIn("give its FILE", told)

    def test_without_any_laboratory_the_built_in_one_that_runs_is_meant(self) -> None:
        self.enter()
        self.patch(asking, "built_in_journal", lambda: self.path)
        self.assertEqual(self.run_command("show"), self.run_command("show", self.path))
        self.patch(asking, "built_in_journal", lambda: None)
        self.assertEqual(self.run_command("show"), (2, []))
        self.assertIn("which journal? No lab.toml is here", self.errors.getvalue())

    def test_a_laboratory_whose_file_is_wrong(self) -> None:
        self.laboratory("[journal")
        self.assertEqual(self.run_command("show")[0], 2)
        self.assertIn("lab.toml:1", self.errors.getvalue())


class AlarmTests(Command):
    def test_what_happened_to_an_alarm_is_said_in_words(self) -> None:
        journal = FileJournal(self.folder / "alarms", now=lambda: self.time)
        state = {"current": "major", "reason": "device/gc/IG is 2e-06 mbar, above 1e-06"}
        about = {"alarm": "ion gauge", "item": "device/gc/IG", "state": state}
        journal.write("alarm", {"what": "raised", **about})
        journal.write(
            "alarm", {"what": "acknowledged", "by": "Anna", "sender": "10.0.0.5", **about}
        )
        journal.close()
        _, lines = self.run_command("show", self.folder / "alarms", "--target", "gc/IG")
        self.assertIn("alarm ion gauge  ", lines[1])
        self.assertIn("raised: device/gc/IG is 2e-06 mbar, above 1e-06", lines[1])
        self.assertIn("acknowledged: device/gc/IG is 2e-06 mbar, above 1e-06, by Anna", lines[2])


class Show(Command):
    def test_is_a_table_for_a_person(self) -> None:
        lines = self.show()

        self.assertEqual([re.sub(" +", " ", line.strip()) for line in lines], TABLE.splitlines())
        self.assertEqual(len({line.index("System") for line in lines if "System" in line}), 1)

    def test_as_json_is_what_stands_in_the_file(self) -> None:
        self.assertEqual("\n".join(self.show("--json")) + "\n", self.path.read_text("utf-8"))

    def test_of_a_sender_has_the_ends_of_its_commands(self) -> None:
        self.assertEqual(self.numbers("--sender", "10.0.0.5"), [2, 4, 5])

    def test_of_an_event_has_only_such(self) -> None:
        self.assertEqual(self.numbers("--event", "refused"), [5])

    def test_since_a_time_has_what_came_then_and_later(self) -> None:
        self.assertEqual(self.numbers("--since", "2026-03-02T10:18"), [5, 6])
        self.assertEqual(self.numbers("--since", "2026-03-02T11:18:05.116+01:00"), [5, 6])
        self.assertEqual(self.numbers("--since", "2026-03-02"), [1, 2, 3, 4, 5, 6])

    def test_of_an_end_knows_what_began_before_that_time(self) -> None:
        lines = self.show("--since", "2026-03-02T10:17", "--event", "end")

        self.assertIn("System|Open A", lines[1])

    def test_of_a_part_tells_who_moved_it(self) -> None:
        self.assertEqual(self.numbers("--target", "A"), [2, 4, 5])
        self.assertEqual(self.numbers("--target", "A", "--outcome", "error"), [5])
        self.assertEqual(self.numbers("--type", "CO2"), [3, 6])
        self.assertEqual(self.numbers("--target", "CO2"), [3, 6])

    def test_of_a_time_ends_before_another(self) -> None:
        self.assertEqual(self.numbers("--until", "2026-03-02T10:16"), [1, 2])

    def test_of_an_event_that_is_none_is_a_mistake(self) -> None:
        self.assertEqual(self.run_command("show", self.path, "--event", "foo")[0], 2)
        self.assertIn("invalid choice: 'foo'", self.errors.getvalue())

    def test_of_an_outcome_takes_its_number_with_noughts_before_it(self) -> None:
        self.assertEqual(self.numbers("--outcome", "0204"), [5])

    def test_slower_than_some_seconds_has_none_of_just_so_many(self) -> None:
        self.assertEqual(self.numbers("--slower-than", "119.9"), [4])
        self.assertEqual(self.numbers("--slower-than", "120"), [])

    def test_of_an_outcome_that_is_none_is_a_mistake(self) -> None:
        self.assertEqual(self.run_command("show", self.path, "--outcome", "bad")[0], 2)
        self.assertIn("bad: ok, error, or the number", self.errors.getvalue())

    def test_says_since_when_a_lease_runs(self) -> None:
        journal = FileJournal(self.path)
        journal.write("claim", {"part": "CO2", "since": MONDAY})
        journal.close()

        self.assertIn("since=2026-03-02 10:14:05.116 +00:00", self.show()[-1])

    def test_is_the_same_with_an_index(self) -> None:
        before = self.show("--who", "10.0.0.5")
        status, lines = self.run_command("index", self.path)

        self.assertEqual((status, lines), (0, [f"{self.path}.index: 6 records more"]))
        self.assertEqual(self.show("--who", "10.0.0.5"), before)
        self.assertEqual(
            self.run_command("index", self.path)[1], [f"{self.path}.index: 0 records more"]
        )

    def test_has_the_old_files_first(self) -> None:
        self.path.rename(self.path.with_name("lab.journal.1"))
        journal = FileJournal(self.path)
        journal.write("stop", {})
        journal.close()

        self.assertEqual(self.numbers(), [1, 2, 3, 4, 5, 6, 7, 8])

    def test_shows_no_terminal_what_could_fool_it(self) -> None:
        journal = FileJournal(self.path)
        journal.write("begin", {"command": "Open A\x1b[2J\n\x9b\u202eB\udc80"})
        journal.close()
        for line in (self.show()[-1], self.show("--json")[-1]):
            self.assertTrue(line.isprintable(), line)

        self.assertIn("Open A\\x1b[2J\\n\\x9b\\u202eB\\udc80", self.show()[-1])

    def test_of_a_time_that_is_none_is_a_mistake(self) -> None:
        self.assertEqual(self.run_command("show", self.path, "--since", "teatime")[0], 2)
        self.assertIn("teatime: no time", self.errors.getvalue())

    def test_of_no_file_says_so(self) -> None:
        missing = self.folder / "missing"

        self.assertEqual(self.run_command("show", missing), (2, []))
        self.assertEqual(
            self.errors.getvalue(),
            f"pychron-journal: {missing}: there is no such file; `pychron-lab status` says where "
            "the journal is\n",
        )

    def test_of_no_folder_says_so(self) -> None:
        self.assertEqual(self.run_command("show", self.folder / "missing" / "file"), (2, []))
        self.assertIn("No such file or directory", self.errors.getvalue())


class Nothing(Command):
    def test_that_nothing_fits_is_said(self) -> None:
        status, lines = self.run_command("show", self.path, "--type", "Systm")
        self.assertEqual((status, lines[1:]), (0, ["no record fits what was asked"]))
        self.assertEqual(self.run_command("show", self.path, "--type", "Systm", "--json"), (0, []))

    def test_a_journal_that_has_no_record_yet_is_one(self) -> None:
        empty = self.folder / "empty.journal"
        empty.touch()
        status, lines = self.run_command("show", empty)
        self.assertEqual((status, lines[1:]), (0, ["no record fits what was asked"]))

    def test_a_file_that_is_no_journal_is_called_so(self) -> None:
        file = self.folder / "lab.toml"
        file.write_text('lab = "default"\n')
        self.assertEqual(self.run_command("show", file), (2, []))
        self.assertIn("lab.toml is no journal", self.errors.getvalue())


class Follow(Command):
    def test_lists_what_comes_until_it_is_interrupted(self) -> None:
        def come(seconds: float) -> None:
            journal = FileJournal(self.path)
            if journal.head[0] > 6:
                journal.close()
                raise KeyboardInterrupt
            journal.write(
                "end", {"of": journal.write("begin", {"command": "Open Q"}), "reply": "OK"}
            )
            journal.close()

        with mock.patch("time.sleep", come):
            status, lines = self.run_command("follow", self.path, "--since", "2026-03-02T10:19Z")

        self.assertEqual(status, 0)
        self.assertEqual([line.split()[0] for line in lines], ["record", "6", "7", "8"])

    def test_show_goes_on_with_it_after_what_is_there(self) -> None:
        for more in ((), ("--json",), ("--zone", "Asia/Tokyo")):
            with mock.patch("time.sleep", side_effect=KeyboardInterrupt):
                words = ("show", self.path, "--outcome", "ok", *more)
                status, lines = self.run_command(*words, "--follow")
                _, shown = self.run_command(*words)
            self.assertEqual((status, lines), (0, shown))
            self.assertGreaterEqual(len(lines), 1)

    def test_says_how_many_it_could_not_read_any_more(self) -> None:
        def come(seconds: float) -> None:
            journal = FileJournal(self.path, size=1000, keep=1)
            if journal.head[0] > 100:
                journal.close()
                raise KeyboardInterrupt
            for _ in range(100):
                journal.write("start", {})
            journal.close()

        with mock.patch("time.sleep", come):
            self.assertEqual(self.run_command("follow", self.path, "--json")[0], 0)
        said = self.errors.getvalue()
        self.assertRegex(said, r"^pychron-journal: \d+ records not told: dropped with old files")
        self.assertEqual(said.count("\n"), 1)

    def test_of_what_was_before_it_tells_only_since_a_time_that_is_given(self) -> None:
        with mock.patch("time.sleep", side_effect=KeyboardInterrupt):
            _, lines = self.run_command("follow", self.path)
        self.assertEqual(len(lines), 1)


class Verify(Command):
    def test_tells_of_a_start_after_no_stop_which_is_no_finding(self) -> None:
        other = self.path.with_name("other.journal")
        journal = FileJournal(other)
        for event in ("start", "start"):
            journal.write(event, {})
        journal.close()
        status, said = self.run_command("verify", other)
        self.assertEqual((status, said[1]), (0, f"{other}: 2 records, nothing was changed"))
        self.assertRegex(said[0], f"^{other}:2: record 2: a start after no stop: .*killed")

    def test_of_a_clean_journal_ends_with_0(self) -> None:
        self.assertEqual(
            self.run_command("verify", self.path),
            (0, [f"{self.path}: 6 records, nothing was changed"]),
        )

    def test_of_a_changed_one_ends_with_1_and_has_a_line_for_each_finding(self) -> None:
        lines = self.path.read_bytes().splitlines(keepends=True)
        self.path.write_bytes(b"".join([*lines[:1], b"\x1b[2J\n", *lines[2:]]))
        status, said = self.run_command("verify", self.path)

        self.assertEqual(status, 1)
        self.assertEqual(
            said,
            [
                f"{self.path}:2: altered or inserted: no record",
                f"{self.path}:3: record 3: removed or moved before it: record 2",
                f"{self.path}: 5 records, 2 findings",
            ],
        )

    def test_of_several_ends_with_1_where_one_is_changed(self) -> None:
        other = self.folder / "other.journal"
        other.write_bytes(self.path.read_bytes().replace(b"Open A", b"Open B"))

        self.assertEqual(self.run_command("verify", other, self.path)[0], 1)

    def test_with_a_head_finds_a_missing_end(self) -> None:
        status, lines = self.run_command("head", self.path)
        self.assertEqual(status, 0)
        head = lines[0]
        self.assertEqual(self.run_command("verify", self.path, "--head", head)[0], 0)
        lines_there = self.path.read_bytes().splitlines(keepends=True)
        self.path.write_bytes(b"".join(lines_there[:-1]))

        status, lines = self.run_command("verify", self.path, "--head", head)
        self.assertEqual(status, 1)
        self.assertIn("the end is missing", lines[0])

    def test_takes_the_secret_from_a_file_of_its_owner_alone(self) -> None:
        secret = self.folder / "secret"
        secret.write_bytes(b"open sesame\n")
        secret.chmod(0o600)
        sealed = self.folder / "sealed.journal"
        journal = open_journal(JournalSettings(file=str(sealed), secret=str(secret)))
        journal.write("start", {})
        journal.write("stop", {})
        journal.close()

        self.assertEqual(self.run_command("verify", sealed, "--secret", secret)[0], 0)
        status, lines = self.run_command("verify", sealed)
        self.assertEqual((status, len(lines)), (1, 3))
        self.assertIn("not one record fits", lines[0])
        secret.chmod(0o644)
        self.assertEqual(self.run_command("verify", sealed, "--secret", secret), (2, []))
        self.assertIn("others can read it", self.errors.getvalue())

    def test_tells_of_a_torn_line_and_ends_with_0(self) -> None:
        self.path.write_bytes(self.path.read_bytes()[:-5])
        status, lines = self.run_command("verify", self.path)

        self.assertEqual(status, 0)
        self.assertIn("has no end", lines[0])

    def test_with_half_a_word_is_a_mistake(self) -> None:
        self.assertEqual(self.run_command("--versio"), (2, []))

    def test_with_a_mistake_in_the_call_ends_with_2(self) -> None:
        head = f"1:{'0' * 64}"
        for words in (["--head", "6"], ["--head", head, str(self.path)], ["--secret", "missing"]):
            self.assertEqual(self.run_command("verify", self.path, *words)[0], 2)
        self.assertEqual(self.run_command("verify", self.folder / "missing")[0], 2)


class Refused(Command):
    """What was refused stands in files of its own."""

    def setUp(self) -> None:
        super().setUp()
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.refused({"command": "Open B", "sender": "10.0.0.9", "reply": "ERROR 208"})
        journal.close()

    def test_is_shown_by_its_time(self) -> None:
        self.assertIn("refused ERROR 208", self.show()[-1])

    def test_is_verified_too(self) -> None:
        refused = self.path.with_name("lab.journal.refused")
        self.assertEqual(
            self.run_command("verify", self.path),
            (
                0,
                [
                    f"{self.path}: 6 records, nothing was changed",
                    f"{refused}: 1 record, nothing was changed",
                ],
            ),
        )
        refused.write_bytes(refused.read_bytes().replace(b"Open B", b"Open C"))
        status, lines = self.run_command("verify", self.path)

        self.assertEqual(status, 1)
        self.assertIn("1 record, 1 finding", lines[-1])


class Head(Command):
    def test_is_of_the_last_record_in_whichever_file(self) -> None:
        expected = (0, ["{}:{}".format(*self.journal.head)])
        self.assertEqual(self.run_command("head", self.path), expected)
        self.path.rename(self.path.with_name("lab.journal.1"))
        self.path.touch()

        self.assertEqual(self.run_command("head", self.path), expected)

    def test_of_an_empty_journal_is_a_mistake(self) -> None:
        self.path.write_bytes(b"")

        self.assertEqual(self.run_command("head", self.path)[0], 2)
        self.assertIn("it holds no record", self.errors.getvalue())
