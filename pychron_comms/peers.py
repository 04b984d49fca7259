"""The other end of a connection: how it is named, and how its transport is tuned."""

from __future__ import annotations

import re
import socket
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport, IUNIXTransport
from twisted.logger import Logger
from twisted.python.failure import Failure

#: The sender of what comes over a socket that only this computer has.
LOCAL_SENDER = "local"

_MAPPED = "::ffff:"

#: Seconds of silence, seconds between the questions that follow, and how many of them.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

# Of IPv4, in every form that somebody may read as one; those of IPv6 have colons.
_ADDRESS = re.compile(r"[0-9.]+", re.ASCII).fullmatch

_COMMON_NAME = "2.5.4.3"


def sender_of(address: object) -> str:
    """How a peer is named in access rules, owners and logs: its IP address, or ``local``."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return str(address.host).removeprefix(_MAPPED)
    return LOCAL_SENDER


def sender_of_peer(transport: Any) -> str:
    """How the peer of a connection is named: ``NAME@ADDRESS`` where it has shown a certificate.

    Of TLS, this is known when the handshake is done. ValueError for a certificate whose common
    name does not please ``is_name``.
    """
    sender = sender_of(transport.getPeer())
    # Twisted's TLS has it, and nothing else.
    shown = getattr(transport, "getPeerCertificate", None)
    certificate = shown() if shown is not None else None
    return sender if certificate is None else f"{_common_name(certificate)}@{sender}"


def is_name(text: str) -> bool:
    """Whether it may stand in rules and logs as the name of a certificate.

    It has 1 to 64 letters, digits, dots, dashes, underscores; what is trusted by address must not
    be had by a name, so neither an address nor ``local`` is one.
    """
    return bool(_NAME.fullmatch(text)) and text.lower() != LOCAL_SENDER and not _ADDRESS(text)


def introduced(transport: Any, log: Logger) -> str:
    """The sender that a finished handshake of TLS proves; one whose name is none is dropped."""
    try:
        return sender_of_peer(transport)
    except ValueError as error:
        sender = sender_of(transport.getPeer())
        log.warn("dropped {sender}: {error}", sender=sender, error=error)
        transport.abortConnection()
        return sender


def name_of(sender: str) -> str:
    """The name that a sender's certificate tells; empty for one that has shown none."""
    return sender.rpartition("@")[0]


def host_of(sender: str) -> str:
    """A sender's address, or ``local``."""
    return sender.rpartition("@")[2]


def _common_name(certificate: Any) -> str:
    subject = certificate.to_cryptography().subject
    names = [each.value for each in subject if each.oid.dotted_string == _COMMON_NAME]
    if len(names) != 1 or not isinstance(names[0], str) or not is_name(names[0]):
        raise ValueError(f"a certificate with the name {names!r:.200}")
    return names[0]


def make_prompt(transport: Any) -> None:
    """Send small segments at once, and notice a peer that has vanished, where it is TCP."""
    # A unix socket's transport claims to be TCP's too.
    if ITCPTransport.providedBy(transport) and not IUNIXTransport.providedBy(transport):
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        hasten_keepalive(transport)


def hasten_keepalive(transport: Any) -> None:
    """Ask a silent peer after 30 s whether it is there, and take it for lost 30 s later.

    Linux would ask after two hours. Systems without these options keep their own times.
    """
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    if isinstance(handle, socket.socket):
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def write_now(transport: Any, data: bytes) -> None:
    """Write what the socket takes at once, and leave the rest to the reactor.

    A transport's own ``write`` waits for the reactor to say that the socket is ready, which costs
    two system calls and a turn of the reactor for each reply.
    """
    if _nothing_waits(transport) and transport.connected and not transport.disconnecting:
        sent = transport.writeSomeData(data)
        # It may be an error; the reactor meets the same one, and ends the connection.
        data = data[max(sent, 0) :] if isinstance(sent, int) else data
    if data:
        transport.write(data)


def close_now(transport: Any) -> None:
    """Close a connection whose other end has stopped sending, without a turn of the reactor."""
    if _nothing_waits(transport):
        transport.connectionLost(Failure(ConnectionDone()))
    else:
        transport.loseConnection()


def _nothing_waits(transport: object) -> bool:
    """Whether it is a plain socket of Twisted's with nothing left to write."""
    # Twisted keeps what waits in two places, one of them private: where that is not to be found,
    # something is taken to wait.
    return (
        isinstance(transport, FileDescriptor)
        and not transport.dataBuffer
        and not getattr(transport, "_tempDataBuffer", True)
    )
