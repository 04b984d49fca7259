"""The system lock, whose holder has died: what makes safe passes it, and it can be ended."""

from __future__ import annotations

import signal
import socket
import sys

import pytest

from tests.integration.clients import PATIENCE, Address, Wire
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    port_of,
    server_address,
    wait_until_connected,
)
from tests.integration.processes import Processes, RunningProcess

#: Another computer, as far as the server can tell: it may take the lock.
HOLDER = "127.0.0.2"

_FILE = f"""
lab = "default"

[processor.systems]
jan = "{HOLDER}"

[[server.listener]]
type = "*"
listen = ["{ANY_PORT}"]
"""

#: Takes the lock, says so, and lives until it is killed.
_TAKE = """
import socket, sys, time

connection = socket.create_connection(
    ("127.0.0.1", int(sys.argv[1])), source_address=(sys.argv[2], 0)
)
connection.sendall(b"System|SystemLock jan true\\n")
print("lock:", connection.recv(100).decode(), flush=True)
time.sleep(600)
"""


class Road:
    """A server and a processor; ``address`` is where others ask."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._listen = f"unix:{processes.folder}/processor.sock"
        (processes.folder / "lab.toml").write_text(_FILE)
        self.processor = self.start_processor()
        self.server = processes.twistd(
            "pychron-server", "--config=lab.toml", "--http=off", f"--processor={self._listen}"
        )
        wait_until_connected(self.server)
        self.address: Address = server_address(self.server, "*")

    def start_processor(self) -> RunningProcess:
        processor = self._processes.twistd(
            "pychron-processor", "--config=lab.toml", "--http=off", f"--listen={self._listen}"
        )
        processor.wait_for("CommandProcessor starting on")
        return processor

    def lock_and_die(self) -> None:
        """A program of the holder's takes the lock and is killed."""
        port = port_of(self.server, "RemoteCommandServer for *")
        holder = self._processes.start(sys.executable, "-c", _TAKE, str(port), HOLDER)
        holder.wait_for("lock: OK")
        holder.kill()


@pytest.fixture
def road(processes: Processes) -> Road:
    road = Road(processes)
    road.lock_and_die()
    return road


def test_everybody_may_make_safe(road: Road) -> None:
    with Wire(road.address) as wire:
        for line in ("CO2|Enable", "System|Open A", "System|GetValveState A"):
            assert wire.ask(line).startswith("ERROR 012 : "), line
        for line in ("CO2|Disable", "CO2|SetLaserPower 0", "CO2|StopDrive", "System|Close A"):
            assert wire.ask(line) == "OK", line


def test_also_while_the_processor_stands_still(road: Road) -> None:
    with Wire(road.address) as wire:
        road.processor.signal(signal.SIGSTOP)
        try:
            wire.send(b"CO2|Disable\nSystem|Close A\n@id=taken RemoteLaunch\n")
            # The server answers this by itself: the others are on their way.
            assert wire.line().startswith("@id=taken ")
        finally:
            road.processor.signal(signal.SIGCONT)
        assert [wire.line(), wire.line()] == ["OK", "OK"]


def test_it_is_given_back_from_its_holders_computer_and_from_no_other(road: Road) -> None:
    with Wire(road.address) as wire:
        assert wire.ask("System|SystemLock jan false").startswith("ERROR 012 : ")
        assert wire.ask("System|Open A").startswith("ERROR 012 : ")
        port = port_of(road.server, "RemoteCommandServer for *")
        with socket.create_connection((HOST, port), PATIENCE, source_address=(HOLDER, 0)) as again:
            again.sendall(b"System|SystemLock jan false\n")
            assert again.recv(100) == b"OK\r\n"
        assert wire.ask("System|Open A") == "OK"


def test_a_restart_of_the_processor_ends_it(road: Road) -> None:
    road.processor.kill()
    road.start_processor()
    road.server.wait_for("(?s)connected to the processor at.*connected to the processor at")
    with Wire(road.address) as wire:
        assert wire.ask("System|Open A") == "OK"
