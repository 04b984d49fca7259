"""Records as lines that a person reads."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal.table import HEADING, Entries, json_line, table_line, table_lines

AT = "2026-03-02T10:14:05.116000Z"
TIME = "2026-03-02 10:14:05.116 +00:00"


def lines(*records: dict[str, Any]) -> list[str]:
    entries = Entries().of({"n": n, "at": AT} | each for n, each in enumerate(records, 1))
    return [table_line(entry, UTC) for entry in entries]


def came(**record: Any) -> str:
    """What the last column says."""
    (line,) = lines(record)
    return line[HEADING.index("what came of it") :]


class LineTests(SynchronousTestCase):
    def test_each_column_begins_where_its_head_does(self) -> None:
        (line,) = lines({"event": "begin", "sender": "pc", "type": "CO2", "command": "Enable"})
        for head, text in (("time", TIME), ("sender", "pc"), ("command", "CO2|Enable")):
            self.assertEqual(line[HEADING.index(head) :].partition("  ")[0], text)
        self.assertEqual(line[: HEADING.index("time")], "       1  ")
        self.assertEqual(line[HEADING.index("what") :], "begin")

    def test_of_nobody_and_of_no_command_the_columns_are_empty(self) -> None:
        (line,) = lines({"event": "stop", "sender": None, "type": "", "command": ""})
        self.assertEqual(line.partition(TIME)[2].strip(), "stop")

    def test_an_end_says_its_reply_how_long_it_took_and_whose_end_it_is(self) -> None:
        _, end = lines(
            {"event": "begin", "type": "System", "command": "Open A"},
            {"event": "end", "of": 1, "reply": "OK", "at": "2026-03-02T10:14:06.366000Z"},
        )
        self.assertTrue(end.endswith(f"{'System|Open A':<36}  OK after 1.250 s (of 1)"))
        self.assertEqual(came(event="end", of=7), "end (of 7)")
        self.assertEqual(came(event="refused", reply="ERROR 204"), "refused ERROR 204")

    def test_what_else_a_record_says_is_told_with_its_name(self) -> None:
        for value, told in (("x y", "x y"), (0, "0"), (False, "false"), ([1], "[1]")):
            self.assertEqual(came(event="safe", why=value), f"safe why={told}")
        self.assertEqual(came(event="safe", why="", part=None), "safe")

    def test_times_are_told_as_times(self) -> None:
        for name in ("since", "until"):
            self.assertEqual(came(event="claim", **{name: 0.5}), f"claim {name}={epoch('00.500')}")
        self.assertEqual(came(event="claim", seconds=5), "claim seconds=5")
        for value in (0, -1, 1e11, "now"):
            told = value if isinstance(value, str) else repr(value)
            self.assertEqual(came(event="claim", until=value), f"claim until={told}")
        self.assertIn("until=5138-11-16 ", came(event="claim", until=99_999_999_999))

    def test_what_a_turn_carried_over_is_counted(self) -> None:
        self.assertEqual(came(event="carried", records=[1, 2]), "carried 2 records")
        self.assertEqual(came(event="carried", records=[1]), "carried 1 record")
        self.assertEqual(came(event="carried"), "carried 0 records")

    def test_an_alarm_is_told_by_its_name_and_in_words(self) -> None:
        state = {"reason": "IG is high"}
        (line,) = lines({"event": "alarm", "alarm": "ion gauge", "what": "raised", "state": state})
        self.assertIn("  alarm ion gauge  ", line)
        self.assertTrue(line.endswith("  raised: IG is high"))
        self.assertEqual(came(event="alarm", what="seen", by="Anna"), "seen, by Anna")
        (line,) = lines({"event": "alarm", "what": "raised", "command": "Open A"})
        self.assertEqual(line.partition(TIME)[2].split(), ["alarm", "raised"])

    def test_what_could_move_a_cursor_is_escaped_in_each_column(self) -> None:
        (line,) = lines({"event": "begin\x1b", "sender": "a\nb", "command": "Open \x9b"})
        self.assertTrue(line.isprintable())
        for text in ("a\\nb", "Open \\x9b", "begin\\x1b"):
            self.assertIn(text, line)


class LinesTests(SynchronousTestCase):
    """Each command in one line, where it can be."""

    def lines(self, *records: dict[str, Any]) -> list[str]:
        entries = Entries().of({"n": n, "at": AT} | each for n, each in enumerate(records, 1))
        return [" ".join(line.replace(TIME, "").split()) for line in table_lines(entries, UTC)]

    def test_a_begin_and_the_end_behind_it_are_one(self) -> None:
        begin = {"event": "begin", "command": "Open A", "key": "k-1", "ask": "s-1.1"}
        later = "2026-03-02T10:14:06.366000Z"
        self.assertEqual(
            self.lines(begin, {"event": "end", "of": 1, "reply": "OK", "at": later}, begin),
            ["1 Open A OK after 1.250 s key=k-1", "3 Open A begin key=k-1"],
        )
        self.assertEqual(
            self.lines(begin, {"event": "end", "of": 1}), ["1 Open A end after 0.000 s key=k-1"]
        )

    def test_with_anything_between_each_stands_where_it_was(self) -> None:
        begin, end = {"event": "begin", "command": "Open A"}, {"event": "end", "reply": "OK"}
        self.assertEqual(
            self.lines(begin, {"event": "stop"}, end | {"of": 1}),
            ["1 Open A begin", "2 stop", "3 Open A OK after 0.000 s (of 1)"],
        )
        self.assertEqual(
            self.lines(begin, begin, end | {"of": 1}, end | {"of": 2}),
            [
                "1 Open A begin",
                "2 Open A begin",
                "3 Open A OK after 0.000 s (of 1)",
                "4 Open A OK after 0.000 s (of 2)",
            ],
        )
        self.assertEqual(self.lines(end | {"of": 7}), ["1 OK (of 7)"])

    def test_what_was_refused_is_no_begin_though_its_number_is_the_same(self) -> None:
        # It is numbered in a file of its own.
        begin, end = {"event": "begin", "command": "Open A"}, {"event": "end", "reply": "OK"}
        refused = {"event": "refused", "command": "Open B", "n": 1}
        self.assertEqual(
            self.lines(begin, refused, end | {"of": 1}),
            ["1 Open A begin", "1 Open B refused", "3 Open A OK after 0.000 s (of 1)"],
        )

    def test_times_are_of_the_zone_that_is_asked_for(self) -> None:
        begin = {"n": 1, "at": AT, "event": "begin", "command": "Open A"}
        end = {"n": 2, "at": AT, "event": "end", "of": 1}
        entries = list(Entries().of([begin, end, begin, begin, end | {"n": 3}]))
        lines = list(table_lines(entries, timezone(timedelta(hours=2))))
        self.assertEqual([line.count("2026-03-02 12:14:05.116 +02:00") for line in lines], [1] * 3)

    def test_nothing_has_no_line(self) -> None:
        self.assertEqual(self.lines(), [])


class EntriesTests(SynchronousTestCase):
    def test_an_end_is_put_to_its_begin_once(self) -> None:
        records = [
            {"n": 1, "at": AT, "event": "begin", "command": "Open A"},
            {"n": 2, "at": AT, "event": "refused", "of": 1},
            {"n": 3, "at": AT, "event": "end", "of": 1},
            {"n": 4, "at": AT, "event": "end", "of": 1},
            {"n": 5, "at": AT, "event": "end", "of": "1"},
        ]
        entries = list(Entries().of(records))
        self.assertEqual([each.facts.target for each in entries], ["A", "", "A", "", ""])
        self.assertEqual([each.about.get("command") for each in entries][2:4], ["Open A", None])
        self.assertEqual(entries[2].values, records[2])

    def test_what_has_no_time_is_passed_over_and_the_rest_is_not(self) -> None:
        records = [{"n": n, "at": at, "event": "stop"} for n, at in ((1, AT), (2, "?"), (3, AT))]
        self.assertEqual([each.values["n"] for each in Entries().of(records)], [1, 3])

    def test_as_it_stands_in_the_file_but_for_what_no_terminal_should_show(self) -> None:
        for text, said in (("é", "é"), ("é\u202e", "\\u00e9\\u202e"), ("\udc80", "\\udc80")):
            (entry,) = Entries().of([{"n": 1, "at": AT, "event": "stop", "why": text}])
            self.assertEqual(
                json_line(entry), f'{{"n":1,"at":"{AT}","event":"stop","why":"{said}"}}'
            )


def epoch(seconds: str) -> str:
    return f"1970-01-01 00:00:{seconds} +00:00"
