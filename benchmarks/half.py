"""One half of a system: a process that says where it listens and ends when nobody holds it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from twisted.internet import reactor as installed_reactor
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.python.failure import Failure

from pychron_comms.transport.endpoints import BACKLOG

Half = Callable[[Any, str], None]

Upstream = TypeVar("Upstream", bound=Protocol)


class Lifeline(Protocol):
    """Held by the process that started this one: when it ends, so does this one."""

    transport: Any

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def connectionMade(self) -> None:
        for reader in self._reactor.getReaders():
            if IListeningPort.providedBy(reader):
                address = reader.getHost()
                self.transport.write(f"{getattr(address, 'port', 0)}\n".encode())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._reactor.stop()


def main(front: Half, back: Half) -> None:
    """Run the half that the command line names; both are joined by the unix socket it names."""
    name, path = sys.argv[1:]
    reactor: Any = installed_reactor
    {"front": front, "back": back}[name](reactor, path)
    reactor.callWhenRunning(StandardIO, Lifeline(reactor))
    reactor.run()


def relay(
    client: Callable[[Upstream], Protocol],
    upstream: Callable[[], Upstream],
    echo: Callable[[], Protocol],
) -> None:
    """Run a half of a relay: clients by TCP at the near one, which has one way to the far one."""

    def near(reactor: Any, path: str) -> None:
        way = upstream()
        connectProtocol(UNIXClientEndpoint(reactor, path), way)
        factory = Factory.forProtocol(partial(client, way))
        reactor.listenTCP(0, factory, BACKLOG, "127.0.0.1")

    def far(reactor: Any, path: str) -> None:
        reactor.listenUNIX(path, Factory.forProtocol(echo), BACKLOG, 0o600)

    main(near, far)
