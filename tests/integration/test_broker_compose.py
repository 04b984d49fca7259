"""The three nodes of the compose file of docs/broker/cluster, each on a computer of its own: its
files in their places, its names, its port and its secret. Docker itself is not there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.takeovers.seen import Seen
from tests.integration.broker_road import Asker
from tests.integration.brokers import (
    need_broker,
    server_program,
    wait_for_node,
    without_plugins,
)
from tests.integration.clean_homes import CHECKOUT
from tests.integration.computers import Computers
from tests.integration.processes import PATIENCE, TWISTD, Processes, RunningProcess, run_forked

FILES = CHECKOUT / "docs" / "broker" / "cluster"
TEXT = (FILES / "compose.yaml").read_text("utf-8")

NAMES = re.findall(r"hostname: (\w+)", TEXT)
#: Which file of the folder is where in the container.
MOUNTED = re.findall(r"- (\.\S+?):/etc/rabbitmq/(\S+):ro", TEXT)
PORTS = re.findall(r'ports: \["\d+:(\d+)"\]', TEXT)

#: What else is on the network: two processors, and a server.
OTHERS = ("one", "two", "control")

#: Seconds in which the hardware has an owner again whose node has lost its cable.
_OWNED_AGAIN = 45.0

_PROCESSOR = ("--config=lab.toml", "--http=off")
_HARDWARE = """
[manager.extraction_line]
class = "tests.integration.witness:Valves"
record = "{moved}"

[manager.co2]
class = "tests.faults.takeovers.hardware:Lamp"
record = "{record}"
"""


class ComposedCluster:
    """``computers`` has one for each node, and those of the laboratory."""

    def __init__(self, processes: Processes) -> None:
        need_broker()
        self.computers = Computers(processes, [*NAMES, *OTHERS])
        self.folder = processes.folder
        self._cookie = "a-secret-of-three"
        self._parts = without_plugins(processes.folder)
        etc = self._mounted()
        self.nodes = [self._node(name, etc) for name in NAMES]
        for node in self.nodes:
            wait_for_node(node)

    def control(self, number: int, *words: str) -> str:
        """What ``rabbitmqctl`` says on that node's computer."""
        program = server_program("rabbitmqctl")
        told = subprocess.run(
            self.computers.inside(self.nodes[number], program, *words),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE,
            check=True,
        )
        return told.stdout

    def pull_the_cable(self, number: int) -> None:
        """Of that node's computer."""
        words = self.computers.inside(self.nodes[number], "ip", "link", "set", "lan0", "down")
        subprocess.run(words, timeout=PATIENCE, check=True)

    @property
    def _environment(self) -> dict[str, str]:
        """What the compose file gives a node, and a container has anyhow."""
        (name,) = re.findall(r"environment:\n +(\w+): \$\{PYCHRON_COOKIE", TEXT)
        return {
            **self._parts,
            name: self._cookie,
            "HOME": "/var/lib/rabbitmq",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            # Two cores, which others want too: no thread of it spins while it waits.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def _mounted(self) -> Path:
        """A folder with the files of the compose file at their places."""
        etc = self.folder / "etc"
        for file, where in MOUNTED:
            target = etc / where
            target.parent.mkdir(parents=True, exist_ok=True)
            if where == "certs":
                make_certs(self.folder)
                shutil.copytree(self.folder / "certs", target)
            else:
                shutil.copy(FILES / file, target)
        return etc

    def _node(self, name: str, etc: Path) -> RunningProcess:
        kept, logs = self.folder / f"{name}.lib", self.folder / f"{name}.log"
        for each in (kept, logs):
            each.mkdir()
        # As the image's entry does.
        cookie = kept / ".erlang.cookie"
        cookie.write_text(self._cookie)
        cookie.chmod(0o400)
        folders = {etc: "/etc/rabbitmq", kept: "/var/lib/rabbitmq", logs: "/var/log/rabbitmq"}
        # Else the broker would start a port mapper that outlives it.
        words = ("sh", "-c", f"epmd & exec {server_program('rabbitmq-server')}")
        return self.computers.start(name, folders, *words, **self._environment)


def make_certs(folder: Path) -> None:
    """As the compose file's first lines say."""
    hosts = [word for name in NAMES for word in ("--host", name)]
    for words in (
        ("init", "certs"),
        ("issue", "certs", "broker", *hosts),
        ("issue", "certs", "client"),
    ):
        done = run_forked(sys.executable, "-m", "pychron_comms.certs", *words, folder=folder)
        assert done.returncode == 0, done.stdout


class Laboratory:
    """Two processors and a server, each on a computer of its own; all name the nodes in their
    order, and so are all with the first."""

    def __init__(self, processes: Processes) -> None:
        self.cluster = ComposedCluster(processes)
        self._moved, self._record = (processes.folder / name for name in ("moved", "record"))
        text = _HARDWARE.format(moved=self._moved, record=self._record)
        (processes.folder / "lab.toml").write_text(text)
        owner = self._begin("one", "processor-line", "pychron-processor", *_PROCESSOR)
        owner.wait_for("owns line as 1")
        other = self._begin("two", "processor-line", "pychron-processor", *_PROCESSOR)
        other.wait_for("stands by for line")
        self.socket = str(processes.folder / "s")
        words = ("--http=off", f"--listen=*=unix:{self.socket}")
        server = self._begin("control", "server", "pychron-server", *words)
        server.wait_for("connected to the owner of line")

    @property
    def owned(self) -> Seen:
        """Who has owned the hardware, and when, as the processors' fences have it."""
        seen = Seen(self._record)
        seen.look()
        return seen

    @property
    def moved(self) -> Counter[str]:
        """What the valves obeyed."""
        lines = self._moved.read_text().splitlines()
        return Counter(line.partition(" ")[2] for line in lines)

    def _begin(self, name: str, user: str, service: str, *words: str) -> RunningProcess:
        cluster, folder = self.cluster, self.cluster.folder
        cluster.control(0, "change_password", user, "a-password")
        secret = folder / "secret"
        secret.write_text("a-password")
        secret.chmod(0o600)
        certs = folder / "certs"
        address = (
            f"amqps:{','.join(NAMES)}:set=line:vhost=pychron:user={user}:password={secret}"
            f":trustRoots={certs}/ca.pem:certificate={certs}/client.pem"
            f":privateKey={certs}/client.key"
        )
        option = "--processor" if service == "pychron-server" else "--listen"
        program = (str(TWISTD), "-n", "--pidfile=", service, f"{option}={address}", *words)
        path = ":".join(each for each in sys.path if each)
        return cluster.computers.start(name, {}, *program, PYTHONPATH=path)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One for both tests: three nodes take their time to start."""
    processes = Processes(tmp_path_factory.mktemp("composed"))
    try:
        yield Laboratory(processes)
    finally:
        processes.end()


def test_three_computers_as_the_compose_file_has_them_serve_a_laboratory(
    laboratory: Laboratory,
) -> None:
    assert set(PORTS) == {"5671"}
    cluster = laboratory.cluster
    for number in range(len(NAMES)):
        told = cluster.control(number, "cluster_status").partition("Running Nodes")[2]
        running = re.findall(r"^rabbit@(\w+)$", told.partition("Versions")[0], re.MULTILINE)
        assert sorted(running) == NAMES
    members = cluster.control(1, "list_queues", "-p", "pychron", "name", "members")
    for queue in ("owner", "act", "safe"):
        (line,) = re.findall(rf"^pychron\.line\.{queue}\t(.*)$", members, re.MULTILINE)
        assert all(f"rabbit@{name}" in line for name in NAMES), members


def test_the_cable_of_the_node_is_pulled_by_which_the_hardware_is_owned(
    laboratory: Laboratory,
) -> None:
    """Both processors and the server are with that node, whose end nobody tells them; nor does
    anybody tell the other nodes."""
    with Asker(laboratory.socket) as client:
        assert client.ask("Open A", ";key=before") == "OK"
        laboratory.cluster.pull_the_cable(0)
        pulled = time.monotonic()
        opened = client.open_one("B", _OWNED_AGAIN)
        took = time.monotonic() - pulled
        assert client.ask("Open A", ";key=before") == "OK"
    assert took < _OWNED_AGAIN
    owned = laboratory.owned
    assert len(owned.ownerships) > 1
    assert list(owned.rivals()) == []
    assert max(laboratory.moved.values()) == 1
    assert {"A open", f"{opened} open"} <= laboratory.moved.keys()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_finds_no_fault_with_the_drop_in(tmp_path: Path) -> None:
    unit = Path("/usr/lib/systemd/system/rabbitmq-server.service")
    if not unit.is_file():
        pytest.skip("there is no service of rabbitmq-server")
    folder = tmp_path / f"{unit.name}.d"
    folder.mkdir()
    shutil.copy(unit, tmp_path)
    shutil.copy(FILES / "rabbitmq-server.service.d.conf", folder / "pychron.conf")
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")
