"""One half of a system: a process that says where it listens and ends when nobody holds it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.python.failure import Failure

Half = Callable[[Any, str], None]


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
