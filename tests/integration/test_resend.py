"""A slow device, and clients that lose patience: what they send again is not run again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from string import ascii_lowercase

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
from tests.integration.processes import Attempt, Processes, RunningProcess, wait_until

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
        time.sleep(1.1)
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
    processes: Processes, server: RunningProcess, record: Path, client: type[PlainClient]
) -> None:
    for value, attempt in told_anew(processes, record):
        with attempt, closing(client(server_address(server, "Hardware"))) as asking:
            assert asking.ask(f"Set slow {value}") == "OK"
            assert record.read_text() == value


def test_a_command_sent_again_over_udp_is_run_once(
    processes: Processes, server: RunningProcess, record: Path
) -> None:
    asking = DatagramClient(server_address(server, "Hardware (UDP)"))
    for value, attempt in told_anew(processes, record):
        with attempt:
            assert asking.ask(f"Set slow {value}") == "OK"
            assert record.read_text() == value


def test_a_reply_that_nobody_took_waits_for_who_asks_again(
    processes: Processes, server: RunningProcess, record: Path
) -> None:
    address = server_address(server, "Hardware")
    for value, attempt in told_anew(processes, record):
        with attempt:
            with connect(address) as gone:
                gone.sendall(f"Set slow {value}\r".encode())
                wait_until(lambda: record.read_text() != "", "the device to be set")
            # The device is done 1.1 s after it began, and nobody is there any more.
            time.sleep(1.4)
            assert ConnectingClient(address).ask(f"Set slow {value}") == "OK"
            assert record.read_text() == value


def test_the_same_command_meant_twice_is_run_twice(
    processes: Processes, server: RunningProcess, record: Path
) -> None:
    address = server_address(server, "Hardware")
    for value, attempt in told_anew(processes, record):
        with attempt:
            for _ in range(2):
                assert _ask_patiently(address, f"Set slow {value}\r") == "OK\r\n"
            assert record.read_text() == value * 2


def test_who_only_stops_sending_may_mean_it_twice_too(
    processes: Processes, server: RunningProcess, record: Path
) -> None:
    address = server_address(server, "Hardware")
    for value, attempt in told_anew(processes, record):
        with attempt:
            for _ in range(2):
                assert _ask_and_shut(address, f"Set slow {value}\r") == "OK\r\n"
            assert record.read_text() == value * 2


def told_anew(processes: Processes, record: Path) -> Iterator[tuple[str, Attempt]]:
    """Another value for each attempt, of which nobody knows a copy."""
    for value, attempt in zip(ascii_lowercase, processes.attempts(), strict=False):
        record.write_text("")
        yield value, attempt


def _ask_patiently(address: Address, line: str) -> str:
    with connect(address) as connection:
        connection.sendall(line.encode())
        return connection.recv(4096).decode()


def _ask_and_shut(address: Address, line: str) -> str:
    """As ``nc -N`` does, read to the end of file."""
    with connect(address) as connection:
        connection.sendall(line.encode())
        connection.shutdown(1)
        reply = b""
        while data := connection.recv(4096):
            reply += data
        return reply.decode()
