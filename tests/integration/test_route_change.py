"""Routes changed by SIGHUP under load: no command lost, none doubled, no connection ended."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clients import Address, Wire
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.processes import Processes, RunningProcess, wait_until

_HARDWARE = """
[processor]
listen = ["unix:{name}.sock"]

[manager.extraction_line]
class = "tests.integration.witness:Valves"
record = "{name}.record"
opening = 0.02

[http]
processor = "off"
"""

_SERVER = f"""
[server]
processor = "unix:a.sock"

[server.routes]
System = "unix:ROUTE.sock"

[[server.listener]]
type = "System"
listen = ["{ANY_PORT}"]

[http]
server = "off"
"""


class Laboratory:
    """A server, and two processors that have a valve of every name; each opens in 0.02 s."""

    def __init__(self, processes: Processes) -> None:
        self.folder = processes.folder
        path = ":".join(path for path in sys.path if path)
        for name in "ab":
            (self.folder / f"{name}.record").write_text("")
            file = self.folder / f"{name}.toml"
            file.write_text(_HARDWARE.format(name=name))
            processor = processes.twistd("pychron-processor", "--config", file, PYTHONPATH=path)
            processor.wait_for("CommandProcessor.* starting on")
        self.write(route="a")
        self.server: RunningProcess = processes.twistd(
            "pychron-server", "--config", self.folder / "lab.toml", PYTHONPATH=path
        )
        self.server.wait_for("connected to the processor at unix:a.sock")
        self.address = server_address(self.server)

    def write(self, text: str = _SERVER, *, route: str) -> None:
        (self.folder / "lab.toml").write_text(text.replace("ROUTE", route))

    def hang_up(self) -> str:
        """What the server says to a SIGHUP."""
        before = self.server.log.count("SIGHUP: ")
        self.server.signal(signal.SIGHUP)
        wait_until(lambda: self.server.log.count("SIGHUP: ") > before, "an answer to SIGHUP")
        return self.server.log.split("SIGHUP: ")[before + 1].splitlines()[0]

    def opened(self, name: str) -> list[str]:
        """The valves that a processor opened, in the order in which it did."""
        record = Path(self.folder / f"{name}.record").read_text()
        return [line.split()[1] for line in record.splitlines()]


class Client(threading.Thread):
    """Opens one valve after another over one connection, and asks for each again by another.

    ``key``: each has one. ``replies`` are those of the one connection.
    """

    def __init__(self, address: Address, name: str, *, key: bool) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._name = name
        self._tags = "@id={0};key={0} " if key else ""
        self.replies: list[tuple[str, str]] = []
        self.copies: list[str] = []
        self.ended = threading.Event()

    def run(self) -> None:
        with Wire(self._address) as wire:
            for number in itertools.count():
                if self.ended.is_set():
                    return
                valve = f"{self._name}n{number}"
                line = f"{self._tags.format(valve)}Open {valve}"
                wire.send(f"{line}\r\n".encode())
                with Wire(self._address) as another:
                    self.copies.append(another.ask(line))
                self.replies.append((valve, wire.line()))


@pytest.fixture
def laboratory(processes: Processes) -> Laboratory:
    return Laboratory(processes)


@pytest.fixture
def clients(laboratory: Laboratory) -> Iterator[list[Client]]:
    clients = [Client(laboratory.address, f"c{n}", key=n % 2 == 0) for n in range(4)]
    for client in clients:
        client.start()
    yield clients
    for client in clients:
        client.ended.set()
        client.join(20)


def wait_for_more(clients: list[Client]) -> None:
    """Each has had eight more replies."""
    wanted = [(client, len(client.replies) + 8) for client in clients]
    wait_until(
        lambda: all(len(client.replies) >= count for client, count in wanted), "more replies", 60
    )


def test_no_command_is_lost_or_doubled_when_a_route_changes(
    laboratory: Laboratory, clients: list[Client]
) -> None:
    for route in "bab":
        wait_for_more(clients)
        laboratory.write(route=route)
        assert laboratory.hang_up().startswith(f"System goes to unix:{route}.sock, no more to")
    wait_for_more(clients)
    for client in clients:
        client.ended.set()
        client.join(20)
    opened = Counter(laboratory.opened("a") + laboratory.opened("b"))
    assert min(len(laboratory.opened(name)) for name in "ab") > 10
    assert max(opened.values()) == 1
    for client in clients:
        assert not client.is_alive(), "its connection ended, or it waits for ever"
        for valve, reply in client.replies:
            assert reply.endswith("OK"), reply
            assert opened[valve] == 1
        assert {reply.partition(" :")[0].split()[-1] for reply in client.copies} <= {"OK", "201"}


def test_a_wrong_file_changes_nothing_and_a_right_one_sends_new_commands_the_new_way(
    laboratory: Laboratory,
) -> None:
    with Wire(laboratory.address) as wire:
        laboratory.write(_SERVER.replace("System = ", "System == "), route="b")
        assert "nothing is changed: " in laboratory.hang_up()
        assert wire.ask("Open A") == "OK"
        text = _SERVER.replace("[server]\n", "[server]\nkeep_replies = 1.0\n")
        laboratory.write(text, route="b")
        assert "System goes to unix:b.sock" in laboratory.hang_up()
        laboratory.server.wait_for("a restart is needed for .*: server.keep_replies")
        wait_until(lambda: wire.ask("Open B") == "OK", "the new processor")
        assert (laboratory.opened("a"), laboratory.opened("b")) == (["A"], ["B"])
        # What was known of the old one's commands is asked anew.
        assert wire.ask("GetValveState B") == "False"
