"""What tests of the service over UDP have together."""

from __future__ import annotations

from typing import Any

from pychron_comms.server.datagrams import DatagramMessagingHandler
from pychron_comms.server.resend.command_catalogue import Declarations
from pychron_comms.transport.options import WireOptions
from tests.listening import shared
from tests.server.test_server import DeskCase


class Datagrams:
    """A UDP transport that keeps what is written."""

    maxThroughput = 262144

    def __init__(self) -> None:
        self.written: list[tuple[bytes, tuple[str, int]]] = []

    def write(self, data: bytes, addr: tuple[str, int]) -> None:
        self.written.append((data, addr))

    def getHandle(self) -> None:
        """Of a kind that tells nothing."""


class DatagramCase(DeskCase):
    address = ("10.0.0.1", 40000)
    declared: Declarations | None = None

    def handler(self, **options: Any) -> tuple[DatagramMessagingHandler, Datagrams]:
        handler = DatagramMessagingHandler(
            self.dispatcher(declared=self.declared), WireOptions(**options), shared(self.clock)
        )
        transport = Datagrams()
        handler.makeConnection(transport)  # type: ignore[arg-type]
        return handler, transport

    def commands(self) -> list[str]:
        return [data for _, data, _, _ in self.repeater.requests if data != "Describe"]
