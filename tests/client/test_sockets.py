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

    def test_a_long_line_leaves_in_pieces(self) -> None:
        class Slow:
            """Takes two bytes at a time."""

            taken = b""

            def fileno(self) -> int:
                return 0

            def settimeout(self, seconds: float) -> None: ...

            def send(self, data: bytes) -> int:
                self.taken += data[:2]
                return len(data[:2])

        slow: Any = Slow()
        Channel(slow).send(b"Open A\r", some_time())
        self.assertEqual(slow.taken, b"Open A\r")


class FakeSocket:
    """Connects where the test says so."""

    made: list[FakeSocket]
    good: str

    def __init__(self, *kind: object) -> None:
        self.kind = kind
        self.is_closed = False
        self.made.append(self)

    def settimeout(self, seconds: float) -> None: ...

    def connect(self, target: tuple[str, int]) -> None:
        if target[0] != self.good:
            raise ConnectionRefusedError(111, f"{target[0]} refused")

    def setsockopt(self, *option: int) -> None: ...

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
        self.patch(sockets.socket, "socket", kind)
        self.patch(sockets.socket, "getaddrinfo", lambda *_, **__: list(self.found))

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
        self.assertRaises(OSError, self.open, "tcp:lab:1067")

    def test_datagrams_prefer_ipv4(self) -> None:
        self.assertTrue(self.open("udp:lab:1067").datagrams)
        self.assertEqual(len(self.sockets), 1)

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
