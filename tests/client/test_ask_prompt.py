"""The prompt: what it completes and explains, and the loop on a terminal made of pipes."""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import errors
from pychron_comms.client.command_line import prompt
from pychron_comms.client.command_line.catalogue import Catalogue, fetch_catalogue
from pychron_comms.client.command_line.connection import Connection
from pychron_comms.client.command_line.options import AskOptions
from pychron_comms.config.table import Table
from pychron_comms.handlers.extraction_line.handler import ExtractionlineHandlerFactory
from pychron_comms.handlers.laser.uv import UVHandlerFactory
from pychron_comms.lab.hardware import hardware_from_config
from pychron_comms.safeguards.system_lock import SystemLock
from tests.asking import Answer, ScriptedCommunicator, SimulatedCommunicator
from tests.lasers import OneManager, build_laser

LINE = """
[[extraction_line.valve]]
name = "A"
[[extraction_line.valve]]
name = "AB"
[[extraction_line.pipette]]
name = "P1"
valve = "A"
"""


def temporary_folder(test: SynchronousTestCase) -> Path:
    """One that is gone behind the test, whichever runner runs it."""
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    return Path(folder.name)


def laser_communicator() -> SimulatedCommunicator:
    laser = build_laser(Clock(), kind="uv")
    return SimulatedCommunicator(UVHandlerFactory().build(OneManager("uv", laser)))


class CatalogueCase(SynchronousTestCase):
    def laser(self) -> Catalogue:
        return fetch_catalogue(laser_communicator().ask)

    def line(self) -> Catalogue:
        hardware = hardware_from_config(
            Table.parse(LINE, "lab.toml"), Clock(), SystemLock({}, Clock().seconds)
        )
        handler = ExtractionlineHandlerFactory().build(hardware)
        return fetch_catalogue(SimulatedCommunicator(handler).ask)

    def assert_completes(self, catalogue: Catalogue, text: str, *words: str) -> None:
        candidates = catalogue.complete(text)
        self.assertEqual((text, [each.text for each in candidates]), (text, list(words)))


class CompletionTests(CatalogueCase):
    def test_commands_in_any_case(self) -> None:
        laser = self.laser()
        self.assert_completes(laser, "setl", "SetLaserOutput", "SetLaserPower", "SetLight")
        self.assert_completes(laser, " GetJ", "GetJogProcedures")
        self.assert_completes(laser, "qu", "quit")
        self.assert_completes(laser, "nothing")
        self.assertEqual(laser.complete("SetLaserP")[0].replaces, 9)
        self.assertEqual(
            laser.complete("SetLaserP")[0].meaning, "set the power; 0 ends an extraction"
        )

    def test_all_commands(self) -> None:
        self.assertGreater(len(self.laser().complete("")), 60)

    def test_the_command_that_help_tells_of(self) -> None:
        self.assert_completes(self.laser(), "help SetLaserP", "SetLaserPower")
        self.assert_completes(self.laser(), "Help SetLaserP", "SetLaserPower")

    def test_choices(self) -> None:
        self.assert_completes(self.laser(), "SetLaserOutput 5 ", "percent", "watts", "temp")
        self.assert_completes(self.laser(), "SetLaserOutput 5,w", "watts")
        self.assert_completes(self.laser(), "fire ", "burst", "continuous", "stop")

    def test_true_and_false(self) -> None:
        self.assert_completes(self.laser(), "GoToHole 3,", "True", "False")

    def test_names(self) -> None:
        self.assert_completes(self.laser(), "DoPattern ", "pa", "pb")
        self.assert_completes(self.laser(), "dojog pb", "pb")
        self.assert_completes(self.line(), "Open a", "A", "AB")
        self.assert_completes(self.line(), "GetPipetteCount ", "P1")

    def test_several_names(self) -> None:
        self.assert_completes(self.line(), "GetStateChecksum A,", "A", "AB")

    def test_no_argument_there(self) -> None:
        for text in ("Enable ", "SetX 5,", "SetX ", "nothing ", "DoPattern pa 5 "):
            self.assert_completes(self.laser(), text)


class ExplanationTests(CatalogueCase):
    def test_usage_ranges_and_units(self) -> None:
        laser = self.laser()
        for text, told in (
            (
                "SetLaserPower 5",
                "SetLaserPower power: set the power; 0 ends an extraction; "
                "power: number from 0 to 100 %",
            ),
            ("setx", "SetX value: begin a move of x; poll GetXMoving; value: number mm"),
            (
                "SetNBurst",
                "SetNBurst value: set the number of pulses of a burst; value: integer from 1",
            ),
            (
                "Fire",
                "Fire mode: begin a burst or continuous fire, or stop it; poll IsFiring; "
                "mode: burst or continuous or stop",
            ),
            ("SetSampleHolder", "SetSampleHolder name: say which sample holder lies on the stage"),
            ("", ""),
            ("nothing", ""),
        ):
            self.assertEqual((text, laser.explain(text)), (text, told))


class FetchTests(SynchronousTestCase):
    def test_no_description(self) -> None:
        for reply in ("", "OK", "[]", "{}", '{"type": "x"}', '{"commands": [{}], "type": "x"}'):
            communicator = ScriptedCommunicator({"Describe": reply})
            self.assertRaises(ValueError, fetch_catalogue, communicator.ask)

    def test_names_that_cannot_be_had(self) -> None:
        """A description without them still serves."""
        described = json.dumps(
            {
                "type": "System",
                "commands": [
                    {"name": name, "aliases": [], "usage": name, "help": "", "arguments": []}
                    for name in ("Open", "GetValveStates", "GetPipetteCount", "GetPipetteCounts")
                ],
            }
        )
        for valves, pipettes in (
            (errors.NoResponseError(), errors.OutcomeUnknownError()),
            ("garbage", "garbage"),
            ("garbage", "[1]"),
        ):
            replies = {
                "Describe": described,
                "GetValveStates": valves,
                "GetPipetteCounts": pipettes,
            }
            catalogue = fetch_catalogue(ScriptedCommunicator(replies).ask)
            self.assertEqual(catalogue.names, {"GetValveStates": (), "GetPipetteCounts": ()})


class CompleterTests(CatalogueCase):
    def test_what_the_terminal_shows(self) -> None:
        connection = Connection(laser_communicator(), self.fail)
        connection.learn()
        completer = prompt.CommandCompleter(connection)
        (found,) = completer.get_completions(Document("SetLaserP"), CompleteEvent())
        self.assertEqual(
            (found.text, found.start_position, found.display_meta_text),
            ("SetLaserPower", -9, "set the power; 0 ends an extraction"),
        )


class HistoryTests(SynchronousTestCase):
    def test_the_file(self) -> None:
        self.patch(os, "environ", os.environ | {"PYCHRON_HISTORY": "/x/y"})
        self.assertEqual(prompt.history_file(), Path("/x/y"))
        self.patch(os, "environ", os.environ | {"PYCHRON_HISTORY": ""})
        self.assertEqual(prompt.history_file(), Path.home() / ".pychron_ask_history")

    def test_kept(self) -> None:
        file = temporary_folder(self) / "history"
        history = prompt.open_history(file)
        self.assertIsInstance(history, FileHistory)
        history.append_string("Open A")
        self.assertIn("Open A", file.read_text())

    def test_where_no_file_can_be_written(self) -> None:
        history = prompt.open_history(temporary_folder(self) / "none" / "history")
        self.assertIsInstance(history, InMemoryHistory)


class LoopCase(SynchronousTestCase):
    """``run_prompt`` with the keys of a person; ``self.shown`` is what the console shows."""

    def setUp(self) -> None:
        self.shown = io.StringIO()
        self.patch(
            prompt, "Console", lambda: Console(file=self.shown, width=200, color_system=None)
        )
        self.patch(prompt, "history_file", lambda: temporary_folder(self) / "history")

    @contextmanager
    def keys(self, typed: str) -> Iterator[None]:
        with create_pipe_input() as pipe, create_app_session(pipe, DummyOutput()):
            pipe.send_text(typed)
            yield

    def run_keys(self, typed: str, communicator: ScriptedCommunicator) -> int:
        with self.keys(typed):
            return prompt.run_prompt(communicator, AskOptions(server="tcp:lab:1065"))


class LoopTests(LoopCase):
    def test_a_session(self) -> None:
        communicator = laser_communicator()
        typed = "Enable\rSetLaserPower 200\r\rGetJogProcedures\rquit\r"
        self.assertEqual(self.run_keys(typed, communicator), 0)
        self.assertEqual(
            self.shown.getvalue().splitlines(),
            [
                "tcp:lab:1065: Tab completes, help lists the commands, quit leaves",
                "OK",
                "ERROR 004 : invalid arguments: SetLaserPower 200 (power must be 0 to 100 %; "
                "usage: SetLaserPower power)",
                "pa,pb",
            ],
        )

    def test_help(self) -> None:
        keys = "help\rhelp SetX\r?\rhelp nothing\rhelp Enabel\rquit\r"
        self.run_keys(keys, laser_communicator())
        shown = self.shown.getvalue()
        self.assertEqual(
            len(re.findall(r"\nSetLaserOutput value \[units\] +set the output in", shown)), 2
        )
        self.assertIn("SetX value: begin a move of x; poll GetXMoving; value: number mm\n", shown)
        self.assertIn("quit", shown)
        self.assertIn("no command nothing\n", shown)
        self.assertIn("no command Enabel; did you mean Enable?\n", shown)

    def test_ctrl_c_clears_and_ctrl_d_leaves(self) -> None:
        communicator = laser_communicator()
        self.assertEqual(self.run_keys("Disable\x03Enable\r\x04", communicator), 0)
        self.assertIn("Enable", communicator.asked)
        self.assertNotIn("Disable", communicator.asked)

    def test_a_lost_server_does_not_end_it(self) -> None:
        communicator = laser_communicator()
        answers: list[Answer] = [errors.OutcomeUnknownError("lost"), "OK"]
        scripted = ScriptedCommunicator(
            {"Describe": communicator.ask("Describe"), "GetPatternNames": "", "Enable": answers}
        )
        self.run_keys("Enable\rEnable\rquit\r", scripted)
        self.assertEqual(
            self.shown.getvalue().splitlines()[1:], ["ERROR 201 : outcome unknown: lost", "OK"]
        )

    def test_a_server_that_does_not_describe_itself(self) -> None:
        for answer in (errors.OutcomeUnknownError("Describe"), "garbage"):
            self.shown.truncate(0)
            communicator = ScriptedCommunicator({"Describe": answer, "Open": "OK"})
            self.assertEqual(self.run_keys("Open A\rquit\r", communicator), 0)
            self.assertIn("no completion, since the server", self.shown.getvalue())
            self.assertIn("\nOK\n", self.shown.getvalue())

    def test_a_server_that_comes_later(self) -> None:
        refused = errors.PychronCommunicationError("tcp:lab:1065", "refused")
        described = laser_communicator().ask("Describe")
        scripted = ScriptedCommunicator(
            {
                "Describe": [refused, described],
                "Enable": [refused, "OK"],
                "GetPatternNames": "pa",
            }
        )
        self.assertEqual(self.run_keys("Enable\rEnable\rquit\r", scripted), 0)
        shown = self.shown.getvalue()
        self.assertIn("ERROR 011", shown)
        self.assertRegex(
            shown, r"connected again; there was no connection since \d\d:\d\d:\d\d\nOK"
        )
        self.assertEqual(scripted.asked.count("Describe"), 2)

    def test_what_was_learnt_once_is_not_asked_again(self) -> None:
        refused = errors.PychronCommunicationError("tcp:lab:1065", "refused")
        described = laser_communicator().ask("Describe")
        answers: list[Answer] = ["OK", refused, "OK"]
        scripted = ScriptedCommunicator(
            {"Describe": described, "Enable": answers, "GetPatternNames": "pa"}
        )
        self.run_keys("Enable\rEnable\rEnable\rquit\r", scripted)
        self.assertIn("connected again", self.shown.getvalue())
        self.assertEqual(scripted.asked.count("Describe"), 1)


class ConnectionTests(SynchronousTestCase):
    def test_the_label_says_since_when_there_is_none(self) -> None:
        refused = errors.PychronCommunicationError("tcp:lab:1065", "refused")
        times = iter(["10:00:00", "10:00:05"])
        notes: list[str] = []
        answers: list[Answer] = [refused, refused, errors.LeasedError("A", "b"), "OK"]
        scripted = ScriptedCommunicator({"Open": answers, "Describe": "garbage"})
        connection = Connection(scripted, notes.append, lambda: next(times))
        self.assertEqual(connection.label, "ask> ")
        for _ in range(2):
            self.assertRaises(errors.PychronCommunicationError, connection.ask, "Open")
            self.assertEqual(connection.label, "(not connected since 10:00:00) ask> ")
        self.assertRaises(errors.LeasedError, connection.ask, "Open")
        self.assertEqual(connection.label, "ask> ")
        self.assertIn("connected again", notes[0])
        self.assertEqual(connection.ask("Open"), "OK")
        connection.close()
        self.assertTrue(scripted.closed)
