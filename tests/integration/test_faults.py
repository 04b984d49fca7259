"""What dies, is not there yet, or is in the way; and how it all ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from tests.integration.clients import Address, ConnectingClient, Wire
from tests.integration.laboratories import (
    ANY_PORT,
    CONFIGURATION,
    HOST,
    server_address,
    start_both_halves,
    start_processor,
    start_server,
    wait_until_connected,
)
from tests.integration.ports import free_port
from tests.integration.processes import (
    TWISTD,
    Processes,
    run_to_the_end,
    wait_until,
)

_GOOD = re.compile(r"OK|True|False")
_LOST = re.compile(r"ERROR 201 : outcome unknown: .+|ERROR 011 : could not communicate .+")
_BATCH = 20

_LOADERS = 4


class Loader:
    """A client that keeps ``_BATCH`` commands in flight and accounts for every reply."""

    def __init__(self, address: Address, stop: threading.Event) -> None:
        self._address = address
        self._stop = stop
        self.good = 0
        self.lost = 0

    def run(self) -> None:
        """Until it is told to stop."""
        commands = ("Open A", "GetIndicatorState A", "Close V", "GetValveStates", "GetError")
        with Wire(self._address) as wire:
            while not self._stop.is_set():
                requests = {
                    f"{number}": commands[number % len(commands)] for number in range(_BATCH)
                }
                lines = (f"@id={number} {command}\n" for number, command in requests.items())
                wire.send("".join(lines).encode())
                for reply in wire.lines(_BATCH):
                    self._account(reply, requests)
            assert wire.rest() == [], "more replies than commands"

    def _account(self, line: str, requests: dict[str, str]) -> None:
        found = re.fullmatch(r"@id=(\d+) (.+)", line)
        assert found is not None, line
        command = requests.pop(found[1])
        if _LOST.fullmatch(found[2]):
            self.lost += 1
        else:
            assert _GOOD.fullmatch(found[2]) or command == "GetValveStates", line
            self.good += 1


def every(loaders: list[Loader], count: Callable[[Loader], int]) -> Callable[[], bool]:
    """Whether each has counted one more than now."""
    before = [count(loader) for loader in loaders]
    return lambda: all(count(now) > then for now, then in zip(loaders, before, strict=True))


@pytest_twisted.ensureDeferred
async def test_kill_9_of_the_processor_under_load_costs_no_reply(processes: Processes) -> None:
    listen = f"unix:{processes.folder}/processor.sock"
    processor = await deferToThread(start_processor, processes, listen)
    server = start_server(processes, processor=listen)
    await deferToThread(wait_until_connected, server)
    stop = threading.Event()
    loaders = [Loader(server_address(server), stop) for _ in range(_LOADERS)]
    ends = gatherResults([deferToThread(loader.run) for loader in loaders], consumeErrors=True)
    try:
        await deferToThread(
            wait_until, every(loaders, lambda loader: loader.good), "replies before the kill"
        )
        processor.kill()
        await deferToThread(
            wait_until, every(loaders, lambda loader: loader.lost), "errors after the kill"
        )
        await deferToThread(start_processor, processes, listen)
        await deferToThread(
            wait_until, every(loaders, lambda loader: loader.good), "replies after the restart"
        )
    finally:
        stop.set()
        await ends


def test_a_plain_client_gets_one_reply_from_a_processor_that_is_killed(
    processes: Processes,
) -> None:
    listen = f"unix:{processes.folder}/processor.sock"
    processor = start_processor(processes, listen)
    server = start_server(processes, processor=listen)
    wait_until_connected(server)
    with Wire(server_address(server)) as wire:
        assert wire.ask("GetError") == "OK"
        wire.send(b"Open A\nGetIndicatorState A\n")
        processor.kill()
        replies = wire.rest(2)

    assert len(replies) == 2
    assert all(_GOOD.fullmatch(reply) or _LOST.fullmatch(reply) for reply in replies), replies


def test_a_server_that_came_first_says_so_and_connects_by_itself(processes: Processes) -> None:
    listen = f"unix:{processes.folder}/processor.sock"
    server = start_server(processes, processor=listen)
    client = ConnectingClient(server_address(server))

    for command in ("Open A", "PychronReady"):
        reply = client.ask(command)
        assert reply is not None
        assert reply.startswith(f"ERROR 011 : could not communicate with pychron through {listen}")
    start_processor(processes, listen)

    wait_until(lambda: client.ask("PychronReady") == "OK", "the server to connect by itself")
    assert client.ask("Open A") == "OK"


def test_a_processor_that_ends_answers_what_it_has_taken(processes: Processes) -> None:
    listen = f"unix:{processes.folder}/processor.sock"
    processor = start_processor(processes, listen)
    server = start_server(processes, processor=listen)
    wait_until_connected(server)
    with Wire(server_address(server)) as wire:
        wire.send(b"Open A\nOpen B\n@id=taken GetError\n")
        assert wire.line() == "@id=taken OK"
        processor.terminate()
        replies = wire.rest()

    # twistd ends by the signal that it was sent, when it has shut down.
    assert processor.wait_for_end(10) == -signal.SIGTERM
    assert "Server Shut Down." in processor.log
    assert replies == ["OK", "ERROR 209 : shutting down: Open"]


def test_the_last_close_closes_whatever_came_before(processes: Processes) -> None:
    address = server_address(start_server(processes))
    with Wire(address) as one, Wire(address) as other, Wire(address) as last:
        assert one.ask("Open A") == "OK"
        for wire, command in ((one, "Close A"), (other, "@id=open Open A")):
            wire.send(f"{command}\n@id=taken GetError\n".encode())
            assert wire.line() == "@id=taken OK"

        assert last.ask("Close A") == "OK"
        assert re.match("@id=open (OK|ERROR)", other.line())
        assert last.ask("GetIndicatorState A") == "False"


@pytest.mark.parametrize("alone", [True, False], ids=["one process", "two processes"])
def test_a_server_that_ends_answers_what_it_has_taken(processes: Processes, alone: bool) -> None:
    listen = "" if alone else f"unix:{processes.folder}/processor.sock"
    if listen:
        start_processor(processes, listen)
    server = start_server(processes, processor=listen)
    if listen:
        wait_until_connected(server)
    with Wire(server_address(server)) as wire:
        wire.send(b"Open A\n@id=taken GetError\n")
        assert wire.line() == "@id=taken OK"
        server.terminate()
        replies = wire.rest()

    assert server.wait_for_end(10) == -signal.SIGTERM
    assert len(replies) == 1, replies
    assert re.match("OK$|ERROR (201|209) : ", replies[0])


# -- both halves from one command


class BothHalves:
    """``python -m pychron_comms`` that has said that it runs."""

    def __init__(self, processes: Processes) -> None:
        self._folder = processes.folder
        environment = {"TMPDIR": str(self._folder)}
        # What its log says before it is ready is not shown, a port that the system chose either.
        port = free_port()
        self.address = (HOST, port)
        file = self._folder / "lab.toml"
        file.write_text(CONFIGURATION.replace(ANY_PORT, f"tcp:{port}:interface={HOST}"))
        self.process = start_both_halves(processes, file, environment)
        self.process.wait_for("The laboratory runs")
        self._halves = [int(file.read_text()) for file in self._folder.glob("pychron-*/*.pid")]

    def assert_ended_cleanly(self) -> None:
        assert self.process.wait_for_end() == 0
        assert self.process.group_is_empty
        assert len(self._halves) == 2
        assert not any(is_running(half) for half in self._halves)
        assert self.process.log.count("Server Shut Down.") == 2
        assert list(self._folder.glob("pychron-*")) == []


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def both_halves(processes: Processes) -> BothHalves:
    return BothHalves(processes)


def test_one_command_runs_both_halves(both_halves: BothHalves) -> None:
    client = ConnectingClient(both_halves.address)

    assert client.ask("Open A") == "OK"
    assert client.ask("GetIndicatorState A") == "True"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_both_halves(both_halves: BothHalves, number: signal.Signals) -> None:
    both_halves.process.signal(number)

    both_halves.assert_ended_cleanly()


def test_ctrl_c_ends_both_halves(both_halves: BothHalves) -> None:
    both_halves.process.press_ctrl_c()

    both_halves.assert_ended_cleanly()


def test_ctrl_c_ends_both_halves_while_a_client_waits(both_halves: BothHalves) -> None:
    with Wire(both_halves.address) as wire:
        wire.send(b"Open A\n@id=taken GetError\n")
        assert wire.line() == "@id=taken OK"
        both_halves.process.press_ctrl_c()

        both_halves.assert_ended_cleanly()


# -- what is in the way


@pytest.fixture
def occupied() -> Iterator[int]:
    """A port on which somebody listens already."""
    with socket.create_server((HOST, 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize(
    ("service", "listen"),
    [
        ("pychron-server", "--listen=System=tcp:{}:interface=127.0.0.1"),
        ("pychron-processor", "--listen=tcp:{}:interface=127.0.0.1"),
    ],
)
def test_an_occupied_port_ends_the_start_with_one_clear_line(
    tmp_path: Path, occupied: int, service: str, listen: str
) -> None:
    ended = run_to_the_end(
        TWISTD, "-n", "--pidfile=", service, listen.format(occupied), folder=tmp_path
    )

    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout
    lines = [line for line in ended.stdout.splitlines() if "cannot start" in line]
    assert len(lines) == 1
    assert re.search(rf"{service}: cannot start: .*{HOST}:{occupied}.*in use", lines[0])


def test_an_occupied_port_ends_both_halves(processes: Processes, occupied: int) -> None:
    file = processes.folder / "lab.toml"
    file.write_text(
        f'[[server.listener]]\ntype = "System"\nlisten = ["tcp:{occupied}:interface={HOST}"]\n'
        "[processor]\nsimulated_lab = true\n"
    )
    process = start_both_halves(processes, file, {})

    assert process.wait_for_end() == 1
    assert process.group_is_empty
    assert process.log.count("cannot start") == 1


def test_two_services_run_in_the_same_folder(processes: Processes) -> None:
    processor = processes.start(TWISTD, "-n", "pychron-processor", f"--listen={ANY_PORT}")
    server = processes.start(TWISTD, "-n", "pychron-server", f"--listen=System={ANY_PORT}")
    processor.wait_for("CommandProcessor starting on")

    assert ConnectingClient(server_address(server)).ask("Open A") == "OK"
    assert processor.runs
    assert server.runs
