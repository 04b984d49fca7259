"""A RabbitMQ of a test's own: its port, folder, node and port mapper are nobody else's."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pika
import pytest

from tests.integration.ports import free_port
from tests.integration.processes import PATIENCE, Processes, RunningProcess

#: Seconds that a broker may take to start: a busy machine takes twenty, and took two minutes once.
_START = 300.0

_HOST = "127.0.0.1"
#: Debian keeps the programs here.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
_PLUGIN = re.compile(r"rabbitmq_(?!prelaunch-)")
_CONFIGURATION = """
raft.wal_max_size_bytes = 16000000
disk_free_limit.absolute = 1MB
"""


def _program(name: str) -> str | None:
    """The program itself: Debian's wrapper changes to its own account, and to its own folder."""
    return shutil.which(name, path=str(PROGRAMS)) or shutil.which(name)


def server_program(name: str) -> str:
    """Where it is; there is one, as ``need_broker`` has seen."""
    program = _program(name)
    assert program is not None
    return program


def need_broker() -> None:
    """Skip where there is none to be started."""
    if _program("rabbitmq-server") is None or shutil.which("epmd") is None:
        pytest.skip("there is no rabbitmq-server: apt-get install rabbitmq-server")


def without_plugins(folder: Path) -> dict[str, str]:
    """A folder of links to what a node itself is made of: it looks at all that is in the one that
    was installed, at each start, which takes it a quarter longer."""
    found = sorted(PROGRAMS.parent.glob("lib/rabbitmq_server-*/plugins/*/"))
    parts = [each for each in found if not _PLUGIN.match(each.name)]
    if not parts:
        return {}
    links = folder / "parts"
    links.mkdir()
    for each in parts:
        (links / each.name).symlink_to(each)
    return {"RABBITMQ_PLUGINS_DIR": str(links)}


def node_environment(folder: Path, name: str, mapper: int, host: str, port: int) -> dict[str, str]:
    """Of a node of that name, whose files are in ``folder``; ``mapper`` is epmd's port."""
    (folder / "plugins").write_text("[].")
    return {
        **without_plugins(folder),
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"{name}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": host,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": _HOST,
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        # Two cores, which others want too: no thread of it spins while it waits.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
    }


def start_node(processes: Processes, environment: dict[str, str]) -> RunningProcess:
    return processes.start(server_program("rabbitmq-server"), **environment)


def wait_for_node(process: RunningProcess) -> None:
    """Return when it takes connections."""
    end = time.monotonic() + _START
    while "completed with" not in process.log:
        assert process.runs, process.log
        assert time.monotonic() < end, process.log
        time.sleep(0.2)


def kill_node(process: RunningProcess) -> None:
    """As ``kill -9`` does, of all that it is made of."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait_for_end()


class Broker:
    """One that runs until ``processes`` end."""

    def __init__(self, processes: Processes, *, start: bool = True) -> None:
        need_broker()
        self.processes = processes
        self.port = free_port()
        mapper = free_port()
        folder = processes.folder / "broker"
        folder.mkdir()
        self._folder = folder
        self.configure("")
        self.environment = node_environment(folder, f"test-{self.port}", mapper, _HOST, self.port)
        # Else the broker would start one that outlives it.
        self.processes.start("epmd", "-port", str(mapper), "-address", _HOST)
        self.process: RunningProcess
        if start:
            self.start()

    def configure(self, text: str) -> None:
        """For the next start."""
        (self._folder / "rabbitmq.conf").write_text(_CONFIGURATION + text)

    def start(self) -> None:
        """Again, with what it kept."""
        self.follow(start_node(self.processes, self.environment))

    def follow(self, process: RunningProcess) -> None:
        """Return when that one, which somebody has started, takes connections."""
        self.process = process
        wait_for_node(process)

    def kill(self) -> None:
        """As ``kill -9`` does, of all that it is made of."""
        kill_node(self.process)

    def connect(self) -> pika.BlockingConnection:
        """A client of the test's own."""
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        return pika.BlockingConnection(pika.ConnectionParameters(_HOST, self.port))

    def address(
        self, hardware: str, more: str = "", port: int | None = None, scheme: str = "amqp"
    ) -> str:
        """The endpoint string of a set of hardware."""
        return f"{scheme}:{_HOST}:{port or self.port}:set={hardware}{more}"

    def control(self, *words: str) -> str:
        """What ``rabbitmqctl`` says."""
        told = subprocess.run(
            self._controlling(words),
            env=self._control_environment(),
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE,
            check=True,
        )
        return told.stdout

    def begin_control(self, *words: str) -> subprocess.Popen[bytes]:
        """As ``control``, while other things go on; a broker that is away is not told."""
        return subprocess.Popen(
            self._controlling(words),
            env=self._control_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _controlling(self, words: Sequence[str]) -> list[str]:
        return [server_program("rabbitmqctl"), "-n", self.environment["RABBITMQ_NODENAME"], *words]

    def _control_environment(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.environment}
