"""Clients that ask beside each other until a time is over: in threads, or in one asyncio loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from time import perf_counter

from benchmarks.peers import Times

#: Asks once, and takes the reply.
Ask = Callable[[], object]


def in_threads(
    connected: Callable[[], AbstractContextManager[Ask]], clients: int, seconds: float
) -> Times:
    """Each client in a thread of its own, as a library whose calls block is used."""
    times: Times = []
    together = threading.Barrier(clients)

    def run() -> None:
        with connected() as ask:
            ask()
            together.wait()
            end = perf_counter() + seconds
            while (began := perf_counter()) < end:
                ask()
                times.append(perf_counter() - began)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return times


async def in_a_loop(asks: list[Callable[[], Awaitable[object]]], seconds: float) -> Times:
    """Each client as a task of the loop that runs."""
    times: Times = []
    for ask in asks:
        await ask()
    end = perf_counter() + seconds

    async def run(ask: Callable[[], Awaitable[object]]) -> None:
        while (began := perf_counter()) < end:
            await ask()
            times.append(perf_counter() - began)

    await asyncio.gather(*[run(ask) for ask in asks])
    return times
