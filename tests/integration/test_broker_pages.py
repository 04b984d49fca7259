"""What the README and docs/machines.md show, typed as it stands there but for the ports."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.brokers import PROGRAMS, Broker
from tests.integration.clean_homes import blocks, lines
from tests.integration.laboratories import HOST
from tests.integration.ports import free_port
from tests.integration.processes import PATIENCE, Processes, RunningProcess, wait_until

#: How the README begins the part.
TITLE = "## Many machines\n"


class Terminals:
    """Each command of the page runs in one, in the same folder, at a broker of its own."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self.broker = Broker(processes, start=False)
        self._ports = {"1061": free_port(), "1161": free_port()}
        self.environment = {
            **self.broker.environment,
            "PATH": f"{Path(sys.executable).parent}:{PROGRAMS}:{os.environ['PATH']}",
        }

    def here(self, command: str) -> str:
        """With the ports that are free here."""
        for shown, port in self._ports.items():
            command = re.sub(rf"\b{shown}\b", str(port), command)
        return command.replace(f"amqp:{HOST}:", f"amqp:{HOST}:{self.broker.port}:")

    def begin(self, command: str) -> RunningProcess:
        return self._processes.start("sh", "-c", f"exec {self.here(command)}", **self.environment)

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", self.here(command)],
            cwd=self._processes.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=6 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
def terminals(processes: Processes) -> Terminals:
    return Terminals(processes)


def shown(page: str, title: str = "") -> list[str]:
    """The commands of a page, or of its part with that title."""
    return [block.text for block in blocks(page, title) if block.language == "console"]


def test_one_of_two_processors_is_killed_and_the_other_goes_on(terminals: Terminals) -> None:
    (_, begin, first, kill, again), (watch,) = shown("README.md", TITLE), shown("docs/machines.md")
    broker, one, two, *servers = [line.command for line in lines(begin)]
    assert len(servers) == 2
    terminals.broker.follow(terminals.begin(broker))
    owner = terminals.begin(one)
    owner.wait_for("owns line as 1")
    other = terminals.begin(two)
    other.wait_for("stands by for line")
    for command in servers:
        terminals.begin(command).wait_for("connected to the owner of line")
    for command, says in lines(first):
        assert terminals.run(command) == says
    (watching,) = lines(watch)
    watcher = terminals.begin(watching.command)
    watcher.wait_for("System/valve/A\t.*ok")
    killing, until_done = lines(kill)
    terminals.run(killing.command)
    assert owner.wait_for_end() == -signal.SIGKILL
    assert terminals.run(until_done.command).endswith("OK\n")
    other.wait_for("owns line as 2")
    watcher.wait_for("missed")
    wait_until(lambda: "System/valve/C" in watcher.log.partition("missed")[2], "the new owner")
    for command, says in lines(again):
        assert terminals.run(command) == says
