"""``python -m pychron_comms``: what can be told of it without starting a laboratory."""

from __future__ import annotations

import io
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.operations import run as program
from pychron_comms.operations import tool
from pychron_comms.operations.laboratory import Laboratory, load
from pychron_comms.process.platform import Platform
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.server.settings import ListenerSettings, ServerSettings


class StubbornProcess:
    """Says ``ready``, and ends only when it is killed."""

    said = "begins\n[x#warn] slow\nready now\n[x#info] runs\n"

    def __init__(self, arguments: Sequence[str], **options: Any) -> None:
        self.stdout = io.StringIO(self.said)
        self.told: list[str] = []

    def terminate(self) -> None:
        self.told.append("terminate")

    def kill(self) -> None:
        self.told.append("kill")

    def wait(self, seconds: float | None = None) -> int:
        if "kill" not in self.told:
            raise subprocess.TimeoutExpired("twistd", seconds or 0.0)
        return -9


class HalfTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(subprocess, "Popen", StubbornProcess)
        self.output = io.StringIO()
        self.ended: SimpleQueue[program.Half] = SimpleQueue()
        self.announced = threading.Event()
        self.announced.set()

    def half(self, ready: str) -> program.Half:
        with redirect_stdout(self.output):
            half = program.Half(["pychron-server"], ready, self.ended, self.announced)
            half._reader.join()
        return half

    def test_it_is_ready_when_its_log_says_so_and_passes_the_log_on(self) -> None:
        half = self.half("ready")
        half.wait_ready()
        # Of what was said before, what warns alone.
        self.assertEqual(self.output.getvalue(), "[x#warn] slow\n[x#info] runs\n")
        self.assertIs(self.ended.get_nowait(), half)

    def test_one_that_takes_too_long_is_told_of_as_such(self) -> None:
        """It was told that the laboratory could not be started, and not why."""
        half = self.half("ready")
        half._is_ready = False
        half._settled.clear()
        self.patch(program, "_START", 0.01)
        error = self.assertRaises(SystemExit, half.wait_ready)
        said = "could not be started: it was not ready within 0.01 s; is this computer very busy?"
        self.assertIn(said, str(error))

    def test_a_page_that_is_not_there_is_shown_to_nobody(self) -> None:
        """It was that of another laboratory."""
        self.assertTrue(self.half("ready").has_page)
        say = "x#warn] no status page: Couldn't listen on 127.0.0.1:1070\nready\n"
        self.patch(StubbornProcess, "said", say)
        half = self.half("ready")
        self.assertFalse(half.has_page)
        said = program.welcome(load(None), has_page=half.has_page)
        self.assertIn("No page: another has http://127.0.0.1:1070/;", said)
        self.assertNotIn("See it at", said)

    def test_until_the_laboratory_is_announced_it_passes_on_what_warns_alone(self) -> None:
        self.announced.clear()
        self.half("ready").wait_ready()
        self.assertEqual(self.output.getvalue(), "[x#warn] slow\n")

    def test_one_that_ends_before_it_is_ready_ends_the_start_and_all_of_its_log_is_told(
        self,
    ) -> None:
        self.assertRaises(SystemExit, self.half("listening").wait_ready)
        told = self.output.getvalue().splitlines()
        self.assertEqual(sorted(told), ["[x#info] runs", "[x#warn] slow", "begins", "ready now"])

    def test_why_it_cannot_start_is_said_last(self) -> None:
        why = "[stderr#error] pychron-server: cannot start: 127.0.0.1:1061: taken\nstopped\n"
        with redirect_stdout(self.output):
            half = program.Half(["pychron-server"], "connected", self.ended, self.announced)
            half._reader.join()
            half.process.stdout = io.StringIO(why)
            half._pass_on()
        error = self.assertRaises(SystemExit, half.wait_ready)
        self.assertEqual(str(error), "the laboratory could not be started: 127.0.0.1:1061: taken")

    def test_one_that_does_not_end_is_killed(self) -> None:
        half = self.half("ready")
        half.end()
        process: Any = half.process
        self.assertEqual(process.told, ["terminate", "kill"])


class RunTests(SynchronousTestCase):
    """``ends``: the halves in the order in which they end, each ``ran`` seconds later."""

    def setUp(self) -> None:
        self.started: list[list[str]] = []
        self.halves: dict[str, Any] = {}
        self.ended: list[Any] = []
        self.ends = ["pychron-server"]
        self.ran = program.IN_SECONDS / (program.MOST_ENDS - 1)
        self.now = 5.0
        self.output = io.StringIO()

        def half(
            arguments: Sequence[str], ready: str, ended: object, announced: threading.Event
        ) -> Any:
            self.assertEqual(announced.is_set(), "pychron-server" in self.halves)
            _, name, *words = arguments
            self.started.append([name, *words])
            status = 0 if name == "pychron-server" else -9
            half = self.halves[name] = SimpleNamespace(
                has_page=True,
                process=SimpleNamespace(wait=lambda: status),
                wait_ready=lambda: None,
                end=lambda: self.ended.append(half),
            )
            return half

        self.patch(program, "Half", half)
        self.patch(program, "_next", self.next_end)
        self.patch(time, "monotonic", lambda: self.now)

    def next_end(self, ended: object) -> Any:
        self.now += self.ran
        return self.halves[self.ends.pop(0)]

    def run_it(self, *options: str) -> int:
        with redirect_stdout(self.output):
            return program.run(load(None), Platform("linux"), options)

    def test_its_options_are_the_processors_alone(self) -> None:
        self.assertEqual(self.run_it("--commands"), 0)
        names = [words[0] for words in self.started]
        self.assertEqual(names, ["pychron-processor", "pychron-server"])
        self.assertEqual(["--commands" in words for words in self.started], [True, False])
        # The built-in laboratory has a journal, as long as it runs.
        self.assertEqual(["--config" in words for words in self.started], [True, False])

    def test_a_processor_that_was_killed_is_told_of_loudly_and_started_again(self) -> None:
        self.ends = [*["pychron-processor"] * 4, "pychron-server"]
        self.assertEqual(self.run_it("--commands"), 0)
        first, server, *again = self.started
        self.assertEqual(again, [first] * 4)
        self.assertEqual(server[0], "pychron-server")
        told = self.output.getvalue()
        self.assertEqual(told.count("THE PROCESSOR was killed by signal 9."), 4)
        self.assertIn("a laser may be on.\nAnother one is started", told)

    def test_at_the_end_the_server_ends_first_and_then_the_processor_that_runs_by_then(
        self,
    ) -> None:
        self.ends = ["pychron-processor", "pychron-server"]
        self.run_it()
        server, processor = self.halves["pychron-server"], self.halves["pychron-processor"]
        self.assertEqual(list(map(id, self.ended)), [id(server), id(processor)])

    def test_one_that_ends_again_and_again_ends_it_all(self) -> None:
        self.ends = ["pychron-processor"] * program.MOST_ENDS
        self.ran -= 0.1
        error = self.assertRaises(SystemExit, self.run_it)
        self.assertIn(f"has ended {program.MOST_ENDS} times", str(error))
        told = self.output.getvalue()
        self.assertEqual(told.count("THE PROCESSOR"), program.MOST_ENDS)
        self.assertEqual(told.count("Another one is started"), program.MOST_ENDS - 1)
        # The first one, the server, and those after it.
        self.assertEqual(len(self.started), program.MOST_ENDS + 1)


class TextTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(shutil, "which", lambda name: name)

    def test_a_terminal_that_knows_no_program_of_ours_is_told_where_it_is(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            (here / "bin").mkdir()
            for name in ("python", "pychron-journal"):
                (here / "bin" / name).touch()
            self.patch(sys, "executable", str(here / "bin" / "python"))
            self.patch(shutil, "which", lambda name: None)
            self.assertIn(f"  {here}/bin/pychron-journal show", program.welcome(load(None)))
            self.patch(pathlib.Path, "cwd", lambda: here)
            self.assertIn("  bin/pychron-journal show", program.welcome(load(None)))
            # It is not beside Python either.
            (here / "bin" / "pychron-journal").unlink()
            self.assertIn("  pychron-journal show", program.welcome(load(None)))

    def test_it_says_where_it_listens_and_what_to_try(self) -> None:
        text = program.welcome(load(None))
        self.assertIn("System       tcp:1061:interface=127.0.0.1  udp:1061:", text)
        self.assertIn("telnet 127.0.0.1 1061  and type  Open A", text)
        self.assertIn("pychron-journal show --target A\n", text)

    def test_a_laboratory_of_ones_own_has_ports_of_its_own(self) -> None:
        listener = ListenerSettings(request_type="UV", listen=["tcp:9"])
        settings = ServerSettings(listeners=[listener])
        text = program.welcome(Laboratory(pathlib.Path("lab.toml"), settings, ProcessorSettings()))
        self.assertIn("UV           tcp:9", text)
        self.assertIn("Try  pychron-ask -s tcp:127.0.0.1:9 Help\n", text)
        self.assertNotIn("1061", text)
        open_to_all = ListenerSettings(request_type="*", listen=["tcp:8"])
        valves = ListenerSettings(request_type="System", listen=["tcp:7"])
        settings = ServerSettings(listeners=[open_to_all, valves])
        text = program.welcome(Laboratory(pathlib.Path("lab.toml"), settings, ProcessorSettings()))
        self.assertIn("Try  pychron-ask -s tcp:127.0.0.1:7 Help\n", text)

    def test_the_page_is_told_where_it_is(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "lab.toml"
            for text, page in (
                ("", "See it at  http://127.0.0.1:1070/  in"),
                ('[http]\nserver = "tcp:8070:interface=127.0.0.1"', "http://127.0.0.1:8070/"),
            ):
                file.write_text(f'lab = "default"\n{text}\n')
                self.assertIn(page, program.welcome(load(file)))
            file.write_text('lab = "default"\n[http]\nserver = "off"\n')
            self.assertNotIn("http", program.welcome(load(file)))


class MainTests(SynchronousTestCase):
    def test_a_mistake_in_the_configuration_is_one_line(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "lab.toml"
            file.write_text("[server]\nlaunch = 3\n")
            error = self.assertRaises(SystemExit, tool.main, ["run", "--config", str(file)])
        self.assertEqual(
            str(error),
            f"configuration: {file}:2: server.launch: expected a list of texts, got 3",
        )
