"""A watch for programs on a plain asyncio loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from functools import partial

from pychron_comms.client.link.endpoint import Address
from pychron_comms.client.outcome import reason
from pychron_comms.client.watch.feed import PATIENCE, PAUSE, Feed
from pychron_comms.client.watch.notices import Item, Notice

_CHUNK = 65536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


class AsyncioWatch:
    """``async for`` over it for each ``Notice``; else as ``blocking.Watch``."""

    def __init__(
        self,
        address: Address,
        patterns: Sequence[str],
        context: ssl.SSLContext | None,
        connect: Connect | None = None,
    ) -> None:
        self._feed = Feed(address, patterns)
        self._connect = connect or partial(connected, address, context)

    @property
    def items(self) -> Mapping[str, Item]:
        """All that fit, by their paths, as they were told last."""
        return self._feed.items

    async def __aiter__(self) -> AsyncIterator[Notice]:
        while True:
            try:
                async with aclosing(self._one_connection()) as notices:
                    async for notice in notices:
                        yield notice
            except TimeoutError:
                why = f"no word for {PATIENCE:g} s"
            except (OSError, ValueError) as error:
                why = reason(error)
            for lost in self._feed.lost(why):
                yield lost
            await asyncio.sleep(PAUSE)

    async def _one_connection(self) -> AsyncGenerator[Notice, None]:
        """Until it ends, which is always an OSError or ValueError."""
        reader, writer = await asyncio.wait_for(self._connect(), PATIENCE)
        try:
            writer.write(self._feed.begin())
            while data := await asyncio.wait_for(reader.read(_CHUNK), PATIENCE):
                for notice in self._feed.received(data):
                    yield notice
            raise ConnectionError("closed by the server")
        finally:
            writer.transport.abort()


async def connected(address: Address, context: ssl.SSLContext | None) -> Streams:
    """Raises OSError."""
    if address.kind == "unix":
        return await asyncio.open_unix_connection(address.path)
    return await asyncio.open_connection(address.host, address.port, ssl=context)
