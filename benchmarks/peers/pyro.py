"""Pyro5: methods of objects in another process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.peers import COMMAND, REPLY, Say, Times
from benchmarks.peers.loads import Ask, in_threads

# Any: it is installed only for this.
pyro: Any = import_module("Pyro5.api")


def serve(say: Say) -> None:
    class Line:
        @pyro.expose  # type: ignore[untyped-decorator]
        def ask(self, command: str) -> str:
            return REPLY

    daemon = pyro.Daemon(host="127.0.0.1")
    say(str(daemon.register(Line())))
    daemon.requestLoop()


def load(address: str, clients: int, seconds: float) -> Times:
    @contextmanager
    def connected() -> Iterator[Ask]:
        with pyro.Proxy(address) as proxy:
            yield lambda: proxy.ask(COMMAND)

    return in_threads(connected, clients, seconds)
