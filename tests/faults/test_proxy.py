"""The relay does to bytes what it is told, and nothing else."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.faults.datagrams import DatagramFaults, DatagramProxy
from tests.faults.kinds import (
    NO_FAULT,
    Corrupt,
    Delay,
    Drop,
    Duplicate,
    Fault,
    HalfOpen,
    Merge,
    Reset,
    Split,
    Truncate,
)
from tests.faults.proxy import DOWN, HOST, UP, Direction, Proxy
from tests.integration.clients import Address, connect
from tests.integration.processes import wait_until

_TEXT = b"Open A\r\nGetIndicatorState A\r\n"
_PATIENCE = 5.0
_SILENCE = 0.2


class Listener:
    """Notes what each connection sends, segment by segment, and answers as it is told."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._accepted: list[socket.socket] = []
        self.address: Address = server.getsockname()

    def accept(self) -> socket.socket:
        self._server.settimeout(_PATIENCE)
        connection, _ = self._server.accept()
        connection.settimeout(_PATIENCE)
        self._accepted.append(connection)
        return connection

    def close(self) -> None:
        for each in (self._server, *self._accepted):
            each.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener(socket.create_server((HOST, 0)))
    yield made
    made.close()


@pytest.fixture
def proxy(listener: Listener) -> Iterator[Proxy]:
    with Proxy(listener.address) as made:
        yield made


class Pair:
    """Both ends of one connection through the relay."""

    def __init__(self, proxy: Proxy, listener: Listener) -> None:
        self.client = connect(proxy.address, _PATIENCE)
        self.server = listener.accept()

    def ends(self, direction: Direction) -> tuple[socket.socket, socket.socket]:
        """Who sends that way, and who receives."""
        if direction is UP:
            return self.client, self.server
        return self.server, self.client


@pytest.fixture
def pair(proxy: Proxy, listener: Listener) -> Iterator[Pair]:
    made = Pair(proxy, listener)
    yield made
    made.client.close()


both_ways = pytest.mark.parametrize("direction", list(Direction), ids=lambda each: each.value)


def received(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = source.recv(count - len(data))
        assert more, f"the connection ended after {data!r}"
        data += more
    return data


def assert_silent(source: socket.socket) -> None:
    source.settimeout(_SILENCE)
    with pytest.raises(TimeoutError):
        source.recv(1)
    source.settimeout(_PATIENCE)


def was_reset(source: socket.socket) -> bool:
    try:
        return source.recv(1) != b"" and was_reset(source)
    except ConnectionResetError:
        return True


@both_ways
def test_without_a_fault_all_passes(proxy: Proxy, pair: Pair, direction: Direction) -> None:
    sender, receiver = pair.ends(direction)
    sender.sendall(_TEXT)
    assert received(receiver, len(_TEXT)) == _TEXT
    sender.shutdown(socket.SHUT_WR)
    assert receiver.recv(1) == b""

    # The other half is still open.
    receiver.sendall(b"OK\r\n")
    assert received(sender, 4) == b"OK\r\n"
    assert not proxy.injected


@both_ways
def test_split_sends_single_bytes(proxy: Proxy, pair: Pair, direction: Direction) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Split(pause=0.01))
    sender.sendall(b"Open A\r")
    segments = [receiver.recv(100) for _ in range(3)]
    assert segments == [b"O", b"p", b"e"]
    assert received(receiver, 4) == b"n A\r"
    assert proxy.injected["split"] == 1


@both_ways
def test_merge_sends_together_what_comes_apart(
    proxy: Proxy, pair: Pair, direction: Direction
) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Merge(0.2))
    for part in (b"Op", b"en A\r", b"Open B\r"):
        sender.sendall(part)
        time.sleep(0.01)
    assert receiver.recv(100) == b"Open A\rOpen B\r"


@both_ways
def test_delay_comes_late_and_whole(proxy: Proxy, pair: Pair, direction: Direction) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Delay(0.15))
    begin = time.monotonic()
    sender.sendall(_TEXT)
    assert received(receiver, len(_TEXT)) == _TEXT
    assert time.monotonic() - begin >= 0.15


@both_ways
def test_duplicate_comes_twice(proxy: Proxy, pair: Pair, direction: Direction) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Duplicate())
    sender.sendall(b"Open A\r")
    assert received(receiver, 14) == b"Open A\rOpen A\r"
    assert_silent(receiver)


@both_ways
def test_corrupt_changes_one_byte_and_once(proxy: Proxy, pair: Pair, direction: Direction) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Corrupt(at=9, mask=0x03))
    for _ in range(2):
        sender.sendall(b"Open A\r")
    # The tenth byte of all that comes.
    assert received(receiver, 14) == b"Open A\rOpfn A\r"
    assert proxy.injected["corrupt"] == 1


@both_ways
def test_drop_passes_so_many_bytes_and_no_end(
    proxy: Proxy, pair: Pair, direction: Direction
) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Drop(after=4))
    sender.sendall(b"Open A\r")
    assert received(receiver, 4) == b"Open"
    sender.shutdown(socket.SHUT_WR)
    assert_silent(receiver)


def test_who_leaves_without_a_dropped_reply_resets_who_sent_it(proxy: Proxy, pair: Pair) -> None:
    proxy.set(DOWN, Drop())
    pair.server.sendall(b"OK\r\n")
    wait_until(lambda: proxy.injected["drop"] == 1, "the reply to be dropped")
    pair.client.close()
    assert was_reset(pair.server)


def test_a_reply_to_a_client_that_has_left_comes_back_as_a_reset(pair: Pair) -> None:
    pair.client.close()
    assert pair.server.recv(1) == b""
    pair.server.sendall(b"OK\r\n")
    wait_until(lambda: pair.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0, "a reset")


@both_ways
def test_truncate_passes_so_many_bytes_and_the_end(
    proxy: Proxy, pair: Pair, direction: Direction
) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Truncate(after=4))
    sender.sendall(b"Open A\r")
    assert received(receiver, 4) == b"Open"
    assert receiver.recv(1) == b""


@both_ways
def test_reset_reaches_both_ends(proxy: Proxy, pair: Pair, direction: Direction) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, Reset(after=7))
    sender.sendall(b"Open A\r")
    assert received(receiver, 7) == b"Open A\r"
    sender.sendall(b"x")
    assert was_reset(sender)
    assert was_reset(receiver)
    wait_until(lambda: proxy.connections == 0, "the connection to be forgotten")


@both_ways
def test_half_open_is_silent_both_ways_until_the_end(
    proxy: Proxy, pair: Pair, direction: Direction
) -> None:
    sender, receiver = pair.ends(direction)
    proxy.set(direction, HalfOpen(after=4))
    sender.sendall(b"Open A\r")
    assert received(receiver, 4) == b"Open"
    receiver.sendall(b"anybody there?")
    assert_silent(sender)
    assert_silent(receiver)
    receiver.close()
    assert_silent(sender)
    assert proxy.connections == 1


def test_heal_ends_the_faults_of_connections_that_there_are(proxy: Proxy, pair: Pair) -> None:
    proxy.set(UP, Duplicate())
    proxy.heal()
    pair.client.sendall(b"Open A\r")
    assert received(pair.server, 7) == b"Open A\r"
    assert_silent(pair.server)


def test_a_plan_chooses_for_each_connection(listener: Listener) -> None:
    faults: Iterator[tuple[Fault, Fault]] = iter([(Duplicate(), NO_FAULT), (NO_FAULT, NO_FAULT)])
    with Proxy(listener.address, plan=lambda: next(faults)) as proxy:
        seen = []
        for _ in range(2):
            pair = Pair(proxy, listener)
            pair.client.sendall(b"x")
            pair.client.shutdown(socket.SHUT_WR)
            seen.append(received_to_the_end(pair.server))
            pair.client.close()
    assert seen == [b"xx", b"x"]


def received_to_the_end(source: socket.socket) -> bytes:
    data = b""
    while more := source.recv(100):
        data += more
    return data


def test_nobody_behind_it_is_a_reset(proxy: Proxy, listener: Listener) -> None:
    listener.close()
    try:
        client = connect(proxy.address, _PATIENCE)
    except ConnectionResetError:
        return  # It was there before connecting had ended.
    with contextlib.closing(client):
        assert was_reset(client)


def test_unix_sockets_too(tmp_path: os.PathLike[str]) -> None:
    there, here = os.path.join(tmp_path, "there"), os.path.join(tmp_path, "here")
    server = socket.socket(socket.AF_UNIX)
    server.bind(there)
    server.listen()
    listener = Listener(server)
    try:
        with Proxy(there, here) as proxy:
            assert proxy.endpoint == f"unix:{here}"
            pair = Pair(proxy, listener)
            pair.client.sendall(_TEXT)
            assert received(pair.server, len(_TEXT)) == _TEXT
            proxy.reset_all()
            assert pair.client.recv(1) == b""
            pair.client.close()
    finally:
        listener.close()


# -- datagrams


def datagrams_through(faults: DatagramFaults, count: int) -> tuple[list[bytes], DatagramProxy]:
    """What comes out of the relay for numbers sent one by one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind((HOST, 0))
        there.settimeout(_SILENCE)
        with (
            DatagramProxy(there.getsockname(), faults, seed=1) as proxy,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            for number in range(count):
                client.sendto(b"%d" % number, proxy.address)
            came = []
            with contextlib.suppress(TimeoutError):
                while True:
                    data, address = there.recvfrom(100)
                    came.append(data)
                    there.sendto(data, address)
            return came, proxy


def test_datagrams_pass() -> None:
    came, _ = datagrams_through(DatagramFaults(), 20)
    assert came == [b"%d" % number for number in range(20)]


@pytest.mark.parametrize(
    ("faults", "holds"),
    [
        (DatagramFaults(drop=0.5), lambda came: len(came) == len(set(came)) < 20),
        (DatagramFaults(duplicate=0.5), lambda came: len(came) > len(set(came)) == 20),
        (
            DatagramFaults(reorder=0.5),
            lambda came: sorted(came, key=int) != came,
        ),
    ],
    ids=["drop", "duplicate", "reorder"],
)
def test_datagrams_are_meddled_with(
    faults: DatagramFaults, holds: Callable[[list[bytes]], bool]
) -> None:
    came, _ = datagrams_through(faults, 20)
    assert holds(came), came


def test_the_reply_to_a_datagram_finds_its_client() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind((HOST, 0))
        echo = threading.Thread(target=lambda: there.sendto(*there.recvfrom(100)))
        echo.start()
        with (
            DatagramProxy(there.getsockname(), DatagramFaults(), seed=1) as proxy,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            client.settimeout(_PATIENCE)
            client.sendto(b"Open A", proxy.address)
            assert client.recvfrom(100) == (b"Open A", proxy.address)
        echo.join()
