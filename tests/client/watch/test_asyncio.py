"""A watch on a plain asyncio loop."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import aclosing
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link.endpoint import parse_address
from pychron_comms.client.watch import asyncio_watch
from pychron_comms.client.watch.asyncio_watch import AsyncioWatch, connected
from pychron_comms.client.watch.notices import Live, Lost, Notice
from pychron_comms.errors import NotPermittedError
from tests.client.watch.telling import Teller
from tests.observability.state.test_stream import valve


class Writer:
    """What is sent; ``answer`` makes what comes back."""

    def __init__(self, answer: Any) -> None:
        self.reader = asyncio.StreamReader()
        self.transport = self
        self.is_aborted = False
        self._answer = answer

    def write(self, data: bytes) -> None:
        self.reader.feed_data(self._answer(data))

    def abort(self) -> None:
        self.is_aborted = True


class AsyncioWatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(asyncio_watch, "PAUSE", 0.0)
        self.server = Teller()
        self.server.stream.publish(valve())
        self.writers: list[Writer] = []

    async def connect(self) -> Any:
        if len(self.writers) == 1:
            self.server.stream.publish(valve(is_open=True))
        writer = Writer(self.server.connect)
        self.writers.append(writer)
        if len(self.writers) > 2:
            raise OSError(111, "Connection refused")
        return writer.reader, writer

    def hear(self, count: int, connect: Any = None) -> list[Notice]:
        """The first notices; each connection is closed once it has told all that stands."""
        address = parse_address("tcp:lab:1061")
        watch = AsyncioWatch(address, ["*"], None, connect or self.connect)

        async def run() -> list[Notice]:
            told: list[Notice] = []
            async with aclosing(aiter(watch)) as notices:
                async for notice in notices:
                    told.append(notice)
                    if len(told) == count:
                        break
                    if isinstance(notice, Live) and not self.silent:
                        self.writers[-1].reader.feed_eof()
            return told

        return asyncio.run(run())

    silent = False

    def test_calls_again_where_it_was(self) -> None:
        told = self.hear(5)
        lost = Lost("closed by the server")
        self.assertEqual(told, [valve(), Live(), lost, valve(is_open=True), Live()])
        self.assertTrue(all(writer.is_aborted for writer in self.writers))

    def test_a_server_that_says_nothing_is_lost(self) -> None:
        self.silent = True
        self.patch(asyncio_watch, "PATIENCE", 0.01)
        self.assertEqual(self.hear(3)[2:], [Lost("no word for 0.01 s")])

    def test_it_gets_there_by_what_the_address_says(self) -> None:
        gone: list[Any] = []

        async def opened(*where: Any, **how: Any) -> Any:
            gone.append((*where, *how.values()))

        self.patch(asyncio, "open_connection", opened)
        self.patch(asyncio, "open_unix_connection", opened)
        context = ssl.create_default_context()
        asyncio.run(connected(parse_address("tcp:lab:1061"), None))
        asyncio.run(connected(parse_address("tls:lab:1062"), context))
        asyncio.run(connected(parse_address("unix:/run/lab"), None))
        self.assertEqual(gone, [("lab", 1061, None), ("lab", 1062, context), ("/run/lab",)])

    def test_it_asks_for_what_was_asked_for_and_has_it(self) -> None:
        watch = AsyncioWatch(parse_address("tcp:lab:1061"), ["System/*"], None, self.connect)

        async def run() -> None:
            async with aclosing(aiter(watch)) as notices:
                await anext(notices)

        asyncio.run(run())
        self.assertEqual(dict(watch.items), {valve().path: valve()})

    def test_one_that_is_not_reached_in_time_is_lost(self) -> None:
        self.patch(asyncio_watch, "PATIENCE", 0.01)

        async def never() -> Any:
            await asyncio.Event().wait()

        self.assertEqual(self.hear(1, never), [Lost("no word for 0.01 s")])

    def test_a_refusal_is_raised(self) -> None:
        async def connect() -> Any:
            writer = Writer(lambda data: b"@id=1 ERROR 208 : not permitted: no\r\n")
            return writer.reader, writer

        self.assertRaises(NotPermittedError, self.hear, 1, connect)
