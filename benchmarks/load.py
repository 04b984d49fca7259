"""The load: clients on raw sockets, in this process alone, so that the servers are measured.

Each function is bounded in time and count, closes what it opens, and raises ``LoadError`` for a
reply that is not the command's own echo.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import NamedTuple, cast

COMMAND = b"Open A\r\n"

#: Commands of one measurement at most.
COUNT_LIMIT = 500_000

#: Seconds that a reply may take before the run is given up.
PATIENCE = 10.0

_CHUNK = 65536


class LoadError(Exception):
    """A server that does not answer, or not with what it should."""


class Sample(NamedTuple):
    """One measurement: the seconds that each command took, and how many came in a second."""

    latencies: list[float]
    rate: float


class Clients:
    """Sockets that wait for something, and what each does when it comes."""

    def __init__(self, seconds: float) -> None:
        self._selector = selectors.DefaultSelector()
        self._seconds = seconds
        self._stop = 0.0
        self._answered = 0
        self._latencies: list[float] = []

    @property
    def wanted(self) -> bool:
        """Whether another command is to be sent."""
        return perf_counter() < self._stop and self._answered < COUNT_LIMIT

    def answered(self, count: int) -> None:
        self._answered += count

    def answered_after(self, seconds: float) -> None:
        self._answered += 1
        self._latencies.append(seconds)

    def expect(self, sock: socket.socket, events: int, do: Callable[[], None]) -> None:
        self._selector.register(sock, events, do)

    def expect_now(self, sock: socket.socket, events: int, do: Callable[[], None]) -> None:
        self._selector.modify(sock, events, do)

    def drop(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)
        sock.close()

    def run(self, begin: Callable[[], None]) -> Sample:
        """From ``begin`` until no socket is left."""
        started = perf_counter()
        self._stop = started + self._seconds
        begin()
        while self._selector.get_map():
            ready = self._selector.select(PATIENCE)
            if not ready:
                raise LoadError(f"no reply within {PATIENCE:g} s")
            for key, _ in ready:
                key.data()
        return Sample(self._latencies, self._answered / (perf_counter() - started))

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            self.drop(cast(socket.socket, key.fileobj))
        self._selector.close()


@contextmanager
def _clients(seconds: float) -> Iterator[Clients]:
    clients = Clients(seconds)
    try:
        yield clients
    finally:
        clients.close()


def persistent(port: int, count: int, seconds: float) -> Sample:
    """So many clients, each with one connection, each asking again when it has its reply."""
    with _clients(seconds) as clients:
        begun = [_persistent_client(clients, port) for _ in range(count)]

        def begin() -> None:
            for start in begun:
                start()

        return clients.run(begin)


def connecting(port: int, count: int, seconds: float) -> Sample:
    """So many clients, each with a new connection for each command."""
    with _clients(seconds) as clients:

        def begin() -> None:
            for _ in range(count):
                _connecting_client(clients, port)

        return clients.run(begin)


def pipelined(port: int, depth: int, seconds: float) -> Sample:
    """One connection on which so many commands wait at any time; only the rate is known."""
    with _clients(seconds) as clients:
        sock = _connected(port)
        rest = b""
        waiting = depth

        def receive() -> None:
            nonlocal rest, waiting
            *replies, rest = (rest + _received(sock)).split(b"\n")
            if replies.count(COMMAND[:-1]) != len(replies):
                raise LoadError(f"not the echo of {COMMAND!r} among {replies!r}")
            clients.answered(len(replies))
            waiting -= len(replies)
            if clients.wanted:
                waiting += len(replies)
                sock.sendall(COMMAND * len(replies))
            elif not waiting:
                clients.drop(sock)

        clients.expect(sock, selectors.EVENT_READ, receive)
        return clients.run(lambda: sock.sendall(COMMAND * depth))


@contextmanager
def idle(port: int, count: int) -> Iterator[None]:
    """So many connections, each of which has asked once."""
    socks: list[socket.socket] = []
    try:
        for _ in range(count):
            sock = _connected(port)
            socks.append(sock)
            sock.settimeout(PATIENCE)
            sock.sendall(COMMAND)
            _check(sock.recv(_CHUNK))
        yield
    finally:
        for sock in socks:
            sock.close()


def answers(port: int) -> bool:
    """Whether a command comes back from the far end."""
    try:
        with idle(port, 1):
            return True
    except LoadError:
        return False


def _persistent_client(clients: Clients, port: int) -> Callable[[], None]:
    sock = _connected(port)
    asked = 0.0

    def ask() -> None:
        nonlocal asked
        asked = perf_counter()
        sock.send(COMMAND)

    def receive() -> None:
        _check(_received(sock))
        clients.answered_after(perf_counter() - asked)
        if clients.wanted:
            ask()
        else:
            clients.drop(sock)

    clients.expect(sock, selectors.EVENT_READ, receive)
    return ask


def _connecting_client(clients: Clients, port: int) -> None:
    begun = perf_counter()
    sock = socket.socket()
    sock.setblocking(False)

    def send() -> None:
        sock.send(COMMAND)
        clients.expect_now(sock, selectors.EVENT_READ, receive)

    def receive() -> None:
        _check(_received(sock))
        clients.answered_after(perf_counter() - begun)
        clients.drop(sock)
        if clients.wanted:
            _connecting_client(clients, port)

    clients.expect(sock, selectors.EVENT_WRITE, send)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.connect_ex(("127.0.0.1", port))


def _connected(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


def _received(sock: socket.socket) -> bytes:
    data = sock.recv(_CHUNK)
    if not data:
        raise LoadError("the server closed the connection")
    return data


def _check(reply: bytes) -> None:
    # A reply to so short a command is one write, and comes in one piece.
    if reply != COMMAND:
        raise LoadError(f"not the echo of {COMMAND!r}: {reply!r}")
