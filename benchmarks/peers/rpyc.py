"""RPyC: methods of objects in another process, one thread for each connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.peers import COMMAND, REPLY, Say, Times
from benchmarks.peers.loads import Ask, in_threads

# Any: it is installed only for this.
rpyc: Any = import_module("rpyc")
servers: Any = import_module("rpyc.utils.server")


def serve(say: Say) -> None:
    class Line(rpyc.Service):
        def exposed_ask(self, command: str) -> str:
            return REPLY

    server = servers.ThreadedServer(Line, hostname="127.0.0.1", port=0)
    say(str(server.port))
    server.start()


def load(address: str, clients: int, seconds: float) -> Times:
    @contextmanager
    def connected() -> Iterator[Ask]:
        connection = rpyc.connect("127.0.0.1", int(address))
        try:
            ask = connection.root.ask
            yield lambda: ask(COMMAND)
        finally:
            connection.close()

    return in_threads(connected, clients, seconds)
