"""``pychron-ask`` at a terminal: colours, long lines, and what the prompt knows."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import errors
from pychron_comms.client import ask
from pychron_comms.client.command_line.catalogue import (
    Argument,
    Catalogue,
    Described,
    fetch_catalogue,
)
from pychron_comms.client.command_line.connection import Connection
from pychron_comms.client.command_line.living_table import LivingTable
from pychron_comms.client.command_line.notices import NoticeLines, as_line, beside, shown_value
from pychron_comms.client.command_line.options import AskOptions
from pychron_comms.client.command_line.output import Output
from pychron_comms.client.command_line.progress import status_line
from pychron_comms.client.command_line.prompt import (
    Prompt,
    PromptOutput,
    help_table,
    prompt_session,
)
from pychron_comms.client.command_line.session import AskSession
from pychron_comms.client.waiting import Progress
from pychron_comms.client.watch.notices import Happened, Item, Live, Lost
from pychron_comms.interfaces import Severity
from tests.asking import ScriptedCommunicator

GAUGE = Item(path="device/gc/IG", value=2.5e-8, unit="mbar", obtained=100.0, confirmed=100.0)
RED, DIM, BOLD = "\x1b[31m", "\x1b[2m", "\x1b[1m"
LONG = "x" * 60


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(width: int = 40) -> tuple[Console, Terminal]:
    """One in colours."""
    file = Terminal()
    return Console(file=file, width=width, force_terminal=True, color_system="standard"), file


class ColourTests(SynchronousTestCase):
    def ask(self, err: io.StringIO) -> str:
        self.patch(sys, "stderr", err)
        self.patch(sys, "stdout", io.StringIO())
        refused = ScriptedCommunicator({"Open": errors.LeasedError("A", "b")})
        self.patch(ask, "Communicator", lambda *_, **__: refused)
        self.assertEqual(ask.main(["Open", "A"]), 1)
        return err.getvalue()

    def test_an_error_is_red_where_a_person_looks(self) -> None:
        self.patch(os, "environ", {**os.environ, "TERM": "xterm", "NO_COLOR": ""})
        self.assertTrue(self.ask(Terminal()).startswith(f"{RED}ERROR 204"))
        self.assertTrue(self.ask(io.StringIO()).startswith("ERROR 204"))


class PromptOutputTests(SynchronousTestCase):
    """A line that is copied from the terminal must be whole: none is broken."""

    def setUp(self) -> None:
        self.console, self.shown = terminal()
        self.output = PromptOutput(self.console)

    def test_a_reply(self) -> None:
        self.output.reply("Read x", LONG)
        self.assertEqual(self.shown.getvalue(), f"{LONG}\n")

    def test_an_error_is_red(self) -> None:
        self.output.error("Read x", errors.QueueFullError(LONG))
        self.assertEqual(self.shown.getvalue(), f"{RED}ERROR 203 : queue full: {LONG}\x1b[0m\n")

    def test_a_note_is_dim(self) -> None:
        self.output.note(LONG)
        self.assertEqual(self.shown.getvalue(), f"{DIM}{LONG}\x1b[0m\n")


class PromptHelpTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.console, self.shown = terminal(200)
        self.connection = Connection(ScriptedCommunicator(), self.fail)
        self.prompt = Prompt(
            AskSession(self.connection, PromptOutput(self.console), AskOptions()),
            self.connection,
            None,  # type: ignore[arg-type]
            self.console,
        )

    def help(self, line: str) -> str:
        self.prompt._obey(line)
        return self.shown.getvalue()

    def test_before_the_server_has_described_itself(self) -> None:
        told = "what the server can do is not known: it has not described itself yet"
        self.assertEqual(self.help("help Open"), f"{RED}{told}\x1b[0m\n")

    def test_each_line_is_asked_for_with_what_is_known_of_the_server(self) -> None:
        labels: list[str] = []
        lines = iter(["", "help none", " QUIT "])

        def prompt(label: str) -> str:
            labels.append(label)
            self.connection.catalogue = Catalogue("System")
            return next(lines)

        self.prompt._lines = SimpleNamespace(prompt=prompt)  # type: ignore[assignment]
        self.assertEqual(self.prompt.run(), 0)
        self.assertEqual(labels, ["ask> ", "System> ", "System> "])

    def test_one_that_there_is_is_told_of_in_one_line(self) -> None:
        self.console, self.shown = terminal(40)
        self.prompt._console = self.console
        self.connection.catalogue = Catalogue("", [Described("Open", [], "Open valve", LONG, [])])
        self.assertEqual(self.help("help open"), f"Open valve: {LONG}\n")

    def test_a_command_that_there_is_none_of(self) -> None:
        self.connection.catalogue = Catalogue(
            "System", [Described("Open", [], "Open valve", "", [])]
        )
        self.assertEqual(
            self.help("help Opne"), f"{RED}no command Opne; did you mean Open?\x1b[0m\n"
        )

    def test_all_commands_stand_one_below_the_other(self) -> None:
        commands = [
            Described("Open", [], "Open valve", "open it", []),
            Described("Get", [], "Get x", "read it", []),
        ]
        self.console.print(help_table(Catalogue("System", commands)))
        rows = self.shown.getvalue().splitlines()
        self.assertEqual(rows[0].rstrip(), f"{BOLD}Open valve\x1b[0m  open it")
        self.assertEqual(rows[1].rstrip(), f"{BOLD}Get x     \x1b[0m  read it")
        self.assertTrue(rows[2].startswith(f"{BOLD}help      \x1b[0m  list the commands"))
        self.assertEqual(len(rows), 4)


class PromptSessionTests(SynchronousTestCase):
    def test_it_remembers_and_helps_below_the_line(self) -> None:
        connection = Connection(ScriptedCommunicator(), self.fail)
        described = Described("Open", [], "Open valve", "open it", [])
        connection.catalogue = Catalogue("System", [described])
        history = InMemoryHistory()
        with create_pipe_input() as pipe, create_app_session(pipe, DummyOutput()):
            session = prompt_session(connection, history)
            pipe.send_text("Open A\r")
            self.assertEqual(session.prompt("ask> "), "Open A")
            self.assertEqual(history.get_strings(), ["Open A"])
            below: Any = session.bottom_toolbar
            self.assertEqual(below(), "Open valve: open it")
            connection.catalogue = Catalogue()
            self.assertEqual(below(), " ")


class DescriptionTests(SynchronousTestCase):
    def test_what_is_wrong_with_one(self) -> None:
        for reply, why in (("{}", "KeyError('commands')"), ("[]", "TypeError(")):
            server = ScriptedCommunicator({"Describe": reply})
            error = self.assertRaises(ValueError, fetch_catalogue, server.ask)
            self.assertTrue(str(error).startswith(f"Describe: {why}"), str(error))

    def test_an_argument_in_words(self) -> None:
        for argument, words in (
            (Argument("x", "number", "mm", None, None, ()), "x: number mm"),
            (Argument("x", "number", "%", 0, 100, ()), "x: number from 0 to 100 %"),
            (Argument("x", "number", "", 1, None, ()), "x: number from 1"),
            (Argument("x", "number", "V", None, 2.5, ()), "x: number to 2.5 V"),
            (Argument("x", "text", "", None, None, ("on", "off")), "x: on or off"),
        ):
            self.assertEqual(str(argument), words)


class CatalogueTests(SynchronousTestCase):
    def fetched(self, *commands: dict[str, Any], **replies: str) -> Catalogue:
        every = {"aliases": [], "usage": "", "help": "", "arguments": []}
        told = {"type": "System", "commands": [{**every, **each} for each in commands]}
        return fetch_catalogue(ScriptedCommunicator({"Describe": json.dumps(told), **replies}).ask)

    def test_what_a_description_leaves_out(self) -> None:
        """An older server tells of an argument its name and its kind."""
        found = self.fetched({"name": "Set", "arguments": [{"name": "x", "type": "text"}]})
        self.assertEqual(found.request_type, "System")
        (argument,) = found.commands[0].arguments
        self.assertEqual(argument, Argument("x", "text", "", None, None, ()))
        self.assertFalse(argument.is_limited)

    def test_each_source_of_names(self) -> None:
        names = {"name": "x", "type": "text"}
        found = self.fetched(
            {"name": "DoPattern", "arguments": [names]},
            {"name": "GetPatternNames"},
            {"name": "GetPipetteCount", "arguments": [names]},
            {"name": "GetPipetteCounts"},
            GetPatternNames="pa,pb",
            GetPipetteCounts='[["P1", 7]]',
        )
        self.assertEqual(
            {name: list(each) for name, each in found.names.items()},
            {"GetPatternNames": ["pa", "pb"], "GetPipetteCounts": ["P1"]},
        )
        for text, words in (
            ("DoPattern ", ["pa", "pb"]),
            ("dopattern  p", ["pa", "pb"]),
            ("help  GetPi", ["GetPipetteCount", "GetPipetteCounts"]),
            ("GetPatternNames ", []),
        ):
            self.assertEqual((text, [each.text for each in found.complete(text)]), (text, words))

    def test_a_line_is_explained_by_its_first_word(self) -> None:
        found = self.fetched({"name": "Set", "usage": "Set x", "help": "do it"})
        for text in ("Set", " set 1 2 3 ", "Set,1"):
            self.assertEqual(found.explain(text), "Set x: do it")


class RefusalTests(SynchronousTestCase):
    def test_what_qtegra_refuses_ends_a_script_too(self) -> None:
        out, err = io.StringIO(), io.StringIO()
        server = ScriptedCommunicator({"SetMass": "Error: no", "GetData": "1"})
        session = AskSession(server, Output(out, err), AskOptions())
        self.assertEqual(session.run(["GetData", "SetMass 40", "GetData"]), 1)
        self.assertEqual(out.getvalue(), "1\nError: no\n")
        self.assertEqual(err.getvalue(), "pychron-ask: ended at: SetMass 40\n")


class NoticeTests(SynchronousTestCase):
    def test_a_terminal_that_knows_few_letters(self) -> None:
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, "ascii", newline="\n")
        NoticeLines(out, io.StringIO()).show(replace(GAUGE, unit="µbar"))
        self.assertIn(b"\t2.5e-08 \\xb5bar\t", raw.getvalue())

    def test_a_long_value_is_cut_and_one_that_just_fits_is_not(self) -> None:
        for length, shown in ((200, "x" * 200), (201, "x" * 200 + "...")):
            self.assertEqual(shown_value(replace(GAUGE, value="x" * length, unit="")), shown)

    def test_words_and_what_has_blanks(self) -> None:
        self.assertIn('a="x\\"y"', as_line(Happened("command", 100.0, {"a": 'x"y'})))
        fields = {"a": "Ärger", "b": "two words", "c": ["µ", 1], "d": True, "e": None, "f": ""}
        line = as_line(Happened("command", 100.0, fields)).split("\t")[2]
        self.assertEqual(line, 'a=Ärger b="two words" c=["µ",1] d=True e=None f=""')

    def test_what_stands_beside_a_value(self) -> None:
        for details, told in (
            ({"moving": True, "target": True, "gone": True}, "moving"),
            ({"owner": "Anna B", "rules": ["a b", "c"]}, 'owner="Anna B", rules="a b",c'),
            ({"locked": False, "holes": [1, 2], "empty": [], "mixed": ["a", 1], "n": 5}, ""),
        ):
            self.assertEqual(beside(replace(GAUGE, details=details)), told)


class LivingTableTests(SynchronousTestCase):
    def shown(self, table: LivingTable) -> list[str]:
        console, file = terminal(120)
        console.print(table.rendered())
        return file.getvalue().splitlines()

    def test_why_and_what_is_beside_it_stand_together(self) -> None:
        item = replace(GAUGE, details={"owner": "Anna"}).invalid("stale")
        self.assertIn("invalid: stale; owner=Anna", self.shown(LivingTable({"x": item}))[2])

    def test_what_happened_is_one_line_without_tabs(self) -> None:
        table = LivingTable({})
        table.show(Happened("alarm/x", 100.0, {"state": "on"}))
        self.assertRegex(self.shown(table)[-1], r"^\d.*  alarm/x  state=on$")

    def test_what_is_lost_can_be_believed_no_more_and_looks_so(self) -> None:
        table = LivingTable({"x": GAUGE, "y": replace(GAUGE, path="y", severity=Severity.MAJOR)})
        self.assertTrue(self.shown(table)[0].startswith(f"{DIM}connecting"))
        for notice, style in ((Live(), DIM), (Lost("cut"), "\x1b[1;31m")):
            table.show(notice)
            self.assertTrue(self.shown(table)[0].startswith(style))
            self.assertIn("\x1b[1;2mvalue", self.shown(table)[1])
        rows = self.shown(table)[2:4]
        self.assertTrue(all(row.startswith(DIM) for row in rows), rows)

    def test_a_table_of_its_columns(self) -> None:
        bad = replace(GAUGE, severity=Severity.MAJOR, reason="high")
        console = Console(file=io.StringIO(), width=120)
        console.print(LivingTable({"x": bad}).rendered())
        state, head, row, *_ = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
        self.assertEqual(state.rstrip(), "connecting")
        self.assertEqual(head.split(), ["value", "since", "why"])
        self.assertRegex(row, r"^device/gc/IG  2\.5e-08 mbar  1970-01-0\d \d\d:\d\d  major: high")
        self.assertEqual(head.index("value"), row.index("2.5e-08"))

    def test_names_stand_in_the_order_of_their_numbers(self) -> None:
        paths = ["b", "V10", "V9", "V", "a2b10", "a2b9", "a"]
        rows = self.shown(LivingTable({each: replace(GAUGE, path=each) for each in paths}))
        order = [re.sub(r"\x1b\[[\d;]*m", "", row).split()[0] for row in rows[2 : 2 + len(paths)]]
        self.assertEqual(order, ["V", "V9", "V10", "a", "a2b9", "a2b10", "b"])

    def test_what_is_bad_looks_so(self) -> None:
        bad = replace(GAUGE, severity=Severity.MAJOR, reason="high")
        table = LivingTable({"x": bad})
        table.show(Live())
        self.assertTrue(self.shown(table)[2].startswith("\x1b[1;31mdevice/gc/IG"))


class StatusLineTests(SynchronousTestCase):
    def test_how_long_it_has_taken_and_nothing_of_it_stays(self) -> None:
        self.patch(os, "environ", {**os.environ, "TERM": "xterm"})
        file = Terminal()
        with status_line(file) as show:
            show(Progress("SetX [1]", 1.25, None))
        self.assertTrue(file.getvalue().endswith("\x1b[2K"), repr(file.getvalue()))
