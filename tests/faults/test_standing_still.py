"""Pychron's client asks again while the server stands still, or is killed in between: run once.

A process that is stopped, or swapped out, finds everything at once when it goes on: a command, its
client's end, the reply to it and the next copy, in any order.
"""

from __future__ import annotations

import itertools
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.counting import sealed
from tests.faults.laboratories import CountingLaboratory, address_of
from tests.integration.clients import ConnectingClient, Wire
from tests.integration.processes import PATIENCE, Processes, RunningProcess, wait_until

#: Seconds that the device takes for each actuation.
_SLOW = 0.3

#: Seconds in which what was sent, and what is sent again, has come to its end.
_QUIET = 1.5

_numbers = itertools.count(3_000_001)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountingLaboratory]:
    processes = Processes(tmp_path_factory.mktemp("standing-still"))
    made = CountingLaboratory(processes, prompt=1, slow=1, seconds=_SLOW)
    try:
        made.start_processor()
        yield made
    finally:
        processes.end()


@pytest.fixture(scope="module")
def server(laboratory: CountingLaboratory) -> RunningProcess:
    return laboratory.start_server()


@contextmanager
def standing_still(process: RunningProcess) -> Iterator[None]:
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.signal(signal.SIGCONT)


@contextmanager
def asking(ask: Callable[[], str | None]) -> Iterator[list[str | None]]:
    """A client that asks meanwhile; its reply is known at the end."""
    replies: list[str | None] = []
    client = threading.Thread(target=lambda: replies.append(ask()))
    client.start()
    try:
        yield replies
    finally:
        client.join(PATIENCE)


@pytest.mark.parametrize("seconds", [1.2, 1.7, 2.3, 3.0])
@pytest.mark.parametrize("before", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("device", ["prompt-0", "slow-0"])
def test_a_command_sent_again_while_the_server_stood_still_is_run_once(
    laboratory: CountingLaboratory,
    server: RunningProcess,
    device: str,
    before: float,
    seconds: float,
) -> None:
    value = sealed(next(_numbers))
    client = ConnectingClient(address_of(server))
    with asking(lambda: client.ask(f"Count {device} {value}")) as replies:
        time.sleep(before)
        with standing_still(server):
            time.sleep(seconds)
    time.sleep(_QUIET)
    # Its last patience ends 2.08 s after it began; who has gone before is not served at all.
    assert replies[0] in {value, None}
    assert laboratory.actuated[value] <= 1
    assert laboratory.actuated[value] == 1 or replies[0] is None


def test_a_command_sent_before_and_after_the_server_stood_still_is_run_once(
    laboratory: CountingLaboratory, server: RunningProcess
) -> None:
    """The first copy is read when its client's end, a reset, has emptied what was to be sent."""
    value = sealed(next(_numbers))
    line = f"Count slow-0 {value}\r".encode()
    with Wire(address_of(server)) as first:
        first.send(line)
        wait_until(lambda: laboratory.actuated[value] == 1, "the actuation")
        server.signal(signal.SIGSTOP)
        time.sleep(2 * _SLOW)
    with Wire(address_of(server)) as second:
        second.send(line)
        time.sleep(0.1)
        server.signal(signal.SIGCONT)
        assert second.line() == value
    assert laboratory.actuated[value] == 1


@pytest.mark.parametrize("is_datagram", [False, True])
def test_what_lay_there_for_longer_than_its_sender_waits_is_not_begun(
    laboratory: CountingLaboratory, server: RunningProcess, *, is_datagram: bool
) -> None:
    value = sealed(next(_numbers))
    kind = socket.SOCK_DGRAM if is_datagram else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(PATIENCE)
        client.connect(address_of(server, "UDP" if is_datagram else ""))
        with standing_still(server):
            client.send(f"@within=0.7 Count prompt-0 {value}\r".encode())
            time.sleep(1.5)
        assert client.recv(4096).startswith(b"ERROR 202 ")
    assert laboratory.actuated[value] == 0


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_command_sent_again_to_the_next_server_is_run_once(
    processes: Processes, *, is_answered: bool
) -> None:
    laboratory = CountingLaboratory(processes, prompt=1, slow=1, seconds=_SLOW)
    laboratory.start_processor()
    # Both are there from the beginning: a start takes longer than a reply is in doubt, where the
    # machine is busy.
    server, next_server = laboratory.start_server(), laboratory.start_server()
    value = sealed(next(_numbers))
    line = f"Count slow-0 {value}\r".encode()
    with Wire(address_of(server)) as first:
        first.send(line)
        wait_until(lambda: laboratory.actuated[value] == 1, "the actuation")
        if is_answered:
            # It comes, and nobody has read it.
            time.sleep(2 * _SLOW)
        server.kill()
    with Wire(address_of(next_server)) as second:
        second.send(line)
        assert second.line() == value
    assert laboratory.actuated[value] == 1


def test_the_same_command_meant_twice_is_run_twice(
    laboratory: CountingLaboratory, server: RunningProcess
) -> None:
    value = sealed(next(_numbers))
    for _ in range(3):
        assert ConnectingClient(address_of(server)).ask(f"Count prompt-0 {value}") == value
    assert laboratory.actuated[value] == 3
