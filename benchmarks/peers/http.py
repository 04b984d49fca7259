"""HTTP by aiohttp: a GET on connections that stay."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

from benchmarks.peers import REPLY, Say, Times
from benchmarks.peers.loads import in_a_loop

# Any: it is installed only for this.
aiohttp: Any = import_module("aiohttp")
web: Any = import_module("aiohttp.web")


def serve(say: Say) -> None:
    async def valve(request: object) -> object:
        return web.Response(text=REPLY)

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/valve/{name}", valve)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        say(f"http://127.0.0.1:{runner.addresses[0][1]}/valve/A")
        await asyncio.Event().wait()

    asyncio.run(run())


def load(address: str, clients: int, seconds: float) -> Times:
    async def run() -> Times:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session:

            async def ask() -> str:
                async with session.get(address) as response:
                    text: str = await response.text()
                    return text

            return await in_a_loop([ask] * clients, seconds)

    return asyncio.run(run())
