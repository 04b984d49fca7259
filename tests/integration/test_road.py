"""One line from a client to the hardware and back, whatever client, listener and hop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.integration.clients import (
    Address,
    ConnectingClient,
    DatagramClient,
    PersistentClient,
    PlainClient,
    ScriptClient,
    Wire,
)
from tests.integration.laboratories import Laboratory
from tests.integration.processes import wait_until

Making = Callable[[type[PlainClient], Address], PlainClient]

on_every_road = pytest.mark.parametrize(
    "laboratory", ["unix", "tcp", "nothing"], indirect=True, scope="module"
)
with_two_processes = pytest.mark.parametrize(
    "laboratory", ["unix", "tcp"], indirect=True, scope="module"
)


@pytest.fixture
def make() -> Iterator[Making]:
    """Makes clients that are closed with the test."""
    clients: list[PlainClient] = []

    def made(kind: type[PlainClient], address: Address) -> PlainClient:
        client = kind(address)
        clients.append(client)
        return client

    yield made
    for client in clients:
        client.close()


def the_indicator_agrees_with_every_ok(client: PlainClient, valve: str) -> None:
    assert client.ask(f"Close {valve}") == "OK"
    assert client.ask(f"Open {valve}") == "OK"
    assert client.ask(f"GetIndicatorState {valve}") == "True"
    assert client.ask(f"Close {valve}") == "OK"
    assert client.ask(f"GetIndicatorState {valve}") == "False"


@on_every_road
@pytest.mark.parametrize("kind", [PersistentClient, ConnectingClient, ScriptClient])
def test_a_plain_client_moves_a_valve(
    laboratory: Laboratory, make: Making, kind: type[PlainClient]
) -> None:
    for attempt in laboratory.processes.attempts():
        with attempt:
            the_indicator_agrees_with_every_ok(make(kind, laboratory.system), "A")


@on_every_road
def test_a_datagram_client_moves_a_valve(laboratory: Laboratory, make: Making) -> None:
    for attempt in laboratory.processes.attempts():
        with attempt:
            the_indicator_agrees_with_every_ok(make(DatagramClient, laboratory.system_udp), "A")


@on_every_road
def test_one_persistent_connection_serves_every_command(
    laboratory: Laboratory, make: Making
) -> None:
    client = make(PersistentClient, laboratory.system)

    assert [client.ask(f"GetValveState {name}") for name in "ABCDEFGHV"] == ["False"] * 9


@on_every_road
@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("Open E", "ERROR 014 : Valve E is software locked"),
        (
            "Open Z",
            "ERROR 004 : invalid arguments: Open Z (no such valve; GetValveStates lists them)",
        ),
        (
            "GetValveState Z",
            "ERROR 005 : Z is not a registered valve name; GetValveStates lists them",
        ),
        ("Open G", "ERROR 015 : Valve G failed to actuate open"),
        ("Open F", "ERROR 204 : F is owned by 10.0.0.7"),
        ("Bogus A", "ERROR 003 : invalid command: Bogus (Help lists the commands)"),
        ("CO2|Enable", "ERROR 208 : not permitted: CO2 commands; here System is served"),
    ],
)
def test_an_error_comes_back_in_its_own_words(
    laboratory: Laboratory, make: Making, command: str, reply: str
) -> None:
    assert make(ConnectingClient, laboratory.system).ask(command) == reply


@on_every_road
def test_pychron_is_ready(laboratory: Laboratory, make: Making) -> None:
    assert make(ConnectingClient, laboratory.system).ask("PychronReady") == "OK"
    assert make(DatagramClient, laboratory.system_udp).ask("PychronReady") == "OK"


@on_every_road
def test_the_open_listener_takes_the_type_from_the_line(
    laboratory: Laboratory, make: Making
) -> None:
    client = make(PersistentClient, laboratory.open)

    assert client.ask("System|Open A") == "OK"
    assert client.ask("Extractionline|GetIndicatorState A") == "True"
    assert client.ask("System|Close A") == "OK"
    assert client.ask("CO2|GetSampleHolder") == "221-hole"
    assert client.ask("test|are you there") == "are you there"


@on_every_road
@pytest.mark.parametrize(
    ("line", "code"), [("Open A", "206"), ("Nobody|Open A", "211"), ("System|", "206")]
)
def test_the_open_listener_refuses_a_line_without_a_known_type(
    laboratory: Laboratory, make: Making, line: str, code: str
) -> None:
    reply = make(ConnectingClient, laboratory.open).ask(line)

    assert reply is not None
    assert reply.startswith(f"ERROR {code} : ")


@on_every_road
def test_the_laser_client_enables_moves_polls_and_disables(
    laboratory: Laboratory, make: Making
) -> None:
    client = make(PersistentClient, laboratory.co2)

    assert client.ask("Enable") == "OK"
    assert client.ask("SetLaserPower 12.5") == "OK"
    assert client.ask("SetXY (1.5, 2.0)") == "OK"
    assert client.ask("GetDriveMoving") == "True"
    wait_until(lambda: client.ask("GetDriveMoving") == "False", "the end of the move")
    position = client.ask("GetPosition")
    assert position is not None
    assert [float(part) for part in position.split(",")] == [1.5, 2.0, 0.0]
    assert client.ask("SetXY (0, 0)") == "OK"
    wait_until(lambda: client.ask("GetDriveMoving") == "False", "the way back")
    assert client.ask('{"command": "SetLaserOutput", "value": 5, "units": "watts"}') == "OK"
    assert client.ask("SetLaserPower 0") == "OK"
    assert client.ask("Disable") == "OK"


@on_every_road
def test_requests_with_ids_get_replies_with_theirs(laboratory: Laboratory) -> None:
    with Wire(laboratory.system) as wire:
        wire.send(b"@id=slow Open A\n@id=quick GetError\n")

        assert wire.lines(2) == ["@id=quick OK", "@id=slow OK"]
        assert wire.ask("Close A") == "OK"


@with_two_processes
def test_a_person_at_the_processor_names_the_type(laboratory: Laboratory) -> None:
    assert laboratory.processor is not None
    with Wire(laboratory.processor) as wire:
        assert wire.ask("System|Open V") == "OK"
        assert wire.ask("System|GetIndicatorState V") == "True"
        assert wire.ask("System|Close V") == "OK"
        assert wire.ask("Open V").startswith("ERROR 206 : ")


@with_two_processes
def test_both_hops_show_the_same_valve(laboratory: Laboratory, make: Making) -> None:
    assert laboratory.processor is not None
    client = make(ConnectingClient, laboratory.system)

    with Wire(laboratory.processor) as wire:
        assert wire.ask("System|Open H") == "OK"
        assert client.ask("GetIndicatorState H") == "True"
        assert client.ask("Close H") == "OK"
        assert wire.ask("System|GetIndicatorState H") == "False"
