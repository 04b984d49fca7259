"""Listeners of datagrams, by their endpoint strings."""

from __future__ import annotations

import re
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import DatagramProtocol

from pychron_comms.transport.peer_identity import is_here

_UDP = re.compile(r"udp:(\d{1,5})(?::interface=(.+))?")

#: Bytes of a datagram that are read.
_SIZE = 65536


class DatagramService(Service):
    """Takes the datagrams of a port while it runs; its start fails where it cannot."""

    def __init__(self, port: int, protocol: DatagramProtocol, interface: str, reactor: Any) -> None:
        self._port = port
        self._protocol = protocol
        self._interface = interface
        self._reactor = reactor
        self._listening: IListeningPort | None = None

    def privilegedStartService(self) -> None:
        super().privilegedStartService()
        self._listening = self._reactor.listenUDP(
            self._port, self._protocol, self._interface, _SIZE
        )

    def startService(self) -> None:
        super().startService()
        # ``twist`` knows no privileged start.
        if self._listening is None:
            self.privilegedStartService()

    def stopService(self) -> Any:
        super().stopService()
        listening, self._listening = self._listening, None
        return None if listening is None else listening.stopListening()


def is_open_to_the_network(description: str) -> bool:
    """Whether datagrams of other computers come to a listener ``udp:``."""
    found = _UDP.fullmatch(description)
    return found is not None and not is_here((found[2] or "").replace(r"\:", ":"))


def udp_service(description: str, protocol: DatagramProtocol, reactor: Any) -> DatagramService:
    """For ``udp:PORT`` or ``udp:PORT:interface=ADDRESS``. Raises ValueError."""
    found = _UDP.fullmatch(description)
    if found is None:
        raise ValueError(f"{description!r}: expected udp:PORT or udp:PORT:interface=ADDRESS")
    interface = (found[2] or "").replace(r"\:", ":")
    return DatagramService(int(found[1]), protocol, interface, reactor)
