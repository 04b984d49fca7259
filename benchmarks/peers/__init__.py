"""One hop of others' ways to ask for the state of a valve, each asked by its own client.

``PEERS`` names them. Each module has ``serve(say)``, which tells its address and serves until the
process is ended, and ``load(address, clients, seconds)``, which gives the seconds that each request
took. What is not installed is left out of the table: the extra ``bench`` brings all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, Protocol, cast

#: Tells the address at which a peer is served.
Say = Callable[[str], None]

#: Seconds of each request.
Times = list[float]


class Peer(Protocol):
    """What each module here provides."""

    def serve(self, say: Say) -> None: ...

    def load(self, address: str, clients: int, seconds: float) -> Times: ...


class Named(NamedTuple):
    """A peer's distribution on PyPI, and what it is called in a table."""

    distribution: str
    title: str


PEERS = {
    "zeromq": Named("pyzmq", "ZeroMQ REQ/REP"),
    "amp": Named("Twisted", "Twisted's AMP"),
    "http": Named("aiohttp", "HTTP (aiohttp)"),
    "pyro": Named("Pyro5", "Pyro5"),
    "pva": Named("p4p", "EPICS pvAccess (p4p)"),
    "channel_access": Named("caproto", "EPICS Channel Access (caproto)"),
    "rpyc": Named("rpyc", "RPyC"),
}

#: What is asked, and answered, everywhere.
COMMAND, REPLY = "GetValveState A", "False"


def peer(name: str) -> Peer:
    """Raises ImportError where its package is not installed."""
    return cast("Peer", import_module(f"benchmarks.peers.{name}"))
