"""What a page is answered that searches the journal."""

from __future__ import annotations

import json
import sys
from io import StringIO
from typing import Any

from pychron_comms.journal import search
from pychron_comms.journal.filters import EVENTS, Filter
from pychron_comms.journal.index import Index
from pychron_comms.journal.search import main, newest, parse_question
from tests.journal.journal_case import MONDAY
from tests.journal.test_index import Indexed


class QuestionTests(Indexed):
    def test_words_times_and_numbers(self) -> None:
        fields = {"target": " A ", "who": "", "since": "10.5", "slower_than": 2, "outcome": "201"}
        wanted = Filter(target="A", since=10_500_000, slower_than=2.0, outcome="201")
        self.assertEqual(parse_question(fields), wanted)

    def test_what_cannot_be_asked(self) -> None:
        for fields, why in (
            ({"colour": "red"}, "colour: nothing of that name can be asked for"),
            ({"who": "x" * 201}, "who: more than 200 characters"),
            ({"outcome": "fine"}, "outcome=fine: ok, error, or the number of an error"),
            ({"outcome": "\u00b2"}, "outcome=\u00b2: ok, error, or the number of an error"),
            ({"event": "party"}, f"event=party: expected one of {', '.join(EVENTS)}"),
            ({"since": "yesterday"}, "since=yesterday: expected seconds"),
            ({"since": "-1"}, "since=-1: expected seconds"),
            ({"until": "nan"}, "until=nan: expected seconds"),
            ({"until": "1e11"}, "until=1e11: expected seconds"),
            ({"slower_than": "inf"}, "slower_than=inf: expected seconds"),
        ):
            error = self.assertRaises(ValueError, parse_question, fields)
            self.assertEqual(str(error), why)

    def test_the_longest_word_and_each_outcome(self) -> None:
        for outcome in ("ok", "error", "013"):
            fields = {"who": "x" * 200, "outcome": outcome, "since": "0"}
            wanted = Filter(who="x" * 200, outcome=outcome, since=0)
            self.assertEqual(parse_question(fields), wanted)


class AnswerTests(Indexed):
    def test_a_command_is_one_record_newest_first(self) -> None:
        found = newest(self.path, Filter(target="A", who="10.0.0.5"))
        records = found["records"]
        times = [record["t"] for record in records]
        self.assertEqual(times, sorted(times, reverse=True))
        ends = [record for record in records if record["event"] == "end"]
        first = ends[-1]
        self.assertEqual(
            (first["command"], first["reply"], first["type"]), ("Open A", "OK", "System")
        )
        self.assertIsNotNone(first["seconds"])
        begun = [record for record in records if record["event"] == "begin"]
        self.assertTrue(begun, "some have no end")
        self.assertLess(len(begun), len(ends))
        self.assertFalse(found["more"])

    def test_where_nothing_names_the_part_it_is_all_of_that_type(self) -> None:
        """Who has the laser on his mind asks for CO2, which no command of it names."""
        whole = newest(self.path, parse_question({"type": "System"}))
        self.assertTrue(whole["records"])
        self.assertEqual(newest(self.path, parse_question({"target": "System"})), whole)
        none = newest(self.path, parse_question({"target": "System", "type": "CO2"}))
        self.assertEqual(none["records"], [])

    def test_a_lease_names_its_part(self) -> None:
        (lease,) = newest(self.path, parse_question({"target": "A", "since": 0}))["records"][:1]
        self.assertEqual((lease["event"], lease["command"]), ("claim", "System:A"))
        self.assertIn(lease["n"], [each["n"] for each in self.journal.records()])

    def test_an_alarm_says_what_happened_to_it_and_who_saw_it(self) -> None:
        state = {"current": "major", "reason": "System/valve/A is True"}
        about = {"alarm": "valve A", "item": "System/valve/A", "state": state}
        self.journal.write("alarm", {"what": "raised", **about})
        self.journal.write("alarm", {"what": "acknowledged", "by": "jake", **about})
        self.journal.write(
            "alarm", {"what": "raised", "alarm": "hot", "item": "device/gc/IG", "state": {}}
        )
        seen, raised = newest(self.path, parse_question({"event": "alarm", "target": "A"}))[
            "records"
        ]
        self.assertEqual(
            (raised["event"], raised["type"], raised["command"], raised["reply"], raised["who"]),
            ("alarm", "System", "valve A", "raised: System/valve/A is True", ""),
        )
        self.assertEqual(
            (seen["reply"], seen["who"]), ("acknowledged: System/valve/A is True", "jake")
        )
        (hot,) = newest(self.path, parse_question({"target": "gc/IG"}))["records"]
        self.assertEqual((hot["command"], hot["reply"]), ("hot", "raised"))

    def test_only_the_newest_of_many(self) -> None:
        whole = newest(self.path, Filter())["records"]
        self.patch(search, "MOST", 3)
        found = newest(self.path, Filter())
        self.assertEqual(found["records"], whole[:3])
        self.assertTrue(found["more"])

    def test_it_reads_no_more_than_it_may_tell(self) -> None:
        asked: list[int] = []
        find = Index.find

        def record(index: Index, wanted: Filter, newest: int = -1) -> Any:
            asked.append(newest)
            return find(index, wanted, newest)

        self.patch(Index, "find", record)
        newest(self.path, Filter())
        self.assertEqual(asked, [2 * search.MOST + 1])

    def test_times_are_seconds_and_as_exact_as_the_journals(self) -> None:
        *_, first = newest(self.path, Filter())["records"]
        self.assertEqual(first["t"], MONDAY + 1)

    def test_just_as_many_as_may_be_told_are_all(self) -> None:
        lone = newest(self.path, Filter(event="refused"))["records"]
        for most, more in ((len(lone), False), (len(lone) - 1, True)):
            self.patch(search, "MOST", most)
            self.assertEqual(newest(self.path, Filter(event="refused"))["more"], more)

    def test_as_many_commands_as_may_be_told_are_all_though_each_is_two_records(self) -> None:
        self.patch(search, "MOST", 2)
        for _ in range(2):
            number = self.journal.write(
                "begin", {"type": "System", "command": "Open Q", "sender": "Q"}
            )
            self.journal.write("end", {"of": number, "reply": "OK"})
        found = newest(self.path, Filter(who="Q"))
        self.assertEqual((len(found["records"]), found["more"]), (2, False))
        self.journal.write("end", {"of": number, "reply": "OK", "sender": "Q"})
        self.assertTrue(newest(self.path, Filter(who="Q"))["more"])

    def test_what_is_about_nothing_has_empty_words(self) -> None:
        self.journal.write("stop", {"pid": 7})
        (stop,) = newest(self.path, Filter(event="stop"))["records"]
        told = {each: stop[each] for each in ("command", "reply", "who", "type", "seconds")}
        self.assertEqual(told, {"command": "", "reply": "", "who": "", "type": "", "seconds": None})


class ProgramTests(Indexed):
    def run_main(self, question: str, path: object = None) -> int:
        self.patch(search.os, "nice", lambda more: 0)
        self.out, self.err = StringIO(), StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        return main([str(path or self.path), question])

    def test_writes_json(self) -> None:
        self.assertEqual(self.run_main('{"target": "nowhere"}'), 0)
        self.assertEqual(json.loads(self.out.getvalue()), {"records": [], "more": False})

    def test_says_why_not_in_one_line(self) -> None:
        for question, path in (("{", None), ('{"a": 1}', None), ("{}", "/nowhere/lab.journal")):
            self.assertEqual(self.run_main(question, path), 2)
            self.assertEqual(len(self.err.getvalue().splitlines()), 1)
