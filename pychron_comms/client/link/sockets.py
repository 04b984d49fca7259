"""Sockets for the blocking communicator, each connected to one server."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable
from functools import partial

from pychron_comms.client.link.deadline import Deadline
from pychron_comms.client.link.endpoint import Address

_CHUNK = 65536
_KINDS = {"tcp": socket.SOCK_STREAM, "tls": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


class Channel:
    """A connected socket. Every method but ``close`` raises OSError."""

    __slots__ = ("_is_readable", "_sock", "begun", "datagrams")

    def __init__(self, sock: socket.socket, datagrams: bool = False) -> None:
        self._sock = sock
        self._is_readable = _watching(sock)
        self.datagrams = datagrams
        #: Whether any of what was last given to ``send`` has left.
        self.begun = False

    def send(self, data: bytes, deadline: Deadline) -> None:
        self.begun = False
        sent = 0
        while sent < len(data):
            self._sock.settimeout(deadline.left())
            sent += self._sock.send(data[sent:] if sent else data)
            self.begun = True

    def receive(self, seconds: float) -> bytes:
        """What comes next; empty at the end of a stream. TimeoutError where nothing comes."""
        self._sock.settimeout(seconds)
        return self._sock.recv(_CHUNK)

    def poll(self) -> bytes | None:
        """What has come already; empty at the end of a stream, None where nothing has."""
        if not self._is_readable():
            return None
        self._sock.settimeout(0)
        try:
            return self._sock.recv(_CHUNK)
        # TLS has messages of its own, which make a socket readable without anything to read.
        except (BlockingIOError, ssl.SSLWantReadError):
            return None

    def close(self) -> None:
        self._sock.close()


def _watching(sock: socket.socket) -> Callable[[], object]:
    """Tells whether there is anything to read, without an exception where there is not."""
    if not hasattr(select, "poll"):
        return lambda: select.select([sock], [], [], 0)[0]
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return partial(poll.poll, 0)


def open_channel(address: Address, context: ssl.SSLContext | None, deadline: Deadline) -> Channel:
    """Connect; ``context`` is for TLS. Raises OSError: no such name, refused, TLS, too late."""
    if address.kind == "unix":
        return _unix(address.path, deadline)
    sock = _connected(address, deadline)
    if address.kind == "udp":
        return Channel(sock, datagrams=True)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if context is None:
        return Channel(sock)
    try:
        sock.settimeout(deadline.left())
        return Channel(context.wrap_socket(sock, server_hostname=address.host))
    except BaseException:
        sock.close()
        raise


def _unix(path: str, deadline: Deadline) -> Channel:
    # Not on every system, and mypy looks at this one only.
    sock = socket.socket(socket.AF_UNIX)
    _connect(sock, path, deadline)
    return Channel(sock)


def _connected(address: Address, deadline: Deadline) -> socket.socket:
    """The first of the name's addresses that takes the connection."""
    failure: OSError | None = None
    found = socket.getaddrinfo(address.host, address.port, type=_KINDS[address.kind])
    if address.kind == "udp":
        # A datagram's socket connects to whatever is not there; most servers listen on IPv4.
        found.sort(key=lambda each: each[0] != socket.AF_INET)
    for family, kind, protocol, _, target in found:
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, target, deadline)
        except OSError as error:
            failure = error
        else:
            return sock
    raise failure or OSError("the name has no address")


def _connect(sock: socket.socket, target: object, deadline: Deadline) -> None:
    try:
        sock.settimeout(deadline.left())
        sock.connect(target)  # type: ignore[arg-type]
    except BaseException:
        sock.close()
        raise
