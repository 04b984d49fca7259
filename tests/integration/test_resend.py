"""A slow device, and clients that lose patience: what they send again is not run again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.integration.clients import (
    Address,
    ConnectingClient,
    DatagramClient,
    PersistentClient,
    PlainClient,
    ScriptClient,
    connect,
)
from tests.integration.laboratories import ANY_PORT, HOST, server_address
from tests.integration.processes import Processes, RunningProcess, wait_until

#: It blocks its thread for longer than a client's first patience, and writes down what it did.
_SLOW = """
import time
from pathlib import Path

from zope.interface import implementer

from pychron_comms.interfaces import IDevice


@implementer(IDevice)
class Slow:
    def __init__(self, record):
        self.name = "slow"
        self.record = Path(record)

    def get(self):
        return len(self.record.read_text())

    def set(self, value, sender):
        self.record.write_text(self.record.read_text() + value)
        time.sleep(1.3)
"""

_CONFIGURATION = """
[processor]
simulated_lab = false

[manager.slow]
class = "slow_device:Slow"
record = "{record}"

[[server.listener]]
type = "Hardware"
listen = ["{tcp}", "udp:0:interface={host}"]
"""


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """What the device was told, one letter for each time."""
    file = tmp_path / "record"
    file.write_text("")
    return file


@pytest.fixture
def server(processes: Processes, tmp_path: Path, record: Path) -> RunningProcess:
    (tmp_path / "slow_device.py").write_text(_SLOW)
    file = tmp_path / "lab.toml"
    file.write_text(_CONFIGURATION.format(record=record, tcp=ANY_PORT, host=HOST))
    return processes.twistd("pychron-server", "--config", str(file), PYTHONPATH=str(tmp_path))


@pytest.mark.parametrize("client", [ConnectingClient, PersistentClient, ScriptClient])
def test_a_command_sent_again_over_tcp_is_run_once(
    server: RunningProcess, record: Path, client: type[PlainClient]
) -> None:
    asking = client(server_address(server, "Hardware"))
    try:
        assert asking.ask("Set slow x") == "OK"
    finally:
        asking.close()
    assert record.read_text() == "x"


def test_a_command_sent_again_over_udp_is_run_once(server: RunningProcess, record: Path) -> None:
    asking = DatagramClient(server_address(server, "Hardware (UDP)"))
    assert asking.ask("Set slow x") == "OK"
    assert record.read_text() == "x"


def test_a_reply_that_nobody_took_waits_for_who_asks_again(
    server: RunningProcess, record: Path
) -> None:
    address = server_address(server, "Hardware")
    with connect(address) as gone:
        gone.sendall(b"Set slow x\r")
        wait_until(lambda: record.read_text() == "x", "the device to be set")
    # The device is done 1.3 s after it began, and nobody is there any more.
    time.sleep(1.6)
    assert ConnectingClient(address).ask("Set slow x") == "OK"
    assert record.read_text() == "x"


def test_the_same_command_meant_twice_is_run_twice(server: RunningProcess, record: Path) -> None:
    address = server_address(server, "Hardware")
    for _ in range(2):
        assert _ask_patiently(address, b"Set slow x\r") == b"OK\r\n"
    assert record.read_text() == "xx"


def test_who_only_stops_sending_may_mean_it_twice_too(server: RunningProcess, record: Path) -> None:
    address = server_address(server, "Hardware")
    for _ in range(2):
        reply = _ask_and_shut(address, b"Set slow x\r")
        while reply.startswith(b"ERROR 202"):
            # The server stood still on a busy machine, and took its end for a client that has gone.
            reply = _ask_and_shut(address, b"Set slow x\r")
        assert reply == b"OK\r\n"
    assert record.read_text() == "xx"


def _ask_patiently(address: Address, line: bytes) -> bytes:
    with connect(address) as connection:
        connection.sendall(line)
        return connection.recv(4096)


def _ask_and_shut(address: Address, line: bytes) -> bytes:
    """As ``nc -N`` does, read to the end of file."""
    with connect(address) as connection:
        connection.sendall(line)
        connection.shutdown(1)
        reply = b""
        while data := connection.recv(4096):
            reply += data
        return reply
