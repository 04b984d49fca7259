"""The clients of a soak: each asks for actuations until it is told to stop, and keeps accounts.

Asyncio, so that one process can be a thousand of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tests.faults.accounts import SUCCESS, Accounts

#: Seconds that Pychron's client waits for the reply to a command and to its copies.
_TIMEOUTS = (1.0, 0.5, 0.5)

#: Seconds after the first in which the last copy has left, as Pychron's do. One that comes when
#: what is known of the first is forgotten no server can tell: then this process stood still.
_LATEST = 3.0

#: Seconds that a client with ids waits: more than any command's own time.
_PATIENCE = 7.0

_RETRY = 0.025
_IN_FLIGHT = 4


@dataclass
class Ground:
    """What the clients share. ``pause``: seconds between two commands of one, at most.

    ``clients`` counts them by what they are.
    """

    accounts: Accounts
    devices: Sequence[str]
    random: random.Random
    stop: asyncio.Event
    pause: float
    clients: Counter[str] = field(default_factory=Counter)
    #: Successes, by what the client is.
    successes: Counter[str] = field(default_factory=Counter)
    #: The part that each value is for, and the values that have keys.
    parts: dict[str, str] = field(default_factory=dict)
    keyed: set[str] = field(default_factory=set)
    #: Seconds that each success took, the copies included.
    latencies: list[float] = field(default_factory=list)

    def command(self) -> tuple[str, str]:
        """A new value, and the command that actuates it."""
        value = self.accounts.new_value()
        part = self.parts[value] = self.random.choice(self.devices)
        return value, f"Count {part} {value}"

    def doubled(self, order: Sequence[str]) -> list[str]:
        """Values that were run again, of all in the order of their runs.

        A copy of a plain command is meant anew where somebody has changed its part since, and is
        none then; one with a key never is.
        """
        found, seen, last = [], set(), dict[str, str]()
        for value in order:
            part = self.parts.get(value, "")
            if value in seen and (value in self.keyed or last.get(part) == value):
                found.append(value)
            seen.add(value)
            last[part] = value
        return found

    def answered(self, client: str, value: str, reply: str | None, begin: float) -> None:
        if self.accounts.answered(value, reply) == SUCCESS:
            self.successes[client] += 1
            self.latencies.append(time.monotonic() - begin)

    async def rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), self.random.uniform(0, self.pause))


class Route(NamedTuple):
    """The address that a client has, and the one that it asks."""

    here: str
    there: tuple[str, int]


class Wire(asyncio.Protocol):
    """One connection: whole lines as they have come, also at the moment when patience ends."""

    def __init__(self) -> None:
        self._received = b""
        self._ended = False
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def to(cls, route: Route) -> Wire:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(cls, *route.there, local_addr=(route.here, 0))
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._news.set()

    def send(self, *lines: str) -> None:
        assert self._transport is not None
        self._transport.write("".join(f"{line}\r" for line in lines).encode())

    async def line(self, seconds: float) -> str | None:
        """None where nothing comes in time; ConnectionError where nothing will come any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while b"\r\n" not in self._received and not self._ended:
                    self._news.clear()
                    await self._news.wait()
        if b"\r\n" in self._received:
            line, _, self._received = self._received.partition(b"\r\n")
            return line.decode("utf-8", errors="replace")
        if self._ended:
            raise ConnectionError
        return None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Client(Protocol):
    """One client: runs until the ground says stop."""

    __name__: str

    def __call__(self, ground: Ground, route: Route) -> Awaitable[None]: ...


async def valve_client(ground: Ground, route: Route) -> None:
    """As Pychron's: a connection for each command; sent again after silence, on a new one."""
    while not ground.stop.is_set():
        value, command = ground.command()
        begin = time.monotonic()
        for timeout in _TIMEOUTS:
            if time.monotonic() - begin > _LATEST:
                break
            reply = await _ask_once(route, command, timeout)
            ground.answered("valve_client", value, reply, begin)
            if reply is not None:
                break
            await asyncio.sleep(_RETRY)
        await ground.rest()


async def _ask_once(route: Route, command: str, timeout: float) -> str | None:
    wire = None
    try:
        wire = await Wire.to(route)
        wire.send(command)
        return await wire.line(timeout)
    except OSError:
        return None
    finally:
        if wire is not None:
            wire.close()


async def laser_client(ground: Ground, route: Route) -> None:
    """As Pychron's: one connection for all, made anew where a command is sent again."""
    wire: Wire | None = None
    while not ground.stop.is_set():
        value, command = ground.command()
        begin = time.monotonic()
        for timeout in _TIMEOUTS:
            if time.monotonic() - begin > _LATEST:
                break
            reply = None
            with contextlib.suppress(OSError):
                wire = wire or await Wire.to(route)
                wire.send(command)
                reply = await wire.line(timeout)
            ground.answered("laser_client", value, reply, begin)
            if reply is not None:
                break
            if wire is not None:
                wire.close()
            wire = None
            await asyncio.sleep(_RETRY)
        await ground.rest()
    if wire is not None:
        wire.close()


async def tagged_client(ground: Ground, route: Route) -> None:
    """Several commands in flight with ids, some of which only read; nothing is sent again."""
    while not ground.stop.is_set():
        with contextlib.suppress(OSError):
            wire = await Wire.to(route)
            try:
                while not ground.stop.is_set() and await _batch(ground, wire):
                    await ground.rest()
            finally:
                wire.close()
        await ground.rest()


async def _batch(ground: Ground, wire: Wire) -> bool:
    """Ask for some at once; whether all were answered."""
    asked = {}
    for number in range(_IN_FLIGHT):
        value, command = ground.command()
        asked[f"@id={number}-{value}"] = value, command
    begin = time.monotonic()
    wire.send(*(f"{head} {command}" for head, (_, command) in asked.items()))
    try:
        while asked:
            line = await wire.line(_PATIENCE)
            if line is None:
                break
            head, _, reply = line.partition(" ")
            if head in asked:
                ground.answered("tagged_client", asked.pop(head)[0], reply, begin)
    except ConnectionError:
        pass
    for value, _ in asked.values():
        ground.answered("tagged_client", value, None, begin)
    return not asked


async def careful_client(ground: Ground, route: Route) -> None:
    """One command for each connection, not sent again: behind a line that changes bytes."""
    while not ground.stop.is_set():
        value, command = ground.command()
        begin = time.monotonic()
        reply = await _ask_once(route, f"@id={value} {command}", _TIMEOUTS[0])
        head, _, text = (reply or "").partition(" ")
        # The code of an error may be another one by now: it leaves the outcome open.
        ground.answered("careful_client", value, None, begin)
        ground.answered("careful_client", value, text if head == f"@id={value}" else reply, begin)
        await ground.rest()


async def keyed_client(ground: Ground, route: Route) -> None:
    """Asks again with the same key, on a new connection, until it knows."""
    while not ground.stop.is_set():
        value, command = ground.command()
        ground.keyed.add(value)
        begin = time.monotonic()
        for _ in range(10):
            reply = await _ask_once(route, f"@id={value};key={value} {command}", _TIMEOUTS[0])
            head, _, text = (reply or "").partition(" ")
            known = head == f"@id={value}"
            ground.answered("keyed_client", value, text if known else None, begin)
            if known and not text.startswith(("ERROR 011", "ERROR 201")):
                break
            await asyncio.sleep(_RETRY)
        await ground.rest()
