"""A command with a key is run once, whatever comes twice and whoever dies."""

from __future__ import annotations

import time

import pytest

from tests.faults.accounts import SUCCESS, Accounts
from tests.faults.kinds import Drop, Duplicate
from tests.faults.laboratories import CountingLaboratory, address_of, wait_until_answered
from tests.faults.proxy import DOWN, UP, Proxy
from tests.integration.clients import Address, Wire
from tests.integration.processes import Processes, wait_until


def ask(address: Address, value: str, device: str = "prompt-0") -> str:
    with Wire(address) as wire:
        return wire.ask(f"@key={value} Count {device} {value}")


@pytest.mark.parametrize("relay", ["front", "hop"])
def test_a_command_that_comes_twice_by_one_connection_is_run_once(
    processes: Processes, relay: str
) -> None:
    laboratory = CountingLaboratory(processes, prompt=1, slow=1, seconds=0.1)
    accounts = Accounts()
    laboratory.start_processor()
    with Proxy(laboratory.socket) as hop:
        server = laboratory.start_server(hop.endpoint)
        with Proxy(address_of(server)) as front:
            wait_until_answered(front.address)
            {"front": front, "hop": hop}[relay].set(UP, Duplicate())
            for device in laboratory.devices:
                value = accounts.new_value()
                reply = ask(front.address, value, device)
                assert accounts.answered(value, reply) == SUCCESS
            time.sleep(0.3)  # the second comes when the first has been answered
    assert sum(relay.injected["duplicate"] for relay in (front, hop)) >= 2
    accounts.assert_sound(laboratory.actuated)


def test_who_never_heard_the_reply_gets_it_on_asking_again(processes: Processes) -> None:
    laboratory = CountingLaboratory(processes, prompt=1, slow=0)
    value = Accounts().new_value()
    laboratory.start_processor()
    with Proxy(address_of(laboratory.start_server())) as front:
        wait_until_answered(front.address)
        front.set(DOWN, Drop())
        with Wire(front.address) as gone:
            gone.send(f"@key={value} Count prompt-0 {value}\r\n".encode())
            wait_until(lambda: laboratory.actuated[value] == 1, "the actuation")
        front.heal()
        for _ in range(3):
            assert ask(front.address, value) == value
    assert laboratory.actuated == {value: 1}


def test_a_key_holds_when_the_server_is_killed(processes: Processes) -> None:
    laboratory = CountingLaboratory(processes, prompt=1, slow=0)
    value = Accounts().new_value()
    laboratory.start_processor()
    for _ in range(2):
        server = laboratory.start_server()
        assert ask(address_of(server), value) == value
        server.kill()
    assert laboratory.actuated == {value: 1}


def test_a_key_holds_when_the_processor_is_killed(processes: Processes) -> None:
    laboratory = CountingLaboratory(processes, prompt=1, slow=0)
    value = Accounts().new_value()
    processor = laboratory.start_processor()
    address = address_of(laboratory.start_server())
    assert ask(address, value) == value
    processor.kill()
    laboratory.start_processor()
    wait_until_answered(address)
    assert ask(address, value) == value
    assert laboratory.actuated == {value: 1}


def test_what_ran_when_the_processor_was_killed_is_not_run_again(processes: Processes) -> None:
    laboratory = CountingLaboratory(processes, prompt=0, slow=1, seconds=1.0)
    value = Accounts().new_value()
    processor = laboratory.start_processor()
    address = address_of(laboratory.start_server())
    with Wire(address) as wire:
        wire.send(f"@key={value} Count slow-0 {value}\r\n".encode())
        wait_until(lambda: laboratory.actuated[value] == 1, "the actuation")
        processor.kill()
        assert wire.line().startswith("ERROR 201 : ")
    laboratory.start_processor()
    wait_until_answered(address)
    assert ask(address, value, "slow-0").startswith("ERROR 201 : ")
    assert laboratory.actuated == {value: 1}
