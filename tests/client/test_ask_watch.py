"""``pychron-ask --watch PATTERN``: its lines, its table, and how it ends."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace
from typing import Any

from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client import ask
from pychron_comms.client.command_line import living_table, watching
from pychron_comms.client.command_line.living_table import LivingTable
from pychron_comms.client.command_line.notices import NOTHING_YET, NoticeLines, printable
from pychron_comms.client.command_line.options import read_options
from pychron_comms.client.command_line.output import Output
from pychron_comms.client.watch import by_broker
from pychron_comms.client.watch.notices import Gap, Happened, Item, Live, Lost, Notice
from pychron_comms.errors import NotPermittedError
from pychron_comms.interfaces import Severity
from tests.modules import hide_module
from tests.observability.state.test_stream import valve

GAUGE = Item(path="device/gc/IG", value=2.5e-8, unit="mbar", obtained=100.0, confirmed=100.0)
COMMAND = Happened("command", 100.0, {"who": "10.0.0.5", "reply": "OK", "command": "Open A"})


class OptionTests(SynchronousTestCase):
    def test_patterns_stand_where_a_command_would(self) -> None:
        options = read_options(["--json", "--watch", "System/valve/*", "device/*"])
        self.assertEqual(options.patterns, ("System/valve/*", "device/*"))
        self.assertEqual((options.command, options.watch), ("", None))

    def test_with_a_key_or_a_wait_they_make_no_sense(self) -> None:
        self.patch(sys, "stderr", StringIO())
        for word in (["--wait"], ["--key", "k"]):
            self.assertRaises(SystemExit, read_options, ["--watch", "*", *word])
        told = sys.stderr.getvalue()  # type: ignore[attr-defined]
        why = "pychron-ask: error: --watch with a pattern sends no command\n"
        self.assertEqual(told.count(why), 2)
        self.assertRaises(SystemExit, read_options, ["--watch", "*", "--watch", "0"])


class LineCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.out, self.err = StringIO(), StringIO()

    def cells(self, notice: Notice) -> list[str]:
        """What a line has behind its time."""
        NoticeLines(self.out, self.err).show(notice)
        return self.out.getvalue().removesuffix("\n").split("\t")[1:]


class LineTests(LineCase):
    def test_an_item(self) -> None:
        self.assertEqual(self.cells(GAUGE), ["device/gc/IG", "2.5e-08 mbar", "ok"])

    def test_one_that_is_not_well_says_why(self) -> None:
        cells = self.cells(GAUGE.invalid("stale"))
        self.assertEqual(cells, ["device/gc/IG", "2.5e-08 mbar", "invalid", "stale"])

    def test_a_valve_that_moves_says_so_and_who_has_it(self) -> None:
        details = {"moving": True, "target": True, "locked": False, "owner": "Anna B"}
        item = replace(GAUGE, details={**details, "interlocks": ["B"], "rule": ""})
        told = 'moving, owner="Anna B", interlocks=B'
        self.assertEqual(self.cells(item)[3:], [told])
        self.assertEqual(living_table._why(item), told)
        self.setUp()
        self.assertEqual(self.cells(item.invalid("stale"))[3:], [f"stale; {told}"])

    def test_one_that_is_no_more(self) -> None:
        self.assertEqual(self.cells(valve().withdrawn())[2], "gone")

    def test_what_happened(self) -> None:
        self.assertEqual(self.cells(COMMAND), ["command", 'who=10.0.0.5 reply=OK command="Open A"'])

    def test_a_drawing_is_cut(self) -> None:
        (_, value, _) = self.cells(replace(GAUGE, value={"shapes": [1] * 500}, unit=""))
        self.assertEqual(len(value), 203)

    def test_a_terminals_codes_are_shown_and_not_obeyed(self) -> None:
        bad = replace(GAUGE, path="device/\x1b[2J", value="a\nb\u202e", unit="")
        self.assertEqual(self.cells(bad), ["device/\\x1b[2J", "a\\nb\\u202e", "ok"])
        self.assertEqual(printable("40Ar µA"), "40Ar µA")

    def test_json_leaves_nothing_out(self) -> None:
        for notice, fields in (
            (GAUGE, GAUGE.as_json()),
            (COMMAND, {"path": "command", "t": 100.0, **COMMAND.fields}),
        ):
            out = StringIO()
            NoticeLines(out, self.err, as_json=True).show(notice)
            self.assertEqual(json.loads(out.getvalue()), fields)

    def test_the_connection_is_told_of_beside(self) -> None:
        lines = NoticeLines(self.out, self.err)
        for notice in (GAUGE, Live(), Lost("cut"), Gap()):
            lines.show(notice)
        self.assertEqual(len(self.out.getvalue().splitlines()), 1)
        told = self.err.getvalue().splitlines()
        self.assertEqual(len(told), 2)
        self.assertIn("no connection (cut)", told[0])

    def test_where_nothing_is_there_that_is_told_whoever_reads_it(self) -> None:
        for as_json in (False, True):
            err = StringIO()
            NoticeLines(self.out, err, as_json).show(Live())
            self.assertEqual(err.getvalue(), f"pychron-ask: {NOTHING_YET}\n")
        self.assertEqual(self.out.getvalue(), "")


class TableTests(SynchronousTestCase):
    def shown(self, table: LivingTable) -> list[str]:
        out = StringIO()
        Console(file=out, width=100).print(table.rendered())
        return [line.strip() for line in out.getvalue().splitlines()]

    def test_each_item_has_its_row_in_the_order_of_numbers(self) -> None:
        items = [valve("V10"), valve("V9"), GAUGE.invalid("stale")]
        table = LivingTable({item.path: item for item in items})
        table.show(Live())
        rows = self.shown(table)
        self.assertEqual(rows[0], "live")
        words = [row.split()[0] for row in rows[2:5]]
        self.assertEqual(words, ["System/valve/V9", "System/valve/V10", "device/gc/IG"])
        self.assertIn("invalid: stale", rows[4])

    def test_patterns_that_are_nothings_name_are_told_of(self) -> None:
        items: dict[str, Item] = {}
        table = LivingTable(items)
        self.assertEqual(self.shown(table)[0], "connecting")
        table.show(Live())
        self.assertEqual(self.shown(table)[0], "live; nothing there has such a name so far")
        items["x"] = GAUGE
        self.assertEqual(self.shown(table)[0], "live")
        table.show(Lost("cut"))
        items.clear()
        self.assertNotIn("name", self.shown(table)[0])

    def test_states_are_said_as_people_say_them(self) -> None:
        for item, said in (
            (valve("A", True), "open"),
            (valve("A", False), "closed"),
            (replace(valve("A", False), details={"moving": True, "target": True}), "opening"),
            (replace(valve("A", True), details={"moving": True, "target": False}), "closing"),
            (replace(GAUGE, value=True, unit=""), "yes"),
            (replace(GAUGE, value=False, unit=""), "no"),
            (GAUGE, "2.5e-08"),
        ):
            self.assertEqual(self.shown(LivingTable({"x": item}))[2].split()[1], said)

    def test_a_time_of_another_day_has_its_day(self) -> None:
        row = self.shown(LivingTable({"x": replace(GAUGE, obtained=100.0)}))[2]
        self.assertIn(" 1970-01-01 ", row)
        row = self.shown(LivingTable({"x": replace(GAUGE, obtained=time.time())}))[2]
        self.assertRegex(row, r" \d\d:\d\d:\d\d$")

    def test_the_last_command_is_a_sentence(self) -> None:
        fields = {"who": "10.0.0.5", "type": "System", "command": "Open A", "reply": "OK"}
        table = LivingTable({})
        for more in ({"seconds": 0.1}, {}):
            table.show(Happened("command", time.time(), {**fields, **more}))
            self.assertRegex(self.shown(table)[-1], r"^[\d:]+  10\.0\.0\.5  System\|Open A  OK$")

    def test_the_connection_and_what_happened(self) -> None:
        table = LivingTable({})
        table.show(Lost("cut"))
        table.show(COMMAND)
        rows = self.shown(table)
        self.assertRegex(rows[0], r"^\d\d:\d\d:\d\d: no connection \(cut\)")
        self.assertIn('command="Open A"', rows[-1])
        table.show(Gap())
        self.assertEqual(self.shown(table)[0], "some changes were missed")


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class RunTests(SynchronousTestCase):
    def run_watch(self, *notices: Notice | BaseException, out: StringIO | None = None) -> int:
        self.out, self.err = out or StringIO(), StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        output = Output(self.out, self.err)
        return watching.run_watch(Scripted(notices), output, as_json=False)  # type: ignore[arg-type]

    def test_ctrl_c_is_a_clean_end(self) -> None:
        self.assertEqual(self.run_watch(GAUGE, KeyboardInterrupt()), 0)
        self.assertIn("device/gc/IG", self.out.getvalue())

    def test_a_refusal(self) -> None:
        self.assertEqual(self.run_watch(NotPermittedError("no")), 1)
        self.assertIn("ERROR 208", self.err.getvalue())

    def test_a_refusal_as_json_says_what_was_asked(self) -> None:
        out = StringIO()
        watch: Any = Scripted([NotPermittedError("no")])
        self.assertEqual(watching.run_watch(watch, Output(out, out, True), as_json=True), 1)
        self.assertEqual(json.loads(out.getvalue())["command"], "Subscribe")

    def test_a_pipe_that_nobody_reads_any_more(self) -> None:
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as out:
            self.assertFalse(watching.reader_has_gone(out))
            os.close(reading)
            self.assertTrue(watching.reader_has_gone(out))

    def test_where_nobody_can_tell_it_is_read(self) -> None:
        """Windows has no poll."""
        self.patch(watching, "select", SimpleNamespace())
        self.assertFalse(watching.reader_has_gone(StringIO()))

    def test_a_terminal_has_a_table(self) -> None:
        shown: list[Notice] = []

        @contextmanager
        def table(out: Any, items: Any) -> Any:
            yield SimpleNamespace(show=shown.append)

        self.patch(living_table, "living_table", table)
        self.run_watch(GAUGE, out=Terminal())
        self.assertEqual(shown, [GAUGE])

    def test_lines_where_rich_is_not_there(self) -> None:
        hide_module(self, "pychron_comms.client.command_line.living_table")
        self.run_watch(GAUGE, out=Terminal())
        self.assertIn("device/gc/IG\t", self.out.getvalue())
        self.assertIn("the table that lives needs rich: ", self.err.getvalue())

    def test_the_table_is_on_the_terminal_until_the_end(self) -> None:
        out = Terminal()
        with living_table.living_table(out, {GAUGE.path: GAUGE}) as table:
            table.show(Live())
        self.assertIn("2.5e-08 mbar", out.getvalue())


class Scripted:
    items: dict[str, Item] = {}  # noqa: RUF012

    def __init__(self, notices: Any) -> None:
        self._notices = notices

    def __iter__(self) -> Any:
        for each in self._notices:
            if isinstance(each, BaseException):
                raise each
            yield each


class SeverityTests(SynchronousTestCase):
    def test_every_severity_but_ok_looks_like_no_other(self) -> None:
        styles = [living_table._STYLES.get(each, "") for each in Severity]
        self.assertEqual(len(set(styles)), len(styles))


class MainTests(SynchronousTestCase):
    """``pychron-ask --watch PATTERN`` as it is typed; ``watched`` is what is looped over."""

    def setUp(self) -> None:
        self.out, self.err = StringIO(), StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        self.made: list[Any] = []
        self.wrong = ""
        self.patch(ask, "Communicator", self.communicator)
        self.patch(by_broker, "watch_by_broker", self.watched)

    def communicator(self, server: str, **options: Any) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *failure: object) -> None:
        """It is closed."""

    def watch(self, *patterns: str, cancel: Any) -> Any:
        return self.watched("server", patterns, cancel)

    def watched(self, what: str, patterns: Any, cancel: Any) -> Any:
        if self.wrong:
            raise ValueError(self.wrong)
        self.made.append((what, patterns, cancel.func, cancel.args))
        return Scripted([GAUGE])

    def test_of_a_server_until_nobody_reads(self) -> None:
        self.assertEqual(ask.main(["--watch", "device/*", "System/*"]), 0)
        gone = watching.reader_has_gone, (self.out,)
        self.assertEqual(self.made, [("server", ("device/*", "System/*"), *gone)])
        self.assertIn("device/gc/IG\t2.5e-08 mbar\tok\n", self.out.getvalue())

    def test_of_a_broker(self) -> None:
        words = ["--via", "amqp:rabbit:set=a", "--json", "--watch", "device/*"]
        self.assertEqual(ask.main(words), 0)
        gone = watching.reader_has_gone, (self.out,)
        self.assertEqual(self.made, [("amqp:rabbit:set=a", ("device/*",), *gone)])
        self.assertEqual(json.loads(self.out.getvalue()), GAUGE.as_json())

    def test_what_cannot_be_watched(self) -> None:
        self.wrong = "a pattern is a path"
        for words in (["--watch", "x y"], ["--via", "amqp:rabbit:set=a", "--watch", "x"]):
            self.assertEqual(ask.main(words), 2)
        self.assertEqual(self.err.getvalue(), "pychron-ask: a pattern is a path\n" * 2)

    def test_what_a_broker_does_not_do(self) -> None:
        for words in (["Open", "A"], ["--watch", "1", "GetError"]):
            self.assertRaises(SystemExit, ask.main, ["--via", "amqp:rabbit:set=a", *words])
        why = "--via is for --watch with a pattern: a broker answers no command"
        self.assertEqual(self.err.getvalue().count(why), 2)
