"""``pychron-journal export``, ``stats`` and ``timeline``."""

from __future__ import annotations

import csv
import json
import warnings
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal import export, lanes, timeline
from pychron_comms.journal.asking import find
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.filters import Filter
from pychron_comms.journal.lanes import Lane, Span
from pychron_comms.journal.lanes import timeline as drawn
from pychron_comms.journal.stats import statistics
from pychron_comms.safeguards.lease_records import WrittenLease, claimed
from tests.journal.test_command import MONDAY, Command


class Export(Command):
    def rows(self, *words: str) -> list[dict[str, str]]:
        status, lines = self.run_command("export", self.path, *words)
        self.assertEqual(status, 0, self.errors.getvalue())
        return list(csv.DictReader(lines))

    def test_is_a_table_in_which_an_end_tells_of_its_begin(self) -> None:
        row = self.rows("--event", "end")[0]

        self.assertEqual(
            row,
            {
                "record": "4",
                "time": "2026-03-02T10:17:05.116000Z",
                "event": "end",
                "who": "10.0.0.5",
                "type": "System",
                "command": "Open A",
                "target": "A",
                "key": "a81c-7",
                "reply": "OK",
                "code": "0",
                "seconds": "120.0",
                "part": "",
            },
        )
        self.assertEqual(len(self.rows()), 6)
        (lease,) = self.rows("--event", "claim")
        told = {name: lease[name] for name in ("part", "key", "reply", "code", "seconds")}
        self.assertEqual(told, {"part": "CO2", "key": "", "reply": "", "code": "", "seconds": ""})

    def test_leads_no_spreadsheet_to_run_what_a_client_sent(self) -> None:
        journal = FileJournal(self.path)
        journal.write("begin", {"command": '=cmd|"/C calc"!A0', "sender": "\udc80"})
        journal.close()

        self.assertEqual(self.rows("--event", "begin")[-1]["command"], '\'=cmd|"/C calc"!A0')
        for first in "=+-@\t\r":
            self.assertEqual(export._unarmed(f"{first}1"), f"'{first}1")
        for harmless in ("1+1", "Open A", "", -1):
            self.assertEqual(export._unarmed(harmless), harmless)

    def test_is_written_as_the_file_is_called(self) -> None:
        for name, first in (("a.csv", "record,time"), ("a.jsonl", '{"record": 1')):
            file = self.folder / name
            status, lines = self.run_command("export", self.path, "--out", file)
            self.assertEqual((status, lines), (0, [f"{file}: 6 records"]))
            self.assertTrue(file.read_text().startswith(first))
        self.assertEqual(json.loads(file.read_text().splitlines()[4])["code"], 204)

    def test_is_utf_8_whatever_the_systems_own_encoding_is(self) -> None:
        """As on Windows, where it is none that every program reads."""
        opened: list[Any] = []
        real = Path.open

        def record(path: Path, *mode: Any, **how: Any) -> Any:
            opened.append((how.get("encoding"), how.get("newline")))
            return real(path, *mode, **how)

        self.patch(Path, "open", record)
        self.run_command("export", self.path, "--out", self.folder / "a.csv")
        self.assertIn(("utf-8", ""), opened)
        self.assertNotIn(b"\r", (self.folder / "a.csv").read_bytes())

    def test_says_how_a_file_should_be_called(self) -> None:
        self.assertEqual(self.run_command("export", self.path, "--out", "a.xls"), (2, []))
        self.assertIn(".csv, .jsonl or .parquet", self.errors.getvalue())

    def test_as_parquet_says_what_is_missing(self) -> None:
        out = self.folder / "a.parquet"
        with mock.patch.object(export, "find_spec", return_value=None):
            self.assertEqual(self.run_command("export", self.path, "--out", out), (2, []))
        self.assertIn("-m pip install pyarrow", self.errors.getvalue())
        self.assertFalse(out.exists())
        self.assertEqual(self.run_command("export", self.path, "--format", "parquet"), (2, []))
        why = "pychron-journal: Parquet needs a file: give --out FILE.parquet\n"
        self.assertIn(why, self.errors.getvalue())

    def test_as_parquet_has_numbers_for_numbers(self) -> None:
        if find_spec("pyarrow") is None:
            raise self.skipTest("pyarrow is not installed")
        from pyarrow import parquet  # noqa: PLC0415

        out = self.folder / "a.parquet"
        self.assertEqual(self.run_command("export", self.path, "--out", out)[0], 0)
        rows = parquet.read_table(out).to_pylist()
        self.assertEqual((rows[3]["record"], rows[3]["code"], rows[3]["seconds"]), (4, 0, 120.0))
        told = [datetime.fromisoformat(row["time"]) for row in self.rows()]
        self.assertEqual([row["time"] for row in rows], told)


class Stats(Command):
    def test_count_what_was_asked_and_how_long_it_took(self) -> None:
        found = statistics(find(self.path, Filter()))

        self.assertEqual(found["outcomes"], {"ok": 1, "ERROR 204": 1})
        self.assertEqual(found["senders"], {"10.0.0.5": 2})
        self.assertEqual(found["commands"]["System|Open"]["median"], 120.0)

    def test_are_a_page_or_json(self) -> None:
        status, lines = self.run_command("stats", self.path, "--zone", "UTC")
        self.assertEqual(status, 0)
        self.assertEqual(
            lines[0],
            "from 2026-03-02 10:14:05.116 +00:00 to 2026-03-02 10:19:05.116 +00:00",
        )
        _, (first, *_) = self.run_command("stats", self.path, "--zone", "Europe/Berlin")
        self.assertEqual(
            first, "from 2026-03-02 11:14:05.116 +01:00 to 2026-03-02 11:19:05.116 +01:00"
        )
        self.assertIn("         1    120.000    120.000    120.000  System|Open", lines)
        status, lines = self.run_command("stats", self.path, "--json")
        told = statistics(find(self.path, Filter()))
        self.assertEqual("\n".join(lines), json.dumps(told, indent=2))
        self.assertEqual(told["events"]["begin"], 2)

    def test_tell_how_long_each_command_takes(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        for seconds in range(1, 101):
            asked = {"type": "System", "command": f"Close A{seconds}", "sender": "b"}
            number = journal.write("begin", asked)
            self.time += seconds
            journal.write(
                "end", {"of": number, "reply": "ERROR 013 : no" if seconds < 3 else "ERROR: no"}
            )
        journal.close()
        found = statistics(find(self.path, Filter(since=round((MONDAY + 301) * 1e6))))
        close = {"count": 100, "median": 50.0, "p99": 99.0, "longest": 100.0}
        self.assertEqual(found["commands"], {"System|Close": close})
        self.assertEqual(found["senders"], {"b": 100})
        self.assertEqual(found["outcomes"], {"an error without a number": 98, "ERROR 013": 2})
        self.assertEqual(list(found["commands"]), ["System|Close"])

    def test_show_fifteen_of_each_and_the_most_frequent_first(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        for number in range(20):
            for _ in range(number + 2):
                fields = {"command": f"Do{number} x", "sender": f"pc{number}", "type": ""}
                begun = journal.write("begin", fields)
                journal.write("end", {"of": begun, "reply": "OK"})
        journal.write("refused", {"command": "", "sender": "", "reply": "ERROR 204 : no"})
        journal.close()
        _, lines = self.run_command("stats", self.path)
        senders = lines[lines.index("senders") + 1 :]
        senders = senders[: senders.index("")]
        self.assertEqual(senders[0], "        21  pc19")
        self.assertEqual((len(senders), senders[-1]), (15, "         7  pc5"))
        head = "  commands   median s     99 % s  longest s"
        commands = lines[lines.index(head) + 1 :]
        self.assertEqual(commands[0], "        21      0.000      0.000      0.000  |Do19")
        self.assertEqual(len(commands), 15)

    def test_of_nobody_are_shown_as_nobodys(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.write("refused", {"command": "", "reply": "ERROR 204 : no"})
        journal.close()
        _, lines = self.run_command("stats", self.path)
        self.assertIn("         1  -", lines)

    def test_of_a_command_with_many_words_count_it_by_its_first(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        for command in ("Set heater 100 slowly", "Set heater 90"):
            journal.write(
                "end",
                {"of": journal.write("begin", {"command": command, "type": "X"}), "reply": "OK"},
            )
        journal.close()
        found = statistics(find(self.path, Filter(type="X")))
        self.assertEqual(
            [(name, each["count"]) for name, each in found["commands"].items()], [("X|Set", 2)]
        )

    def test_are_from_the_first_record_to_the_last(self) -> None:
        found = statistics(find(self.path, Filter()))
        times = ("2026-03-02T10:14:05.116000Z", "2026-03-02T10:19:05.116000Z")
        self.assertEqual((found["first"], found["last"]), times)
        found = statistics([])
        self.assertEqual((found["first"], found["last"], found["events"]), ("", "", {}))

    def test_of_nothing_are_nothing(self) -> None:
        self.assertEqual(self.run_command("stats", self.path, "--target", "nowhere")[0], 0)


class MarkTests(SynchronousTestCase):
    def test_marks_that_are_near_share_their_words(self) -> None:
        marks = [
            Span(at, at, text)
            for at, text in ((0.0, "start"), (50.0, "stop"), (51.0, "start"), (52.0, "stop"))
        ]
        told = timeline.labels(lanes.Timeline([], marks, 0.0, 100.0))
        self.assertEqual(told, [(0.0, "start"), (50.0, "stop, start")])


class Timeline(Command):
    def lane(self, name: str) -> Lane:
        lanes = drawn(find(self.path, Filter())).lanes
        return next(each for each in lanes if each.name == name)

    def test_has_a_lane_for_each_part(self) -> None:
        self.write_more()
        what = drawn(find(self.path, Filter()))

        self.assertEqual([each.name for each in what.lanes], ["CO2", "System:A", "System:B"])
        self.assertEqual(what.marks, [Span(MONDAY, MONDAY, "start")])
        self.assertEqual((what.start, what.end), (MONDAY, MONDAY + 480))

    def test_tells_what_was_done_failed_refused_and_never_ended(self) -> None:
        self.write_more()
        part = self.lane("System:A")

        self.assertEqual(part.done, [Span(MONDAY + 60, MONDAY + 180)])
        self.assertEqual((part.unknown, part.failed, part.weight), ([], [], 2))
        self.assertEqual(part.refused, [Span(MONDAY + 240, MONDAY + 240)])
        self.assertEqual(self.lane("System:B").failed, [Span(MONDAY + 360, MONDAY + 420)])
        self.assertEqual(len(self.lane("CO2").unknown), 2)

    def test_tells_who_had_a_lease_and_for_how_long(self) -> None:
        self.assertEqual(self.lane("CO2").leases, [Span(MONDAY + 300, MONDAY + 330, "10.0.0.9")])
        self.lease_again("10.0.0.9", 10.0)
        self.lease_again("10.0.0.5", 60.0)
        journal = FileJournal(self.path, now=lambda: MONDAY + 325)
        journal.write("release", {"part": "CO2", "sender": "10.0.0.5"})
        journal.close()

        leases = [Span(MONDAY + 300, MONDAY + 320, "10.0.0.9")]
        self.assertEqual(
            self.lane("CO2").leases, [*leases, Span(MONDAY + 320, MONDAY + 325, "10.0.0.5")]
        )

    def test_a_stop_is_marked_as_a_start_is(self) -> None:
        self.at(500, "stop")
        marks = drawn(find(self.path, Filter())).marks
        self.assertEqual([each.text for each in marks], ["start", "stop"])
        self.assertAlmostEqual(marks[1].start, MONDAY + 500, 3)

    def test_a_lease_that_is_renewed_is_one(self) -> None:
        """By the same owner and in time; else it is another."""
        for part, who, when in (("D", "10.0.0.5", 310), ("E", "10.0.0.5", 311), ("F", "b", 305)):
            self.at(300, "claim", part=f"System:{part}", sender="10.0.0.5", seconds=10.0)
            self.at(when, "claim", part=f"System:{part}", sender=who, seconds=20.0)
        first, second = MONDAY + 300, MONDAY + 310
        self.assertEqual(self.lane("System:D").leases, [Span(first, second + 20, "10.0.0.5")])
        late = [Span(first, second, "10.0.0.5"), Span(second + 1, second + 21, "10.0.0.5")]
        self.assertEqual(self.lane("System:E").leases, late)
        other = [Span(first, first + 5, "10.0.0.5"), Span(first + 5, first + 25, "b")]
        self.assertEqual(self.lane("System:F").leases, other)

    def test_a_lease_as_the_gate_writes_it(self) -> None:
        lease = WrittenLease("System:D", "10.0.0.5", MONDAY + 300, MONDAY + 900, False)
        journal = FileJournal(self.path, now=lambda: MONDAY + 301)
        journal.write("claim", claimed(lease))
        journal.close()
        (shown,) = self.lane("System:D").leases
        self.assertAlmostEqual(shown.end, MONDAY + 900, 3)
        self.assertEqual(shown.text, "10.0.0.5")

    def test_each_way_in_which_a_lease_ends(self) -> None:
        for number, event in enumerate(("release", "lapse", "override")):
            part = f"System:{event}"
            self.at(300 + number, "claim", part=part, sender="10.0.0.5", seconds=60.0)
            self.at(310 + number, event, part=part, sender="10.0.0.9")
            span = Span(MONDAY + 300 + number, MONDAY + 310 + number, "10.0.0.5")
            self.assertEqual(self.lane(part).leases, [span])

    def test_a_lease_that_ended_before_it_was_released(self) -> None:
        self.at(300, "claim", part="System:D", sender="10.0.0.5", seconds=5.0)
        self.at(310, "lapse", part="System:D", sender="10.0.0.5")
        self.at(311, "release", part="System:D", sender="10.0.0.5")
        span = Span(MONDAY + 300, MONDAY + 305, "10.0.0.5")
        self.assertEqual(self.lane("System:D").leases, [span])

    def test_a_lease_of_which_no_end_is_told_has_no_length(self) -> None:
        self.at(300, "claim", part="System:D", sender="10.0.0.5")
        span = Span(MONDAY + 300, MONDAY + 300, "10.0.0.5")
        self.assertEqual(self.lane("System:D").leases, [span])

    def test_what_ended_with_nobody_knowing_its_begin_took_no_time(self) -> None:
        self.at(300, "end", of=999, type="System", command="Open Q", reply="OK")
        self.assertEqual(self.lane("System:Q").done, [Span(MONDAY + 300, MONDAY + 300)])

    def test_what_names_no_part_has_a_lane_too(self) -> None:
        self.at(300, "refused", command="", sender="10.0.0.5", reply="ERROR 204 : no")
        self.assertEqual(len(self.lane("-").refused), 1)

    def test_of_no_record_at_all(self) -> None:
        error = self.assertRaises(ValueError, drawn, [])
        self.assertEqual(str(error), "there is nothing to draw: no such record")

    def at(self, when: float, event: str, **fields: Any) -> None:
        journal = FileJournal(self.path, now=lambda: MONDAY + when)
        journal.write(event, fields)
        journal.close()

    def test_a_number_is_no_part_and_a_valve_may_be_called_e(self) -> None:
        journal = FileJournal(self.path, now=lambda: MONDAY + 301)
        for command in ("Open E", "Close E1", "GoToHole 7", "SetXY 1.5,-2e-3"):
            journal.write("begin", {"type": "X", "command": command, "sender": "10.0.0.5"})
        journal.close()
        names = [each.name for each in drawn(find(self.path, Filter())).lanes]
        self.assertEqual([each for each in names if each[0] == "X"], ["X", "X:E", "X:E1"])

    def test_is_a_picture(self) -> None:
        if find_spec("matplotlib") is None:
            raise self.skipTest("matplotlib is not installed")
        self.write_more()
        for name, head in (("night.png", b"\x89PNG"), ("night.svg", b"<?xml")):
            file = self.folder / name
            status, lines = self.run_command("timeline", self.path, "--out", file)
            self.assertEqual((status, lines), (0, [str(file)]))
            self.assertTrue(file.read_bytes().startswith(head))

    def test_of_a_night_in_which_nobody_asked_anything(self) -> None:
        quiet = self.folder / "quiet.journal"
        journal = FileJournal(quiet, now=lambda: MONDAY)
        journal.write("start", {"pid": 1})
        journal.close()
        file = self.folder / "quiet.svg"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(self.run_command("timeline", quiet, "--out", file), (0, [str(file)]))

    def test_says_what_is_missing(self) -> None:
        self.assertEqual(self.run_command("timeline", self.path, "--out", "a.gif"), (2, []))
        self.assertIn("ends in .png or .svg", self.errors.getvalue())
        with mock.patch.object(timeline, "find_spec", return_value=None):
            self.assertEqual(self.run_command("timeline", self.path, "--out", "a.png"), (2, []))
        self.assertIn("-m pip install matplotlib", self.errors.getvalue())
        nothing = ("--out", self.folder / "a.png", "--target", "nowhere")
        self.assertEqual(self.run_command("timeline", self.path, *nothing), (2, []))
        self.assertIn("there is nothing to draw", self.errors.getvalue())

    def write_more(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        number = journal.write(
            "begin", {"type": "System", "command": "Open B", "sender": "10.0.0.5"}
        )
        self.time += 60
        journal.write("end", {"of": number, "reply": "ERROR 105 : stuck"})
        self.time += 60
        journal.write("begin", {"type": "CO2", "command": "GoToHole 7", "sender": "10.0.0.5"})
        journal.close()

    def lease_again(self, sender: str, seconds: float) -> None:
        self.time = MONDAY + (310 if sender == "10.0.0.9" else 320)
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.write("claim", {"part": "CO2", "sender": sender, "until": self.time + seconds})
        journal.close()
