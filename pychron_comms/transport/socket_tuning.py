"""How a connection's socket is tuned, written to and closed, without turns of the reactor."""

from __future__ import annotations

import socket
import sys
from functools import partial
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import INegotiated, ITCPTransport, IUNIXTransport
from twisted.internet.tcp import Connection, Port
from twisted.python.failure import Failure

#: Seconds of silence, seconds between the questions that follow, and how many of them.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

#: Bytes that are read of one client in a turn of the reactor: a few hundred commands.
_BIT = 8192

#: Bytes that the system may keep for a peer that does not read; by itself it would take megabytes.
_SEND_BUFFER = 131072

#: Bytes of datagrams, with what the system needs for each, that may wait to be read: half a second
#: of 5,000 short ones. What it gives by itself is full in 55 ms.
_DATAGRAMS = 1 << 20

_INTERNET = (socket.AF_INET, socket.AF_INET6)

_DONE = Failure(ConnectionDone())

# Twisted keeps what waits to be written in two places, one of them private: where that is not to be
# found, something is taken to wait.
_BESIDE = "_tempDataBuffer"


def _socket_of(transport: Any) -> socket.socket | None:
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    return handle if isinstance(handle, socket.socket) else None


def make_prompt(transport: Any) -> None:
    """Send small segments at once, notice a peer that has vanished, and one that does not read.

    Where it is TCP.
    """
    handle = _socket_of(transport)
    if handle is not None and _is_tuned(handle):
        return
    if IUNIXTransport.providedBy(transport) and isinstance(transport, Connection):
        # It would look for file descriptors in all that comes. Nobody sends us any, and it costs
        # more than the reading.
        setattr(transport, "doRead", partial(Connection.doRead, transport))  # noqa: B010
    # A unix socket's transport claims to be TCP's too.
    if ITCPTransport.providedBy(transport) and not IUNIXTransport.providedBy(transport):
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        if handle is not None:
            _hasten_keepalive(handle)
            _bound_sending(handle)


def tune_listener(port: Port) -> None:
    """The same for all connections that it takes, where a system has them inherit it."""
    if port.addressFamily in _INTERNET and isinstance(port.socket, socket.socket):
        port.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _hasten_keepalive(port.socket)
        _bound_sending(port.socket)


def _bound_sending(handle: socket.socket) -> None:
    """The last that is told to a socket: who has inherited this has all."""
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


def _is_tuned(handle: socket.socket) -> bool:
    """Whether its listener's socket was told all of it before this one was made."""
    return (
        sys.platform == "linux"
        # It reserves as much again for itself; and may be set up to give that much to all.
        and handle.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * _SEND_BUFFER
        and handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    )


def receive_directly(transport: Any, protocol: Any) -> None:
    """Hand what comes of a connection that was made to its protocol, and to none of its wrappers.

    An endpoint's wrapper and a ``ClientService``'s only pass each chunk on; all else they are still
    told. Where TLS is between, all is as it was.
    """
    if isinstance(transport, Connection) and not INegotiated.providedBy(transport):
        setattr(transport.protocol, "dataReceived", protocol.dataReceived)  # noqa: B010


def let_datagrams_wait(transport: Any) -> None:
    """Have room for those that come while the reactor is busy: all senders share it.

    What is beyond, the system drops without a word. It may give less than is asked for (Linux:
    ``net.core.rmem_max``).
    """
    handle = _socket_of(transport)
    if handle is not None:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DATAGRAMS)


def read_bit_by_bit(transport: Any) -> None:
    """Of one that has sent much, read a little in each turn, so that others come in between."""
    if isinstance(transport, Connection):
        transport.bufferSize = _BIT


def _hasten_keepalive(handle: socket.socket) -> None:
    """Ask a silent peer after 30 s whether it is there, and take it for lost 30 s later.

    Linux would ask after two hours. Systems without these options keep their own times.
    """
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def write_now(transport: Any, data: bytes) -> None:
    """Write what the socket takes at once, and leave the rest to the reactor.

    A transport's own ``write`` waits for the reactor to say that the socket is ready, which costs
    two system calls and a turn of the reactor for each reply.
    """
    if (
        isinstance(transport, Connection)
        and not transport.dataBuffer
        and not getattr(transport, _BESIDE, True)
        and transport.connected
        and not transport.disconnecting
    ):
        try:
            sent = transport.socket.send(data)
        except OSError:
            # It is full, or broken: the reactor meets the same, and ends the connection.
            sent = 0
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)


def close_now(transport: Any) -> None:
    """Close a connection whose other end has stopped sending, without a turn of the reactor."""
    if (
        isinstance(transport, Connection)
        and not transport.dataBuffer
        and not getattr(transport, _BESIDE, True)
    ):
        transport.connectionLost(_DONE)
    else:
        transport.loseConnection()
