"""A processor that answers garbage, nothing, or closes: the client gets exactly one error."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.threads import deferToThread

from pychron_comms.protocol import WireOptions
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.server.desk import OPEN, RequestDesk
from pychron_comms.server.launch import Launcher
from pychron_comms.server.messaging_handler import MessagingFactory
from tests.integration.clients import Address, ConnectingClient, Wire
from tests.integration.fake_processors import (
    FakeProcessorFactory,
    Misbehaviour,
    close,
    reset,
    say_nothing,
    say_nothing_to_the_first,
    saying,
)
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    server_address,
    start_server,
    wait_until_connected,
)
from tests.integration.processes import Processes, wait_until

Listening = Callable[[Misbehaviour], Awaitable[tuple[FakeProcessorFactory, int]]]


@pytest_twisted.async_yield_fixture
async def listen(reactor: Any) -> AsyncIterator[Listening]:
    """Starts fake processors, each on a port of its own, and ends them with the test."""
    ports = []
    factories = []

    async def start(misbehave: Misbehaviour) -> tuple[FakeProcessorFactory, int]:
        factory = FakeProcessorFactory(misbehave)
        port = await serverFromString(reactor, ANY_PORT).listen(factory)
        factories.append(factory)
        ports.append(port)
        return factory, port.getHost().port

    yield start
    for port in ports:
        await port.stopListening()
    for factory in factories:
        for connection in factory.connections:
            connection.transport.abortConnection()


def all_replies_to(address: Address, command: str) -> list[str]:
    with Wire(address) as wire:
        wire.send(f"{command}\r\n".encode())
        return wire.rest()


@pytest.mark.parametrize(
    "misbehave",
    [
        saying(b"\x16\x03\x01 \xff\xfe\r\n"),
        saying(b"OK\r\n"),
        saying(b"@id=99999 OK\r\n"),
        saying(b"@id=x OK\r\n"),
        saying(b"@= OK\r\n"),
        saying(b"@id=1;len=999999999 \r\n"),
        close,
        reset,
    ],
    ids=["noise", "no id", "id never sent", "id no number", "bad tag", "too much", "close", "reset"],
)
@pytest_twisted.ensureDeferred
async def test_a_broken_answer_is_an_outcome_unknown(
    processes: Processes, listen: Listening, misbehave: Misbehaviour
) -> None:
    fake, port = await listen(misbehave)
    server = start_server(processes, processor=f"tcp:{HOST}:{port}")
    await deferToThread(wait_until_connected, server)

    replies = await deferToThread(all_replies_to, server_address(server), "Open A")

    assert len(replies) == 1
    assert replies[0].startswith("ERROR 201 : outcome unknown: ")
    assert len(fake.lines) == 1


@pytest_twisted.ensureDeferred
async def test_one_good_answer_and_one_to_nobody(processes: Processes, listen: Listening) -> None:
    _, port = await listen(saying(b"@id=1 OK\r\n@id=1 OK\r\n"))
    server = start_server(processes, processor=f"tcp:{HOST}:{port}")
    await deferToThread(wait_until_connected, server)

    assert await deferToThread(all_replies_to, server_address(server), "Open A") == ["OK"]


@pytest_twisted.ensureDeferred
async def test_a_copy_sent_after_a_second_of_silence_gets_the_reply(
    processes: Processes, listen: Listening
) -> None:
    fake, port = await listen(say_nothing_to_the_first)
    server = start_server(processes, processor=f"tcp:{HOST}:{port}")
    await deferToThread(wait_until_connected, server)
    client = ConnectingClient(server_address(server))
    begun = time.monotonic()

    assert await deferToThread(client.ask, "GetValveState A") == "OK"
    assert time.monotonic() - begun >= 1.0
    assert len(fake.lines) >= 2


@pytest_twisted.ensureDeferred
async def test_nobody_there_means_never_sent(
    processes: Processes, listen: Listening, reactor: Any
) -> None:
    _, port = await listen(say_nothing)
    server = start_server(processes, processor=f"unix:{processes.folder}/nobody.sock")
    address = await deferToThread(server_address, server)

    for command in ("Open A", "PychronReady"):
        replies = await deferToThread(all_replies_to, address, command)
        assert len(replies) == 1
        assert replies[0].startswith("ERROR 011 : could not communicate with pychron through ")


class ImpatientServer:
    """The server's own parts in this process, with a repeater that waits for 0.5 s only."""

    def __init__(self, reactor: Any, port: int) -> None:
        self.repeater = CommandRepeater(
            clientFromString(reactor, f"tcp:{HOST}:{port}"), "the fake", reactor, timeout=0.5
        )
        desk = RequestDesk(OPEN, self.repeater, Launcher([], reactor))
        self._endpoint = serverFromString(reactor, ANY_PORT)
        self._service = StreamServerEndpointService(
            self._endpoint, MessagingFactory(desk, WireOptions(), reactor)
        )
