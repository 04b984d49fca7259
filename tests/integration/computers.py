"""Computers that share one: each has a network, a name and some folders of its own.

They are Linux's namespaces, as a container has them, and need root.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.integration.processes import PATIENCE, Processes, RunningProcess

_UP = "a computer of its own"
#: What a computer does before its program: the folders of its own, its name, and its network, which
#: somebody plugs in. Words: its name and address, so many pairs of folders, and the program.
_BEGIN = f"""
set -e
echo "{_UP}"
name=$1 address=$2 pairs=$3
shift 3
for _ in $(seq "$pairs"); do mount --bind "$1" "$2"; shift 2; done
hostname "$name"
until ip link show lan0 >/dev/null 2>&1; do sleep 0.05; done
ip link set lo up
ip addr add "$address/24" dev lan0
ip link set lan0 up
exec "$@"
"""


@functools.cache
def _can_be_made() -> bool:
    if any(shutil.which(each) is None for each in ("unshare", "nsenter", "ip", "hostname")):
        return False
    words = ["unshare", "-m", "-u", "-n", "ip", "link", "add", "lan", "type", "bridge"]
    return subprocess.run(words, capture_output=True, timeout=PATIENCE, check=False).returncode == 0


def need_computers() -> None:
    """Skip where none can be made."""
    if not _can_be_made():
        pytest.skip("computers of their own need root, and Linux's namespaces")


class Computers:
    """On one network. ``names``: of all that there will be, by which they know each other."""

    def __init__(self, processes: Processes, names: Sequence[str]) -> None:
        need_computers()
        self._processes = processes
        self._addresses = {name: f"10.77.0.{number}" for number, name in enumerate(names, 1)}
        self._hosts = processes.folder / "hosts"
        lines = [f"{address} {name}" for name, address in self._addresses.items()]
        self._hosts.write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
        script = "ip link add lan type bridge && ip link set lan up && echo up && exec sleep 3600"
        self._network = processes.start("unshare", "-n", "sh", "-c", script)
        self._network.wait_for("up")

    def start(
        self, name: str, folders: Mapping[Path, str], *program: str, **environment: str
    ) -> RunningProcess:
        """``folders``: which of them is where on this computer."""
        pairs = {self._hosts: "/etc/hosts", **folders}
        words = [str(word) for pair in pairs.items() for word in pair]
        begin = ("sh", "-c", _BEGIN, "sh", name, self._addresses[name], str(len(pairs)), *words)
        process = self._processes.start(
            "unshare", "-m", "-u", "-n", *begin, *program, **environment
        )
        # Until then it is on this computer's own network, and so would be the end of its cable.
        process.wait_for(_UP)
        self._plug_in(name, process)
        return process

    def inside(self, process: RunningProcess, *program: str) -> list[str]:
        """The words that run a program on the computer of that one."""
        return ["nsenter", "-t", str(process.pid), "-m", "-u", "-n", *program]

    def _plug_in(self, name: str, process: RunningProcess) -> None:
        end = f"to-{name}"
        for words in (
            f"link add {end} type veth peer name lan0 netns {process.pid}",
            f"link set {end} master lan",
            f"link set {end} up",
        ):
            ip = ["nsenter", "-t", str(self._network.pid), "-n", "ip", *words.split()]
            done = subprocess.run(ip, capture_output=True, text=True, timeout=PATIENCE, check=False)
            assert done.returncode == 0, f"{words}: {done.stderr}{process.log}"
