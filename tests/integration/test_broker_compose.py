"""The three nodes of the compose file of docs/broker/cluster, each on a computer of its own: its
files in their places, its names, its port and its secret. Docker itself is not there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.brokers import (
    need_broker,
    server_program,
    wait_for_node,
    without_plugins,
)
from tests.integration.clean_homes import CHECKOUT
from tests.integration.computers import Computers
from tests.integration.processes import PATIENCE, Processes, RunningProcess, run_forked

FILES = CHECKOUT / "docs" / "broker" / "cluster"
TEXT = (FILES / "compose.yaml").read_text("utf-8")

NAMES = re.findall(r"hostname: (\w+)", TEXT)
#: Which file of the folder is where in the container.
MOUNTED = re.findall(r"- (\.\S+?):/etc/rabbitmq/(\S+):ro", TEXT)
PORTS = re.findall(r'ports: \["\d+:(\d+)"\]', TEXT)


class ComposedCluster:
    """``computers`` has one for each node, and one more: the laboratory's."""

    def __init__(self, processes: Processes) -> None:
        need_broker()
        self.computers = Computers(processes, [*NAMES, "lab"])
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


def test_three_computers_as_the_compose_file_has_them_serve_a_laboratory(
    processes: Processes,
) -> None:
    assert set(PORTS) == {"5671"}
    cluster = ComposedCluster(processes)
    for number in range(len(NAMES)):
        told = cluster.control(number, "cluster_status").partition("Running Nodes")[2]
        running = re.findall(r"^rabbit@(\w+)$", told.partition("Versions")[0], re.MULTILINE)
        assert sorted(running) == NAMES
    cluster.control(0, "change_password", "processor-line", "a-password")
    secret = processes.folder / "secret"
    secret.write_text("a-password")
    secret.chmod(0o600)
    certs = processes.folder / "certs"
    address = (
        f"amqps:{','.join(NAMES)}:set=line:vhost=pychron:user=processor-line:password={secret}"
        f":trustRoots={certs}/ca.pem:certificate={certs}/client.pem:privateKey={certs}/client.key"
    )
    twistd = Path(sys.executable).with_name("twistd")
    words = ("-n", "--pidfile=", "pychron-processor", f"--listen={address}", "--http=off")
    path = ":".join(each for each in sys.path if each)
    processor = cluster.computers.start("lab", {}, str(twistd), *words, PYTHONPATH=path)
    processor.wait_for("owns line as 1")
    members = cluster.control(1, "list_queues", "-p", "pychron", "name", "members")
    for queue in ("owner", "act", "safe"):
        (line,) = re.findall(rf"^pychron\.line\.{queue}\t(.*)$", members, re.MULTILINE)
        assert all(f"rabbit@{name}" in line for name in NAMES), members


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
