"""Processors that misbehave: each takes a server's requests and does one wrong thing with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

Misbehaviour = Callable[["FakeProcessor", bytes], None]


class FakeProcessor(LineReceiver):
    """Hands each line to what its factory was given."""

    delimiter = b"\r\n"
    factory: FakeProcessorFactory
    transport: Any

    def connectionMade(self) -> None:
        self.factory.connections.append(self)

    def lineReceived(self, line: bytes) -> None:
        self.factory.lines.append(line)
        self.factory.misbehave(self, line)


class FakeProcessorFactory(Factory):
    """``lines`` are all that came, on whatever connection."""

    noisy = False
    protocol = FakeProcessor

    def __init__(self, misbehave: Misbehaviour) -> None:
        self.misbehave = misbehave
        self.lines: list[bytes] = []
        self.connections: list[FakeProcessor] = []


def say_nothing(processor: FakeProcessor, line: bytes) -> None:
    """The request is taken, and that is all."""


def close(processor: FakeProcessor, line: bytes) -> None:
    processor.transport.loseConnection()


def reset(processor: FakeProcessor, line: bytes) -> None:
    processor.transport.abortConnection()


def saying(reply: bytes) -> Misbehaviour:
    """Whatever is asked, this is the answer."""

    def say(processor: FakeProcessor, line: bytes) -> None:
        processor.transport.write(reply)

    return say


def say_nothing_to_the_first(processor: FakeProcessor, line: bytes) -> None:
    """The first request is forgotten; every other gets ``OK``."""
    if len(processor.factory.lines) > 1:
        tags = line.removeprefix(b"@").partition(b" ")[0].split(b";")
        identifier = next(tag for tag in tags if tag.startswith(b"id="))
        processor.transport.write(b"@" + identifier + b" OK\r\n")
