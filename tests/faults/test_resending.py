"""Clients that send a command again after silence, behind a line that fails: run once."""

from __future__ import annotations

import itertools
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from tests.faults.accounts import SUCCESS, Accounts
from tests.faults.counting import sealed
from tests.faults.datagrams import DatagramFaults, DatagramProxy
from tests.faults.kinds import NO_FAULT, Delay, Drop, Fault, HalfOpen, Reset, Split, Truncate
from tests.faults.laboratories import CountingLaboratory, address_of
from tests.faults.proxy import DOWN, UP, Direction, Plan, Proxy
from tests.integration.clients import (
    ConnectingClient,
    DatagramClient,
    PersistentClient,
    PlainClient,
)
from tests.integration.processes import PATIENCE, Attempt, Processes, RunningProcess

Actuated = Callable[[], Counter[str]]

# Values of all the tests that share a laboratory.
_numbers = itertools.count(1, 1000)


def _accounts() -> Accounts:
    return Accounts(first=next(_numbers))


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountingLaboratory]:
    processes = Processes(tmp_path_factory.mktemp("resending"))
    made = CountingLaboratory(processes, prompt=1, slow=1, seconds=0.2)
    try:
        made.start_processor()
        yield made
    finally:
        processes.end()


@pytest.fixture(scope="module")
def server(laboratory: CountingLaboratory) -> RunningProcess:
    return laboratory.start_server()


@pytest.fixture
def actuated(laboratory: CountingLaboratory) -> Actuated:
    """Tells how often each value was actuated since the test began."""
    before = laboratory.actuated
    return lambda: laboratory.actuated - before


class Case(NamedTuple):
    """What a client's first connection does to it."""

    client: type[PlainClient]
    direction: Direction
    fault: Fault


def first_only(direction: Direction, fault: Fault) -> Plan:
    """The first connection has the fault, those after it have none."""
    faults = [fault]

    def choose() -> tuple[Fault, Fault]:
        chosen = faults.pop() if faults else NO_FAULT
        return (chosen, NO_FAULT) if direction is UP else (NO_FAULT, chosen)

    return choose


@pytest.mark.parametrize(
    "case",
    [
        Case(ConnectingClient, UP, Drop()),
        Case(ConnectingClient, UP, HalfOpen()),
        Case(ConnectingClient, UP, Reset()),
        Case(ConnectingClient, UP, Reset(after=10)),
        Case(ConnectingClient, UP, Split()),
        Case(ConnectingClient, DOWN, Drop()),
        Case(ConnectingClient, DOWN, Reset()),
        Case(ConnectingClient, DOWN, Delay(1.2)),
        Case(PersistentClient, UP, Drop(after=10)),
        Case(PersistentClient, UP, Reset()),
        Case(PersistentClient, DOWN, Drop()),
        Case(PersistentClient, DOWN, Reset()),
    ],
    ids=lambda case: f"{case.client.__name__}-{case.direction.value}-{case.fault}",
)
def test_a_command_is_run_once_whatever_becomes_of_its_first_connection(
    laboratory: CountingLaboratory, server: RunningProcess, actuated: Actuated, case: Case
) -> None:
    accounts = _accounts()
    for attempt in laboratory.processes.attempts():
        plan = first_only(case.direction, case.fault)
        with attempt, Proxy(address_of(server), plan=plan) as front:
            with closing(case.client(front.address)) as asking:
                for device in laboratory.devices:
                    value = accounts.new_value()
                    reply = asking.ask(f"Count {device} {value}")
                    assert accounts.answered(value, reply) == SUCCESS
            assert front.injected[case.fault.kind] >= 1
    accounts.assert_sound(actuated())


def test_a_command_that_was_cut_short_is_not_run(
    server: RunningProcess, actuated: Actuated
) -> None:
    accounts = _accounts()
    value = accounts.new_value()
    line = f"Count prompt-0 {value}"
    with Proxy(address_of(server), plan=first_only(UP, Truncate(len(line)))) as front:
        # The end of the connection is all that comes back, which is no reply.
        assert ConnectingClient(front.address).ask(line) == ""
    assert value not in actuated()


def test_a_first_copy_that_comes_last_is_not_run_again(
    laboratory: CountingLaboratory, server: RunningProcess, actuated: Actuated
) -> None:
    for value, attempt in told_anew(laboratory, 1_000_000):
        with attempt:
            with Proxy(address_of(server), plan=first_only(UP, Delay(1.3))) as front:
                assert ConnectingClient(front.address).ask(f"Count prompt-0 {value}") == value
                time.sleep(0.5)  # the first copy arrives
            assert actuated()[value] == 1


# -- over UDP


def test_datagrams_that_come_twice_while_a_command_runs_run_it_once(
    laboratory: CountingLaboratory, server: RunningProcess, actuated: Actuated
) -> None:
    accounts = _accounts()
    faults = DatagramFaults(duplicate=1.0)
    for attempt in laboratory.processes.attempts():
        with attempt, DatagramProxy(host_and_port(server), faults, seed=1) as line:
            for _ in range(5):
                value = accounts.new_value()
                reply = DatagramClient(line.address).ask(f"Count slow-0 {value}")
                assert accounts.answered(value, reply) == SUCCESS
            assert line.injected["duplicate"] >= 10
    accounts.assert_sound(actuated())


def test_a_datagram_that_comes_again_when_it_was_answered_is_not_run_again(
    laboratory: CountingLaboratory, server: RunningProcess, actuated: Actuated
) -> None:
    for value, attempt in told_anew(laboratory, 2_001_000):
        with attempt, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            for _ in range(2):
                client.sendto(f"Count prompt-0 {value}\r".encode(), host_and_port(server))
                assert client.recv(100) == f"{value}\r\n".encode()
            assert actuated()[value] == 1


def test_a_command_whose_reply_was_lost_is_not_run_again(
    laboratory: CountingLaboratory, server: RunningProcess, actuated: Actuated
) -> None:
    for value, attempt in told_anew(laboratory, 2_002_000):
        with attempt:
            for _ in range(2):
                # Each from a port of its own, as a client does that has heard nothing.
                reply = DatagramClient(host_and_port(server)).ask(f"Count prompt-0 {value}")
                assert reply == value
            assert actuated()[value] == 1


def told_anew(laboratory: CountingLaboratory, first: int) -> Iterator[tuple[str, Attempt]]:
    """Another value for each attempt, of which nobody knows a copy."""
    return zip(map(sealed, itertools.count(first)), laboratory.processes.attempts(), strict=False)


def host_and_port(server: RunningProcess) -> tuple[str, int]:
    address = address_of(server, "UDP")
    assert isinstance(address, tuple)
    return address
