"""What may go wrong between two parts: each kind of fault, for one direction of one connection."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import ClassVar, Protocol


class Pipe(Protocol):
    """One direction of one connection, as a fault sees it."""

    #: Bytes that have come this way since the fault was set, without those at hand.
    passed: int

    async def send(self, data: bytes) -> None:
        """Pass bytes on, in a segment of their own where nothing else waits."""

    async def more(self, seconds: float) -> bytes:
        """What else comes in that time."""

    def bitten(self, kind: str) -> None:
        """A fault has done what it is for."""

    def swallow(self) -> None:
        """From now on nothing passes, and who sent it is never told that it came."""

    def end(self) -> None:
        """Send nothing more this way, and say so."""

    def reset(self) -> None:
        """End the connection at both ends, as a crash does."""

    def freeze(self, seconds: float) -> None:
        """Neither read nor write, in both directions; the sockets stay open for so long."""


@dataclass(frozen=True)
class Fault:
    """No fault: what comes goes on."""

    kind: ClassVar[str] = "none"

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        await pipe.send(data)


NO_FAULT = Fault()


@dataclass(frozen=True)
class Split(Fault):
    """Segments of ``size`` bytes, ``pause`` seconds apart."""

    kind: ClassVar[str] = "split"
    size: int = 1
    pause: float = 0.0003

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        pipe.bitten(self.kind)
        for start in range(0, len(data), self.size):
            await pipe.send(data[start : start + self.size])
            await asyncio.sleep(self.pause)


@dataclass(frozen=True)
class Merge(Fault):
    """What comes in ``seconds`` goes on together."""

    kind: ClassVar[str] = "merge"
    seconds: float = 0.02

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        pipe.bitten(self.kind)
        await pipe.send(data + await pipe.more(self.seconds))


@dataclass(frozen=True)
class Delay(Fault):
    """Everything comes ``seconds`` later."""

    kind: ClassVar[str] = "delay"
    seconds: float = 0.05

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        pipe.bitten(self.kind)
        await asyncio.sleep(self.seconds)
        await pipe.send(data)


@dataclass(frozen=True)
class Stall(Fault):
    """Nothing comes until that moment of ``time.monotonic``, and then all of it."""

    kind: ClassVar[str] = "stall"
    until: float = 0.0

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        left = self.until - time.monotonic()
        if left > 0:
            pipe.bitten(self.kind)
            await asyncio.sleep(left)
        await pipe.send(data)


@dataclass(frozen=True)
class Duplicate(Fault):
    """Each chunk comes twice. TCP never does this; a broken relay may."""

    kind: ClassVar[str] = "duplicate"

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        pipe.bitten(self.kind)
        await pipe.send(data)
        await pipe.send(data)


@dataclass(frozen=True)
class _After(Fault):
    """A fault that comes when ``after`` bytes have passed."""

    after: int = 0

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        room = max(0, self.after - pipe.passed)
        if room:
            await pipe.send(data[:room])
        if len(data) > room:
            pipe.bitten(self.kind)
            await self.bite(data[room:], pipe)

    async def bite(self, data: bytes, pipe: Pipe) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Drop(_After):
    """A line that loses everything: the rest never comes, nor does the end of the connection."""

    kind: ClassVar[str] = "drop"

    async def bite(self, data: bytes, pipe: Pipe) -> None:
        pipe.swallow()


@dataclass(frozen=True)
class Truncate(_After):
    """A sender that dies in the middle: the rest never comes, the end of the connection does."""

    kind: ClassVar[str] = "truncate"

    async def bite(self, data: bytes, pipe: Pipe) -> None:
        pipe.end()


@dataclass(frozen=True)
class Reset(_After):
    """Both ends get a reset."""

    kind: ClassVar[str] = "reset"

    async def bite(self, data: bytes, pipe: Pipe) -> None:
        pipe.reset()


@dataclass(frozen=True)
class HalfOpen(_After):
    """A cable that was pulled: silence, and no end for so many seconds; then a reset."""

    kind: ClassVar[str] = "half-open"
    seconds: float = 20.0

    async def bite(self, data: bytes, pipe: Pipe) -> None:
        pipe.freeze(self.seconds)


@dataclass(frozen=True)
class Corrupt(Fault):
    """The byte at ``at`` is another one: the bits of ``mask`` are flipped. Once."""

    kind: ClassVar[str] = "corrupt"
    at: int = 0
    mask: int = 1

    async def forward(self, data: bytes, pipe: Pipe) -> None:
        index = self.at - pipe.passed
        if 0 <= index < len(data):
            pipe.bitten(self.kind)
            data = data[:index] + bytes([data[index] ^ self.mask]) + data[index + 1 :]
        await pipe.send(data)
