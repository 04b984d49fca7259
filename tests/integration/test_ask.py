"""``pychron-ask`` as a person starts it, and the examples of the documents as they stand.

Nothing of an example is changed but its ports: the system chooses those of the laboratory, so that
``tcp:127.0.0.1:1067`` and its like are replaced by what its log says, and PYCHRON_SERVER stands for
the endpoint that ``pychron-ask`` asks by default.
"""

from __future__ import annotations

import doctest
import itertools
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.laboratories import (
    ANY_PORT,
    CONFIGURATION,
    server_address,
    start_server,
)
from tests.integration.ports import free_port
from tests.integration.processes import PATIENCE, Processes

_ROOT = Path(__file__).parents[2]
ASK = Path(sys.executable).with_name("pychron-ask")
#: The ports of the examples.
PORTS = {1060: "*", 1061: "System", 1065: "UV", 1067: "CO2"}

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CONTROL = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])")
_WHERE = "\x1b[6n"
_SHELL_LINE = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


class Block(NamedTuple):
    language: str
    text: str


def document() -> str:
    """All of docs/client.md, and a client without the package."""
    own = (_ROOT / "docs" / "write-a-client.md").read_text("utf-8")
    own = own.partition("\n## Python\n")[2].partition("\n## ")[0]
    return (_ROOT / "docs" / "client.md").read_text("utf-8") + own


def blocks() -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(document())]


def of_language(language: str) -> list[str]:
    return [block.text for block in blocks() if block.language == language]


def scripts() -> list[tuple[str, str]]:
    """Each script, and the output that the block behind it shows."""
    found = blocks()
    return [
        (script.text, shown.text)
        for script, shown in itertools.pairwise(found)
        if script.language == "python"
    ]


class Laboratory:
    """A server with the listeners that the examples ask, in one process."""

    def __init__(self, processes: Processes) -> None:
        listeners = [f"{request_type}={ANY_PORT}" for request_type in PORTS.values()]
        self.server = start_server(processes, *listeners)
        self.folder = processes.folder
        self.endpoints = {
            port: "tcp:{}:{}".format(*server_address(self.server, request_type))
            for port, request_type in PORTS.items()
        }

    @property
    def environment(self) -> Mapping[str, str]:
        programs = os.pathsep.join((str(ASK.parent), os.environ.get("PATH", "")))
        return {
            **os.environ,
            "PATH": programs,
            "PYCHRON_SERVER": self.endpoints[1061],
            "PYCHRON_HISTORY": str(self.folder / "history"),
        }

    def with_ports(self, text: str) -> str:
        for port, endpoint in self.endpoints.items():
            text = re.sub(rf"tcp:127\.0\.0\.1:{port}\b", endpoint, text)
            text = text.replace(f"port: int = {port}", f"port: int = {endpoint.rpartition(':')[2]}")
        return text

    def run(self, *arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self._run([str(each) for each in arguments], stdin, subprocess.PIPE)

    def shell(self, line: str) -> str:
        """What a shell shows for a line, errors included."""
        return self._run(["sh", "-c", line], "", subprocess.STDOUT).stdout

    def _run(
        self, arguments: list[str], stdin: str, stderr: int
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=5 * PATIENCE,
            check=False,
        )


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    started = Processes(tmp_path_factory.mktemp("ask"))
    try:
        yield Laboratory(started)
    finally:
        started.end()


def assert_shown(wanted: str, got: str) -> None:
    """``...`` stands for anything."""
    checker = doctest.OutputChecker()
    assert checker.check_output(wanted, got, doctest.ELLIPSIS), f"{wanted!r} is not {got!r}"


class TestDocument:
    def test_it_has_all_kinds_of_examples(self) -> None:
        assert {block.language for block in blocks()} == {"console", "pycon", "python", "text"}
        assert len(scripts()) == len(of_language("python"))

    def test_the_first_script_has_ten_lines(self) -> None:
        assert len([line for line in scripts()[0][0].splitlines() if line]) <= 10

    @pytest.mark.parametrize(("script", "shown"), scripts())
    def test_script(self, laboratory: Laboratory, script: str, shown: str) -> None:
        file = laboratory.folder / "script.py"
        file.write_text(laboratory.with_ports(script), "utf-8")
        done = laboratory.run(sys.executable, "-W", "error", file)
        assert (done.stderr, done.returncode) == ("", 0)
        assert_shown(shown, done.stdout)

    @pytest.mark.parametrize("session", of_language("pycon"))
    def test_notebook(self, laboratory: Laboratory, session: str) -> None:
        file = laboratory.folder / "session.txt"
        file.write_text(laboratory.with_ports(session), "utf-8")
        done = laboratory.run(sys.executable, "-m", "doctest", file)
        assert (done.stdout, done.stderr) == ("", "")

    @pytest.mark.parametrize("session", of_language("console"))
    def test_console(self, laboratory: Laboratory, session: str) -> None:
        lines = _SHELL_LINE.findall(session)
        assert "".join(f"$ {line}\n{shown}" for line, shown in lines) == session
        for line, shown in lines:
            assert_shown(shown, laboratory.shell(laboratory.with_ports(line)))


class TestCommand:
    def test_by_the_server_of_the_environment(self, laboratory: Laboratory) -> None:
        done = laboratory.run(ASK, "GetManualState", "B")
        assert (done.stdout, done.stderr, done.returncode) == ("False\n", "", 0)

    def test_a_type_at_an_open_listener(self, laboratory: Laboratory) -> None:
        done = laboratory.run(ASK, "-s", laboratory.endpoints[1060], "--type", "UV", "GetNBurst")
        assert (done.stderr, done.returncode) == ("", 0)

    def test_in_the_plain_form(self, laboratory: Laboratory) -> None:
        assert laboratory.run(ASK, "--plain", "GetManualState", "B").stdout == "False\n"

    def test_nothing_at_all(self, laboratory: Laboratory) -> None:
        done = laboratory.run(ASK)
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)

    def test_a_mistake_in_the_call(self, laboratory: Laboratory) -> None:
        for mistake in (["--bogus"], ["-s", "nonsense", "Open", "A"], ["--wait", "Open", "A"]):
            done = laboratory.run(ASK, *mistake)
            assert (done.stdout, done.returncode) == ("", 2)
            assert "Traceback" not in done.stderr

    def test_a_silent_server(self, laboratory: Laboratory) -> None:
        """Frozen in the middle of its work: the outcome is unknown."""
        laboratory.server.wait_for("starting on")
        os.kill(laboratory.server.pid, signal.SIGSTOP)
        try:
            done = laboratory.run(ASK, "--timeout", "0.5", "--json", "Open", "A")
        finally:
            os.kill(laboratory.server.pid, signal.SIGCONT)
        assert (json.loads(done.stdout)["error"]["code"], done.returncode) == (201, 2)

    def test_watch_ends_cleanly(self, laboratory: Laboratory) -> None:
        with subprocess.Popen(
            [ASK, "--watch", "0.05", "GetManualState", "B"],
            env=laboratory.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as watch:
            assert watch.stdout is not None
            assert [watch.stdout.readline() for _ in range(3)] == ["False\n"] * 3
            watch.send_signal(signal.SIGINT)
            _, errors = watch.communicate(timeout=PATIENCE)
        assert (errors, watch.returncode) == ("", 0)

    def test_a_reader_that_has_had_enough(self, laboratory: Laboratory) -> None:
        shown = laboratory.shell("pychron-ask --watch 0.01 GetManualState B | head -n 2")
        assert shown == "False\nFalse\n"


class TestAnotherLaboratory:
    """One that has the port of the laboratory in this folder, which does not run."""

    @pytest.fixture
    def folders(self, processes: Processes) -> tuple[Path, Path]:
        """Of the one that runs, and of the other."""
        first = processes.folder / "first"
        first.mkdir()
        file = first / "lab.toml"
        port = free_port()
        file.write_text(CONFIGURATION.replace("tcp:0:", f"tcp:{port}:"))
        server_address(processes.twistd("pychron-server", "--config", str(file)))
        second = processes.folder / "second"
        shutil.copytree(first, second)
        return first, second

    def ask(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {key: each for key, each in os.environ.items() if key != "PYCHRON_SERVER"}
        return subprocess.run(
            [ASK, *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def test_it_is_told_apart(self, folders: tuple[Path, Path]) -> None:
        own, other = folders
        assert self.ask(own, "Open", "A").stdout == "OK\n"
        for words in (["Close", "A"], ["--watch", "System/valve/*"], ["--plain", "Close", "A"]):
            refused = self.ask(other, *words)
            assert (refused.stdout, refused.returncode) == ("", 1), refused
            assert refused.stderr.startswith("ERROR 218 : another laboratory: not that of")
            assert "pychron-lab run starts it" in refused.stderr
        found = re.search(r"pychron-ask (-s \S+) \.\.\.", refused.stderr)
        assert found is not None
        named = self.ask(other, *found[1].split(), "GetIndicatorState", "A")
        assert named.stdout == "True\n"


class Terminal:
    """A program on a pseudo-terminal; ``shown`` is without colours and moves of the cursor."""

    def __init__(self, arguments: list[str | Path], environment: Mapping[str, str]) -> None:
        self._end, program_end = os.openpty()
        termios.tcsetwinsize(program_end, (30, 120))
        self._process = subprocess.Popen(
            arguments,
            env={**environment, "TERM": "xterm"},
            stdin=program_end,
            stdout=program_end,
            stderr=program_end,
            start_new_session=True,
        )
        os.close(program_end)
        self.shown = ""
        self._read = ""
        self._passed = 0
        self._told = 0

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def wait_for(self, pattern: str) -> None:
        """Until it is shown behind what was waited for before."""
        end = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.shown)) is None:
            assert time.monotonic() < end, f"{pattern!r} was not shown: {self.shown!r}"
            if select.select([self._end], [], [], 0.1)[0]:
                self._read += os.read(self._end, 65536).decode(errors="replace")
                self._tell_where_the_cursor_is()
                self.shown = _CONTROL.sub("", self._read)[self._passed :]
        self._passed += found.end()
        self.shown = self.shown[found.end() :]

    def _tell_where_the_cursor_is(self) -> None:
        """A program that has asked shows nothing at the bottom before it knows."""
        while self._read.count(_WHERE) > self._told:
            self._told += 1
            self.type("\x1b[5;1R")

    def end(self) -> None:
        """As ``kill`` and ``timeout`` do."""
        self._process.terminate()

    @property
    def shows_its_cursor(self) -> bool:
        while select.select([self._end], [], [], 0.1)[0]:
            try:
                self._read += os.read(self._end, 65536).decode(errors="replace")
            except OSError:  # the program has ended
                break
        return self._read.rfind("\x1b[?25h") >= self._read.rfind("\x1b[?25l")

    def wait_for_end(self) -> int:
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._end)


class TestToldToEnd:
    def test_a_living_table_gives_the_cursor_back(self, laboratory: Laboratory) -> None:
        watch = Terminal(
            [ASK, "-s", laboratory.endpoints[1061], "--watch", "System/valve/B"],
            laboratory.environment,
        )
        try:
            watch.wait_for("System/valve/B  closed")
            assert not watch.shows_its_cursor
            watch.end()
            assert watch.wait_for_end() == 0
            assert watch.shows_its_cursor
        finally:
            watch.close()


@pytest.fixture
def terminal(laboratory: Laboratory) -> Iterator[Terminal]:
    """The prompt for CO2."""
    asked = Terminal([ASK, "--wait", "-s", laboratory.endpoints[1067]], laboratory.environment)
    try:
        yield asked
    finally:
        asked.close()


class TestPrompt:
    def test_a_session(self, laboratory: Laboratory, terminal: Terminal) -> None:
        terminal.wait_for("Tab completes")
        terminal.wait_for("CO2>")
        terminal.type("setlaserp")
        terminal.wait_for("set the power; 0 ends an extraction")
        terminal.type("\t 200")
        terminal.wait_for("SetLaserPower power: .* number from 0 to 100 %")
        terminal.type("\r")
        terminal.wait_for("ERROR 004 : invalid arguments: SetLaserPower 200")
        terminal.type("Enable\r")
        terminal.wait_for(r"\nOK\b")
        terminal.type("SetX -8\r")
        terminal.wait_for(r"SetX -8: \d\.\d s")
        terminal.wait_for(r"\bOK\b")
        terminal.type("Disable\r")
        terminal.wait_for(r"\nOK\b")
        terminal.type("quit\r")
        assert terminal.wait_for_end() == 0
        history = (laboratory.folder / "history").read_text("utf-8")
        assert [line for line in history.splitlines() if line.startswith("+")] == [
            "+SetLaserPower 200",
            "+Enable",
            "+SetX -8",
            "+Disable",
            "+quit",
        ]

    def test_it_outlives_a_server_that_is_not_there(self, processes: Processes) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        environment = {**os.environ, "PYCHRON_HISTORY": str(processes.folder / "history")}
        terminal = Terminal([ASK, "-s", f"tcp:127.0.0.1:{port}"], environment)
        try:
            terminal.wait_for(r"\(not connected since \d\d:\d\d:\d\d\)")
            server = start_server(processes, f"System=tcp:{port}:interface=127.0.0.1")
            server_address(server)
            terminal.type("Open A\r")
            terminal.wait_for("connected again; there was no connection since")
            terminal.wait_for("System>")
            terminal.type("quit\r")
            assert terminal.wait_for_end() == 0
        finally:
            terminal.close()
