"""Channels over socket pairs, and what opening one raises."""

from __future__ import annotations

import select
import socket
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link import sockets
from pychron_comms.client.link.deadline import Deadline
from pychron_comms.client.link.endpoint import parse_address
from pychron_comms.client.link.sockets import Channel, open_channel
from pychron_comms.client.link.tls import context_from
from tests.integration.other_servers import make_context


def some_time() -> Deadline:
    return Deadline(5.0, Clock().seconds)


class ChannelTests(SynchronousTestCase):
    def setUp(self) -> None:
        near, self.far = socket.socketpair()
        self.channel = Channel(near)
        self.addCleanup(self.far.close)
        self.addCleanup(self.channel.close)

    def test_sends_and_receives(self) -> None:
        self.channel.send(b"Open A\r", some_time())
        self.assertEqual(self.far.recv(100), b"Open A\r")
        self.far.sendall(b"OK\r\n")
        self.assertEqual(self.channel.receive(5), b"OK\r\n")

    def test_polls_without_waiting(self) -> None:
        self.assertIsNone(self.channel.poll())
        self.far.sendall(b"late")
        self.assertEqual(self.channel.poll(), b"late")
        self.far.close()
        self.assertEqual(self.channel.poll(), b"")

    def test_a_system_without_poll_is_asked_otherwise(self) -> None:
        self.patch(sockets, "select", SimpleNamespace(select=select.select))
        near, far = socket.socketpair()
        channel = Channel(near)
        self.assertIsNone(channel.poll())
        far.close()
        self.assertEqual(channel.poll(), b"")
        channel.close()

    def test_what_is_readable_may_hold_nothing_for_the_reader(self) -> None:
        class Sock:
            """As TLS is when a message of its own has come."""

            def fileno(self) -> int:
                return 0

            def settimeout(self, seconds: float) -> None: ...

            def recv(self, size: int) -> bytes:
                raise ssl.SSLWantReadError

        sock: Any = Sock()
        self.patch(sockets, "_watching", lambda sock: lambda: True)
        self.assertIsNone(Channel(sock).poll())

    def test_knows_whether_anything_has_left(self) -> None:
        self.channel.send(b"A", some_time())
        self.far.close()
        self.assertRaises(OSError, self.channel.send, b"B", some_time())
        self.assertFalse(self.channel.begun)

    def test_a_system_with_poll_is_not_asked_otherwise(self) -> None:
        """``select`` takes no descriptor above 1023."""
        poll_alone = SimpleNamespace(poll=select.poll, POLLIN=select.POLLIN)
        self.patch(sockets, "select", poll_alone)
        channel = Channel(self.far)
        self.assertIsNone(channel.poll())

    def test_a_long_line_leaves_in_pieces_and_in_its_time(self) -> None:
        clock = Clock()
        slow: Any = SlowSocket(clock)
        channel = Channel(slow)
        channel.send(b"Open A\r", Deadline(5.0, clock.seconds))
        self.assertEqual(slow.taken, b"Open A\r")
        self.assertEqual(slow.timeouts, [5.0, 4.0, 3.0, 2.0])
        self.assertTrue(channel.begun)

    def test_a_line_that_does_not_leave_in_time_has_left_in_part(self) -> None:
        clock = Clock()
        channel = Channel(SlowSocket(clock))  # type: ignore[arg-type]
        deadline = Deadline(2.0, clock.seconds)
        self.assertRaises(TimeoutError, channel.send, b"Open A\r", deadline)
        self.assertTrue(channel.begun)
        self.assertRaises(TimeoutError, channel.send, b"Open A\r", deadline)
        self.assertFalse(channel.begun)

    def test_silence_ends_in_its_time(self) -> None:
        slow: Any = SlowSocket(Clock())
        self.assertRaises(TimeoutError, Channel(slow).receive, 0.5)
        self.assertEqual(slow.timeouts, [0.5])


class SlowSocket:
    """Takes two bytes a second, and gives none."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.taken = b""
        self.timeouts: list[float] = []

    def fileno(self) -> int:
        return 0

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def send(self, data: bytes) -> int:
        self.clock.advance(1)
        self.taken += data[:2]
        return len(data[:2])

    def recv(self, size: int) -> bytes:
        raise TimeoutError


class FakeSocket:
    """Connects where the test says so."""

    made: list[FakeSocket]
    good: str

    def __init__(self, *kind: object) -> None:
        self.kind = kind
        self.is_closed = False
        self.options: list[tuple[int, ...]] = []
        self.timeouts: list[float] = []
        self.made.append(self)

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def connect(self, target: tuple[str, int] | str) -> None:
        if target != self.good and target[0] != self.good:
            raise ConnectionRefusedError(111, f"{target[0]} refused")

    def setsockopt(self, *option: int) -> None:
        self.options.append(option)

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        self.is_closed = True


class OpenTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sockets: list[FakeSocket] = []
        self.found = [(10, 1, 6, "", ("::1", 1067)), (2, 1, 6, "", ("127.0.0.1", 1067))]
        kind = type("Made", (FakeSocket,), {"made": self.sockets, "good": "127.0.0.1"})
        self.kind: Any = kind
        self.patch(socket, "socket", kind)
        self.patch(socket, "getaddrinfo", lambda *_, **__: list(self.found))

    def open(self, endpoint: str, context: Any = None) -> Any:
        return open_channel(parse_address(endpoint), context, some_time())

    def test_tries_each_address_of_a_name(self) -> None:
        self.open("tcp:lab:1067")
        self.assertEqual([each.is_closed for each in self.sockets], [True, False])

    def test_tells_why_the_last_one_failed(self) -> None:
        self.kind.good = ""
        error = self.assertRaises(OSError, self.open, "tcp:lab:1067")
        self.assertEqual(error.strerror, "127.0.0.1 refused")
        self.found = []
        self.assertTrue(all(each.is_closed for each in self.sockets))
        self.found = []
        error = self.assertRaises(OSError, self.open, "tcp:lab:1067")
        self.assertEqual(str(error), "the name has no address")

    def test_a_command_leaves_at_once_and_a_dead_server_is_noticed(self) -> None:
        self.assertFalse(self.open("tcp:lab:1067").datagrams)
        (_, made) = self.sockets
        self.assertEqual(made.kind, (2, 1, 6))
        no_delay = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.assertEqual(made.options, [no_delay, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)])
        self.assertEqual(made.timeouts, [5.0])

    def test_datagrams_prefer_ipv4(self) -> None:
        self.assertTrue(self.open("udp:lab:1067").datagrams)
        (made,) = self.sockets
        self.assertEqual((made.kind[0], made.options), (socket.AF_INET, []))

    def test_datagrams_over_ipv6_where_there_is_no_other(self) -> None:
        del self.found[1]
        self.kind.good = "::1"
        self.assertTrue(self.open("udp:lab:1067").datagrams)

    def test_each_kind_asks_for_addresses_of_its_own(self) -> None:
        asked: list[Any] = []

        def find(*where: object, type: int) -> Any:  # noqa: A002
            asked.append((*where, type))
            return list(self.found)

        self.patch(socket, "getaddrinfo", find)
        self.open("tcp:lab:1067")
        self.open("udp:lab:1067")
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        self.assertEqual(asked, [("lab", 1067, stream), ("lab", 1067, datagram)])

    def test_a_unix_socket(self) -> None:
        self.kind.good = "/run/lab.sock"
        self.assertFalse(self.open("unix:/run/lab.sock").datagrams)
        (made,) = self.sockets
        self.assertEqual((made.kind, made.timeouts), ((socket.AF_UNIX,), [5.0]))
        self.assertRaises(ConnectionRefusedError, self.open, "unix:/run/other.sock")
        self.assertTrue(self.sockets[1].is_closed)

    def test_tls_is_for_the_host_that_was_named_and_has_an_end(self) -> None:
        clock = Clock()
        named: list[str] = []

        class Context:
            def wrap_socket(self, sock: FakeSocket, server_hostname: str) -> object:
                named.append(server_hostname)
                return sock

        self.found = self.found[1:]
        deadline = Deadline(5.0, clock.seconds)
        connect = FakeSocket.connect

        def slowly(sock: FakeSocket, target: Any) -> None:
            connect(sock, target)
            clock.advance(3)

        self.patch(FakeSocket, "connect", slowly)
        open_channel(parse_address("tls:lab:1067"), Context(), deadline)  # type: ignore[arg-type]
        self.assertEqual(named, ["lab"])
        self.assertEqual(self.sockets[0].timeouts, [5.0, 2.0])

    def test_a_failed_handshake_closes_the_socket(self) -> None:
        class Context:
            def wrap_socket(self, sock: object, server_hostname: str) -> object:
                raise ssl.SSLError(1, "wrong version number")

        self.assertRaises(ssl.SSLError, self.open, "tls:lab:1067", Context())
        self.assertTrue(all(each.is_closed for each in self.sockets))


class ContextTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        make_context(self.folder)
        self.certificate, self.key = self.folder / "lab.pem", self.folder / "lab.key"
        self.key.chmod(0o600)

    def test_roots_are_a_file_or_a_folder_and_trusted_alone(self) -> None:
        for roots in (self.certificate, self.folder):
            context = context_from({"trustRoots": str(roots)})
            self.assertEqual(context.cert_store_stats()["x509_ca"], 1)
            self.assertTrue(context.check_hostname)

    def test_files_without_what_is_wanted_are_refused(self) -> None:
        empty = self.folder / "empty"
        empty.mkdir()
        for name, file in (
            ("trustRoots", empty),
            ("trustRoots", self.folder / "none"),
            ("trustRoots", self.key),
            ("certificate", self.folder / "none.pem"),
            ("certificate", self.certificate),
            ("privateKey", self.key),
        ):
            with self.assertRaises(ValueError, msg=f"{name}={file}") as caught:
                context_from({name: str(file)})
            self.assertIn(str(file), str(caught.exception))

    def test_a_key_that_others_can_read_is_refused(self) -> None:
        options = {"certificate": str(self.certificate), "privateKey": str(self.key)}
        context_from(options)
        self.key.chmod(0o644)
        error = self.assertRaises(ValueError, context_from, options)
        self.assertIn(f"{self.key}: others can read it", str(error))
