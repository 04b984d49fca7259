"""A processor that answers garbage, nothing, or closes: the client gets exactly one error."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import pytest_twisted
from twisted.application.internet import ClientService
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.threads import deferToThread

from pychron_comms.errors import OutcomeUnknownError
from pychron_comms.repeater.endpoint import CommandRepeater
from tests.integration.clients import Address, Wire
from tests.integration.fake_processors import (
    FakeProcessorFactory,
    Misbehaviour,
    close,
    reset,
    say_nothing,
    saying,
)
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    server_address,
    start_server,
    wait_until_connected,
)
from tests.integration.processes import Processes

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
        return wire.rest(1)


@pytest.mark.parametrize(
    "misbehave",
    [
        saying(b"\x16\x03\x01 \xff\xfe\r\n"),
        saying(b"OK\r\n"),
        saying(b"@id=99999 OK\r\n"),
        saying(b"@id=x OK\r\n"),
        saying(b"@= OK\r\n"),
        saying(b"@id={id};len=999999999 \r\n"),
        close,
        reset,
    ],
    ids=[
        "noise",
        "no id",
        "id never sent",
        "id no number",
        "bad tag",
        "too much",
        "close",
        "reset",
    ],
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
    _, port = await listen(saying(b"@id={id} OK\r\n@id={id} OK\r\n"))
    server = start_server(processes, processor=f"tcp:{HOST}:{port}")
    await deferToThread(wait_until_connected, server)

    assert await deferToThread(all_replies_to, server_address(server), "Open A") == ["OK"]


@pytest_twisted.ensureDeferred
async def test_a_processor_that_hangs_up_on_every_connection_means_never_sent_or_unknown(
    processes: Processes, listen: Listening
) -> None:
    fake, port = await listen(say_nothing)
    fake.greet = close
    server = start_server(processes, processor=f"tcp:{HOST}:{port}")
    await deferToThread(server.wait_for, "lost the processor at")

    replies = await deferToThread(all_replies_to, server_address(server), "Open A")

    assert len(replies) == 1
    assert re.match("ERROR (011|201) : ", replies[0])


@pytest_twisted.ensureDeferred
async def test_silence_is_an_outcome_unknown(listen: Listening, reactor: Any) -> None:
    fake, port = await listen(say_nothing)
    there = clientFromString(reactor, f"tcp:{HOST}:{port}")
    # The server's own part, with less patience than the 30 s of the service.
    repeater = CommandRepeater(there, "the fake", reactor, timeout=0.5)
    repeater.startService()
    await cast(ClientService, next(iter(repeater))).whenConnected()

    with pytest.raises(OutcomeUnknownError, match=r"no reply in time to Open A"):
        await repeater.get_response("System", "Open A", "127.0.0.1")

    await repeater.stopService()
    assert len(fake.lines) == 1
