"""Listeners of datagrams, by their endpoint strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import DatagramProtocol

from pychron_comms.transport.peer_identity import is_here

if TYPE_CHECKING:
    from twisted.application.internet import UDPServer

_UDP = re.compile(r"udp:(\d{1,5})(?::interface=(.+))?")

#: Bytes of a datagram that are read.
_SIZE = 65536


def is_open_to_the_network(description: str) -> bool:
    """Whether datagrams of other computers come to a listener ``udp:``."""
    found = _UDP.fullmatch(description)
    return found is not None and not is_here((found[2] or "").replace(r"\:", ":"))


def udp_service(description: str, protocol: DatagramProtocol, reactor: Any) -> UDPServer:
    """For ``udp:PORT`` or ``udp:PORT:interface=ADDRESS``. Raises ValueError."""
    found = _UDP.fullmatch(description)
    if found is None:
        raise ValueError(f"{description!r}: expected udp:PORT or udp:PORT:interface=ADDRESS")
    interface = (found[2] or "").replace(r"\:", ":")
    # A processor takes no datagrams, and does not wait for what a server imports anyway.
    from twisted.application.internet import UDPServer  # noqa: PLC0415

    return UDPServer(int(found[1]), protocol, interface, _SIZE, reactor=reactor)
