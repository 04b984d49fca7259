"""What another has undone: who asks for it again is never told ``OK`` for what is not so, and what
may be a copy that a client sends by itself undoes nothing.

Finding B6 of issue 12: on f156da4 each of these got ``OK`` while the valve was closed. On e83ab754
what may be a copy opened it again, behind another's ``Close`` that was answered ``OK``.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from pychron_comms.wire.copies import KEEP_DATAGRAM
from tests.integration.clients import PATIENCE
from tests.integration.laboratories import HOST, Laboratory, server_address
from tests.integration.processes import Attempt, wait_until

#: Another computer, as far as the server can tell.
OTHER = "127.0.0.2"


class Valve:
    """Valve A, as two computers move it."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._tcp = server_address(laboratory.server)
        self._udp = server_address(laboratory.server, "System (UDP)")
        self._processes = laboratory.processes

    def attempts(self) -> Iterator[Attempt]:
        """Each begins with a valve that is closed."""
        for attempt in self._processes.attempts():
            self.ask("Close A")
            yield attempt

    @property
    def is_open(self) -> bool:
        return self.ask("GetValveState A") == "True"

    def connect(self, source: str = HOST) -> socket.socket:
        return socket.create_connection(self._tcp, PATIENCE, source_address=(source, 0))

    def ask(self, line: str, source: str = HOST) -> str:
        with self.connect(source) as connection:
            return say(connection, line)

    def ask_by_datagram(self, line: str) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(PATIENCE)
            asking.sendto(f"{line}\r".encode(), self._udp)
            return asking.recv(4096).decode().strip()

    def closed_by_another(self) -> None:
        assert self.ask("Close A", OTHER) == "OK"

    def left_by_another(self) -> None:
        """A lease runs out, and the valve goes into its safe state."""
        assert self.ask("Claim A 0.1", OTHER) == "OK"
        wait_until(lambda: not self.is_open, "the valve to be closed")


def say(connection: socket.socket, line: str) -> str:
    connection.sendall(f"{line}\r".encode())
    return connection.recv(4096).decode().strip()


@pytest.fixture
def valve(laboratory: Laboratory) -> Valve:
    return Valve(laboratory)


Undo = Callable[[Valve], None]
undone = pytest.mark.parametrize("undo", [Valve.closed_by_another, Valve.left_by_another])


@undone
def test_by_datagram(valve: Valve, undo: Undo) -> None:
    for attempt in valve.attempts():
        with attempt:
            assert valve.ask_by_datagram("Open A") == "OK"
            undo(valve)
            assert valve.ask_by_datagram("Open A").startswith("ERROR 201")
            assert not valve.is_open
            time.sleep(KEEP_DATAGRAM)
            assert (valve.ask_by_datagram("Open A"), valve.is_open) == ("OK", True)


@undone
def test_by_an_older_connection(valve: Valve, undo: Undo) -> None:
    for attempt in valve.attempts():
        with attempt, valve.connect() as older:
            assert say(older, "GetValveState A") == "False"
            assert valve.ask("Open A") == "OK"
            undo(valve)
            assert (say(older, "Open A"), valve.is_open) == ("OK", True)


@undone
def test_by_one_that_never_said_anything(valve: Valve, undo: Undo) -> None:
    """It may bring a copy that comes late: it is told so, and a second time it is meant."""
    for attempt in valve.attempts():
        with attempt, valve.connect() as older:
            # Older by more than a busy machine needs to say so.
            time.sleep(0.5)
            assert valve.ask("Open A") == "OK"
            undo(valve)
            assert say(older, "Open A").startswith("ERROR 202")
            assert not valve.is_open
            assert (say(older, "Open A"), valve.is_open) == ("OK", True)


@undone
def test_after_a_reply_that_nobody_read(valve: Valve, undo: Undo) -> None:
    for attempt in valve.attempts():
        with attempt, valve.connect() as lost:
            # Closing it resets it.
            lost.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            lost.sendall(b"Open A\r")
            wait_until(lambda: valve.is_open, "the valve to be open")
            undo(valve)
            with valve.connect() as again:
                assert say(again, "Open A").startswith("ERROR 201")
                assert not valve.is_open
                # Who has read that asks anew.
                assert (say(again, "Open A"), valve.is_open) == ("OK", True)


def test_without_that_it_is_a_copy(valve: Valve) -> None:
    for attempt in valve.attempts():
        with attempt, valve.connect() as lost:
            lost.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            lost.sendall(b"Open A\r")
            wait_until(lambda: valve.is_open, "the valve to be open")
            assert (valve.ask("Open A"), valve.is_open) == ("OK", True)
