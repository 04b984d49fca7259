"""The bare relay: two hops of Twisted's ``LineReceiver``, nothing parsed, replies in order.

All is answered with ``OK``.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.protocols.basic import LineReceiver

from benchmarks.half import relay


class Client(LineReceiver):
    """One client's connection."""

    transport: Any

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def lineReceived(self, line: bytes) -> None:
        self._upstream.ask(self, line)


class Upstream(LineReceiver):
    """The connection to the far half, which answers in order."""

    def __init__(self) -> None:
        self._askers: deque[Client] = deque()

    def ask(self, asker: Client, line: bytes) -> None:
        self._askers.append(asker)
        self.sendLine(line)

    def lineReceived(self, line: bytes) -> None:
        self._askers.popleft().sendLine(line)


class Echo(LineReceiver):
    """The far half: each line is answered at once."""

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(b"OK")


if __name__ == "__main__":
    relay(Client, Upstream, Echo)
