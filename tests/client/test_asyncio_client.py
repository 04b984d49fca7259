"""The asyncio client: the blocking one's words, on a plain loop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client import asyncio_client
from pychron_comms.client.asyncio_client import AsyncioCommunicator
from pychron_comms.client.link.endpoint import parse_address
from pychron_comms.client.outcome import NotSentError


class FakeCommunicator:
    """Notes what it is asked, and in which thread."""

    def __init__(self, endpoint: str, **arguments: Any) -> None:
        self.made = (endpoint, arguments)
        self.calls: list[tuple[Any, ...]] = []
        self.threads: set[str] = set()
        self.go_on = threading.Event()
        self.go_on.set()
        self.entered = threading.Event()

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: object) -> object:
            self.entered.set()
            self.go_on.wait(5)
            self.threads.add(threading.current_thread().name)
            self.calls.append((name, *arguments))
            if arguments[:1] == ("Lost",):
                raise NotSentError("tcp:x:1", "Lost", "refused")
            return "OK"

        return call


class AsyncioTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(asyncio_client, "Communicator", FakeCommunicator)
        self.client = AsyncioCommunicator("tcp:x:1", timeout=3.0)
        self.fake: Any = self.client._communicator
        self.addCleanup(self.client._thread.shutdown)

    def run_now(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(work)

    def test_the_words_are_the_blocking_clients(self) -> None:
        async def work() -> None:
            async with self.client as lab:
                self.assertEqual(await lab.ask("Open A", 1.0, "k"), "OK")
                await lab.tell("Close A")
                await lab.check("Open A")
                await lab.outcome("k")
                await lab.owners()
                await lab.settle("error", 7.0)  # type: ignore[arg-type]

        self.run_now(work())
        self.assertEqual(self.fake.made, ("tcp:x:1", {"timeout": 3.0}))
        self.assertEqual(
            self.fake.calls,
            [
                ("ask", "Open A", 1.0, "k"),
                ("tell", "Close A"),
                ("check", "Open A"),
                ("outcome", "k", ""),
                ("owners", ""),
                ("settle", "error", 7.0),
                ("close",),
            ],
        )
        (name,) = self.fake.threads
        self.assertTrue(name.startswith("pychron-comms"))

    def test_what_is_not_said_is_as_the_blocking_client_has_it(self) -> None:
        self.run_now(self.client.ask("Open A"))
        self.assertEqual(self.fake.calls, [("ask", "Open A", None, "")])

    def test_a_watch_is_of_the_same_server(self) -> None:
        watch: Any = self.client.watch("System/*")
        self.assertEqual(watch._connect.args, (parse_address("tcp:x:1"), None))
        context = ssl.create_default_context()
        client = AsyncioCommunicator("tls:x:1", tls=context)
        self.addCleanup(client._thread.shutdown)
        watch = client.watch("*")
        address, used = watch._connect.args
        self.assertEqual((address.kind, used), ("tls", context))

    def test_errors_are_raised_as_they_are(self) -> None:
        error = self.assertRaises(NotSentError, self.run_now, self.client.ask("Lost"))
        self.assertEqual(str(error), "'Lost' was never sent to tcp:x:1: refused")

    def test_nothing_is_asked_once_it_is_closed(self) -> None:
        self.run_now(self.client.close())
        self.assertRaises(RuntimeError, self.run_now, self.client.ask("A"))

    def test_what_is_cancelled_before_its_turn_is_not_sent(self) -> None:
        async def work() -> None:
            self.fake.go_on.clear()
            first = asyncio.ensure_future(self.client.ask("First"))
            await asyncio.to_thread(self.fake.entered.wait, 5)
            second = asyncio.ensure_future(self.client.ask("Second"))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.wait([second])
            self.fake.go_on.set()
            await first

        self.run_now(work())
        self.assertEqual([call[1] for call in self.fake.calls], ["First"])
