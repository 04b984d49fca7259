"""Processors that misbehave: each takes a server's requests and does one wrong thing with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

Misbehaviour = Callable[["FakeProcessor", bytes], None]


_ID = re.compile(rb"@id=(\d+)[; ]")
# What a server says by itself: to know the commands of a type and how things stand, and of a reply
# that was read.
_OWN_WORD = re.compile(rb"@\S+ (\w+\|Describe|Subscribe \*|Taken .*)")


class FakeProcessor(LineReceiver):
    """Hands each command to what its factory was given."""

    delimiter = b"\r\n"
    factory: FakeProcessorFactory
    transport: Any

    def connectionMade(self) -> None:
        self.factory.connections.append(self)
        self.factory.greet(self, b"")

    def lineReceived(self, line: bytes) -> None:
        if _OWN_WORD.fullmatch(line):
            return
        self.factory.lines.append(line)
        self.factory.misbehave(self, line)


class FakeProcessorFactory(Factory):
    """``lines`` are the commands that came, on any connection; ``greet`` meets each new one."""

    noisy = False
    protocol = FakeProcessor

    def __init__(self, misbehave: Misbehaviour) -> None:
        self.misbehave = misbehave
        self.lines: list[bytes] = []
        self.connections: list[FakeProcessor] = []
        self.greet: Misbehaviour = say_nothing


def say_nothing(processor: FakeProcessor, line: bytes) -> None:
    """The request is taken, and that is all."""


def close(processor: FakeProcessor, line: bytes) -> None:
    processor.transport.loseConnection()


def reset(processor: FakeProcessor, line: bytes) -> None:
    processor.transport.abortConnection()


def saying(reply: bytes) -> Misbehaviour:
    """Whatever is asked, this is the answer; ``{id}`` in it is the id of the request."""

    def say(processor: FakeProcessor, line: bytes) -> None:
        found = _ID.match(line)
        identifier = found[1] if found else b""
        processor.transport.write(reply.replace(b"{id}", identifier))

    return say
