"""The other end of a connection: how it is named, and how its transport is tuned."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import ITCPTransport, IUNIXTransport

#: The sender of what comes over a socket that only this computer has.
LOCAL_SENDER = "local"

_MAPPED = "::ffff:"


def sender_of(address: object) -> str:
    """How a peer is named in access rules, owners and logs: its IP address, or ``local``."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return str(address.host).removeprefix(_MAPPED)
    return LOCAL_SENDER


def make_prompt(transport: Any) -> None:
    """Send small segments at once, and notice a peer that has vanished, where it is TCP."""
    # A unix socket's transport claims to be TCP's too.
    if ITCPTransport.providedBy(transport) and not IUNIXTransport.providedBy(transport):
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
