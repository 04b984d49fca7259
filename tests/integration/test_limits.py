"""Limits of connections over real sockets."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import pytest

from tests.integration.clients import ConnectingClient, PersistentClient, Wire, connect
from tests.integration.laboratories import ANY_PORT, port_of, server_address
from tests.integration.processes import TWISTD, Processes, RunningProcess, wait_until
from tests.integration.supervised import write_slow_lab


def start(processes: Processes, **limits: object) -> RunningProcess:
    environment = write_slow_lab(processes.folder, **limits)
    return processes.twistd("pychron-server", "--config=lab.toml", **environment)


def test_plain_clients_take_the_refusal_for_their_reply(processes: Processes) -> None:
    address = server_address(start(processes, connections=1), "Hardware")
    refusal = "ERROR 215 : too many connections: at most 1"
    with Wire(address) as first:
        assert first.ask("PychronReady") == "OK"
        for kind in (ConnectingClient, PersistentClient):
            client = kind(address)
            assert client.ask("Open A") == refusal
            client.close()
        assert first.ask("PychronReady") == "OK"
    client = ConnectingClient(address)
    wait_until(lambda: client.ask("PychronReady") == "OK", "room for another")


def test_a_client_that_only_reads_is_told_too(processes: Processes) -> None:
    address = server_address(start(processes, connections_per_host=1), "Hardware")
    with Wire(address) as first, Wire(address) as second:
        assert second.line() == "ERROR 215 : too many connections: at most 1"
        assert second.socket.recv(1) == b""
        assert first.ask("PychronReady") == "OK"


def test_a_silent_connection_is_closed_without_a_word(processes: Processes) -> None:
    address = server_address(start(processes, idle=0.4), "Hardware")
    with Wire(address) as silent, Wire(address) as waiting:
        waiting.send(b"Set slow 1.5\n")
        assert silent.socket.recv(1) == b""
        assert waiting.line() == "OK"


def test_a_processor_has_limits_of_its_own(processes: Processes) -> None:
    (processes.folder / "lab.toml").write_text(
        f'[processor]\nlisten = ["{ANY_PORT}"]\nsimulated_lab = true\nconnections = 1\n'
    )
    processor = processes.twistd("pychron-processor", "--config=lab.toml")
    address = "127.0.0.1", port_of(processor, "CommandProcessor")
    with Wire(address) as first, Wire(address) as second:
        assert second.line() == "ERROR 215 : too many connections: at most 1"
        assert first.ask("System|GetError") == "OK"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into Linux's own table")
def test_half_open_peers_are_looked_for_within_half_a_minute(processes: Processes) -> None:
    address = server_address(start(processes), "Hardware")
    with Wire(address) as wire:
        assert wire.ask("PychronReady") == "OK"
        assert keepalive_seconds(wire.socket.getsockname()[1]) <= 30


#: The state of a connection there.
_OPEN = "01"


def keepalive_seconds(port: int) -> float:
    """When the other end of a loopback connection will ask whether this one lives."""
    with open("/proc/net/tcp") as table:
        for row in table:
            fields = row.split()
            # An earlier connection may have had that port.
            if fields[2].endswith(f":{port:04X}") and fields[3] == _OPEN:
                kind, when = fields[5].split(":")
                assert kind == "02", "no keepalive timer runs"
                return int(when, 16) / 100
    raise AssertionError("no such connection")


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
@pytest.mark.parametrize(("limit", "is_all"), [("-Sn 200", False), ("-n 200", True)])
def test_a_shells_limit_of_open_files_is_raised_or_told(
    processes: Processes, limit: str, is_all: bool
) -> None:
    environment = write_slow_lab(processes.folder, connections_per_host=250)
    command = (TWISTD, "-n", "--pidfile=", "pychron-server", "--config=lab.toml")
    server = processes.start(
        "sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *command, **environment
    )
    address = server_address(server, "Hardware")
    if is_all:
        server.wait_for("only 200 files and connections may be open")
        return
    with ExitStack() as crowd:
        for _ in range(220):
            crowd.enter_context(connect(address))
        with Wire(address) as one_more:
            assert one_more.ask("PychronReady") == "OK"
    assert "may be open" not in server.log
