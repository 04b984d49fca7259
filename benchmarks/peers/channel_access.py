"""EPICS Channel Access by caproto, in Python alone: a process variable is read."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.peers import REPLY, Say, Times
from benchmarks.peers.loads import Ask, in_threads

# Any: it is installed only for this.
caproto: Any = import_module("caproto")
servers: Any = import_module("caproto.asyncio.server")
threaded: Any = import_module("caproto.threading.client")

_NAME = "valve:A"


def _only_here(port: str) -> None:
    os.environ.update(
        EPICS_CA_ADDR_LIST="127.0.0.1",
        EPICS_CA_AUTO_ADDR_LIST="NO",
        EPICS_CA_SERVER_PORT=port,
        EPICS_CAS_AUTO_BEACON_ADDR_LIST="no",
        EPICS_CAS_BEACON_ADDR_LIST="",
    )


def serve(say: Say) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    _only_here(port)

    async def startup(_: object) -> None:
        say(port)

    database = {_NAME: caproto.ChannelString(value=REPLY, string_encoding="ascii")}
    asyncio.run(
        servers.start_server(
            database, interfaces=["127.0.0.1"], log_pv_names=False, startup_hook=startup
        )
    )


def load(address: str, clients: int, seconds: float) -> Times:
    _only_here(address)

    @contextmanager
    def connected() -> Iterator[Ask]:
        context = threaded.Context()
        try:
            (pv,) = context.get_pvs(_NAME)
            pv.wait_for_connection(timeout=10)
            yield pv.read
        finally:
            context.disconnect()

    return in_threads(connected, clients, seconds)
