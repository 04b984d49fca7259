"""A relay to stand between any two parts of the road, which does to their bytes what it is told.

It runs in a thread of its own, beside real processes, and is driven by ordinary calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct
from collections import Counter
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Any, Self

from tests.faults.kinds import NO_FAULT, Fault
from tests.faults.loops import LoopThread
from tests.integration.clients import Address

HOST = "127.0.0.1"

_CHUNK = 65536
# Seconds after which a connection that nothing can end any more is taken away.
_FORGET = 5.0
# Seconds in which a client that has gone answers what is still sent to it.
_LINGER = 0.01
_RESETTING = struct.pack("ii", 1, 0)


class Direction(Enum):
    """``UP`` is from who connects to who listens."""

    UP = "up"
    DOWN = "down"


UP, DOWN = Direction.UP, Direction.DOWN

#: Chooses the faults of a connection that is just made: up and down.
Plan = Callable[[], tuple[Fault, Fault]]


class _Pipe:
    """Bytes of one connection, one way."""

    def __init__(
        self, link: _Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter, fault: Fault
    ) -> None:
        self._link = link
        self._source = source
        self._sink = sink
        self._fault = fault
        self._silent = False
        self.passed = 0
        self.swallows = False
        self.holds = False
        self.has_ended = False

    def set(self, fault: Fault) -> None:
        """From the next bytes on."""
        self._fault = fault
        self.passed = 0

    async def run(self) -> None:
        try:
            while data := await self._source.read(_CHUNK):
                await self._pass(data)
        except ConnectionError:
            self.reset()
        self.has_ended = True
        await self._link.ended(self)

    async def _pass(self, data: bytes) -> None:
        if self._link.frozen:
            await self._link.gone.wait()
        elif not self._silent:
            self.holds = True
            await self._fault.forward(data, self)
            self.holds = False
            self.passed += len(data)

    # -- what its fault does to it

    async def send(self, data: bytes) -> None:
        if self._silent or self._link.frozen or not data:
            return
        self._sink.write(data)
        await self._sink.drain()
        await self._link.check(self)

    async def more(self, seconds: float) -> bytes:
        parts = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while data := await self._source.read(_CHUNK):
                    parts += data
        return parts

    def bitten(self, kind: str) -> None:
        self._link.injected[kind] += 1

    def swallow(self) -> None:
        self.swallows = self._silent = True

    def end(self) -> None:
        self._silent = True
        self.say_end()

    def reset(self) -> None:
        self._link.reset()

    def freeze(self, seconds: float) -> None:
        self._link.freeze(seconds)

    def say_end(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self._sink.write_eof()

    def has_more(self) -> bool:
        """Whether its source has sent what was not even read."""
        source = self._link.source_of(self)
        if source < 0:
            return False
        waiting = select.poll()
        waiting.register(source, select.POLLIN)
        return bool(waiting.poll(0))

    def is_refused(self) -> bool:
        """Whether the other end has answered what was sent with a reset."""
        handle = self._sink.get_extra_info("socket")
        return bool(handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


class _Link:
    """One connection from end to end: two pipes."""

    def __init__(
        self,
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        faults: tuple[Fault, Fault],
        injected: Counter[str],
    ) -> None:
        self._writers = near[1], far[1]
        self.injected = injected
        self.pipes = {
            UP: _Pipe(self, near[0], far[1], faults[0]),
            DOWN: _Pipe(self, far[0], near[1], faults[1]),
        }
        self.frozen = False
        self.gone = asyncio.Event()

    async def run(self) -> None:
        try:
            await asyncio.gather(*(pipe.run() for pipe in self.pipes.values()))
        finally:
            self.gone.set()
            for writer in self._writers:
                writer.close()

    async def ended(self, pipe: _Pipe) -> None:
        """Nothing more comes out of a pipe's source."""
        if self.gone.is_set():
            return
        if pipe.swallows:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.gone.wait(), _FORGET)
            self.reset()
        elif await self._was_left(self._other(pipe)):
            # What was said last was never delivered, so who said it is told.
            self.reset()
        elif self.frozen:
            await self.gone.wait()
        else:
            pipe.say_end()

    async def check(self, pipe: _Pipe) -> None:
        """Pass on a reset from an end that had said before that it sends no more.

        Nothing is read from such an end, so nothing else would tell.
        """
        if self._other(pipe).has_ended:
            await asyncio.sleep(_LINGER)
            if not self.gone.is_set() and pipe.is_refused():
                self.reset()

    async def _was_left(self, pipe: _Pipe) -> bool:
        """Whether something that came that way has not reached its end, which is gone now."""
        return pipe.swallows or await self._holds_some(pipe) or pipe.is_refused()

    async def _holds_some(self, pipe: _Pipe) -> bool:
        """Whether bytes have come that way and are here still."""
        # What has been read is taken in the next rounds of the loop.
        for _ in range(2):
            await asyncio.sleep(0)
        return pipe.holds or (not pipe.has_ended and pipe.has_more())

    def reset(self) -> None:
        self.gone.set()
        for writer in self._writers:
            _reset(writer)

    def source_of(self, pipe: _Pipe) -> int:
        """The file descriptor that a pipe's bytes come from; -1 where it is closed."""
        writer = self._writers[0 if pipe is self.pipes[UP] else 1]
        return int(writer.get_extra_info("socket").fileno())

    def freeze(self, seconds: float) -> None:
        self.frozen = True
        asyncio.get_running_loop().call_later(seconds, self.reset)
        for writer in self._writers:
            transport: Any = writer.transport
            with contextlib.suppress(RuntimeError):
                transport.pause_reading()

    def _other(self, pipe: _Pipe) -> _Pipe:
        return self.pipes[DOWN if pipe is self.pipes[UP] else UP]


class Proxy:
    """Listens on a port that the system chooses, or at the path ``listen``.

    ``plan`` chooses the faults of each connection; without it, what ``set`` has said last.
    ``target`` may be changed: new connections go there; with ``mirror`` from the address that the
    client itself has (Linux gives a computer all of 127.x.y.z).
    """

    def __init__(
        self,
        target: Address,
        listen: str = "",
        *,
        plan: Plan | None = None,
        mirror: bool = False,
    ) -> None:
        self.target = target
        self._mirror = mirror
        #: How often each kind of fault has come.
        self.injected: Counter[str] = Counter()
        self._set = {UP: NO_FAULT, DOWN: NO_FAULT}
        self._plan = plan or self._as_set
        self._links: dict[_Link, None] = {}
        self._loop = LoopThread()
        self._server = self._loop.run(self._listen(listen))
        self.address: Address = listen or self._server.sockets[0].getsockname()[:2]

    @property
    def endpoint(self) -> str:
        """Its address, as a client's endpoint string."""
        if isinstance(self.address, str):
            return f"unix:{self.address}"
        return f"tcp:{self.address[0]}:{self.address[1]}"

    @property
    def connections(self) -> int:
        return len(self._links)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def set(self, direction: Direction, fault: Fault) -> None:
        """For the connections that there are, from their next byte on, and for those to come."""
        self._loop.call(lambda: self._set_now(direction, fault))

    def set_first(self, direction: Direction, fault: Fault) -> None:
        """For the oldest connection that there is; for none where there is none."""
        self._loop.call(lambda: self._set_first_now(direction, fault))

    def heal(self) -> None:
        """No more faults. What is dropped, ended or frozen stays so."""
        for direction in Direction:
            self.set(direction, NO_FAULT)

    def reset_all(self) -> None:
        """Reset every connection that there is."""
        self._loop.call(self._reset_now)

    def close(self) -> None:
        self._loop.run(self._stop())
        self._loop.close()

    def _as_set(self) -> tuple[Fault, Fault]:
        return self._set[UP], self._set[DOWN]

    def _set_now(self, direction: Direction, fault: Fault) -> None:
        self._set[direction] = fault
        for link in self._links:
            link.pipes[direction].set(fault)

    def _set_first_now(self, direction: Direction, fault: Fault) -> None:
        for link in list(self._links)[:1]:
            link.pipes[direction].set(fault)

    def _reset_now(self) -> None:
        for link in self._links:
            link.reset()

    async def _listen(self, path: str) -> asyncio.Server:
        if path:
            return await asyncio.start_unix_server(self._connected, path)
        return await asyncio.start_server(self._connected, HOST, 0, backlog=1024)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            here = writer.get_extra_info("peername")[0] if self._mirror else None
            far = await _open(self.target, here)
        except OSError:
            _reset(writer)
            return
        link = _Link((reader, writer), far, self._plan(), self.injected)
        self._links[link] = None
        try:
            await link.run()
        finally:
            self._links.pop(link, None)

    async def _stop(self) -> None:
        self._server.close()
        self._reset_now()
        while self._links:
            await asyncio.sleep(0.001)


async def _open(
    address: Address, here: str | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address, local_addr=(here, 0) if here else None)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that its other end is told of no orderly end; unix sockets know none."""
    handle = writer.get_extra_info("socket")
    if handle is not None and handle.fileno() >= 0 and handle.family != socket.AF_UNIX:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETTING)
    writer.transport.abort()
