"""Peers: their names, and how their sockets are written to and closed."""

from __future__ import annotations

import socket
import sys
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import INegotiated, ITCPTransport, IUNIXTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection, Port
from twisted.internet.testing import MemoryReactor, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.transport.peer_identity import (
    host_of,
    is_name,
    name_of,
    sender_of,
    sender_of_peer,
)
from pychron_comms.transport.socket_tuning import (
    close_now,
    let_datagrams_wait,
    make_prompt,
    receive_directly,
    tune_listener,
    write_now,
)
from tests.doubles import ScriptedGate
from tests.listening import connections


class Handle:
    """A socket that takes so many bytes at once, or none for an error."""

    def __init__(self, takes: int | OSError) -> None:
        self.takes = takes
        self.taken = b""

    def send(self, data: bytes) -> int:
        if isinstance(self.takes, OSError):
            raise self.takes
        self.taken += data[: self.takes]
        return min(self.takes, len(data))

    def setblocking(self, blocking: bool) -> None:
        """It is not."""

    def fileno(self) -> int:
        return 7


class Socket(Connection):
    """A transport with such a socket."""

    connected = True

    def __init__(self, takes: int | OSError) -> None:
        self.handle = Handle(takes)
        super().__init__(self.handle, Protocol(), MemoryReactor())  # type: ignore[arg-type]
        self.lost = False

    @property
    def taken(self) -> bytes:
        return self.handle.taken

    def connectionLost(self, reason: Failure) -> None:
        self.lost = True

    @property
    def waiting(self) -> bytes:
        return bytes(self.dataBuffer) + b"".join(self._tempDataBuffer)


class WriteTests(SynchronousTestCase):
    def test_what_the_socket_takes_leaves_at_once(self) -> None:
        socket = Socket(10)
        write_now(socket, b"OK\r\n")
        self.assertEqual((socket.taken, socket.waiting), (b"OK\r\n", b""))

    def test_the_rest_waits_for_the_reactor(self) -> None:
        socket = Socket(3)
        write_now(socket, b"True\r\n")
        self.assertEqual((socket.taken, socket.waiting), (b"Tru", b"e\r\n"))

    def test_nothing_overtakes_what_waits(self) -> None:
        socket = Socket(3)
        write_now(socket, b"True\r\n")
        write_now(socket, b"OK\r\n")
        self.assertEqual((socket.taken, socket.waiting), (b"Tru", b"e\r\nOK\r\n"))

    def test_where_it_cannot_be_told_whether_something_waits_the_reactor_writes(self) -> None:
        socket = Socket(10)
        del socket._tempDataBuffer
        written: list[bytes] = []
        self.patch(socket, "write", written.append)
        write_now(socket, b"OK\r\n")
        self.assertEqual((socket.taken, written), (b"", [b"OK\r\n"]))

    def test_an_error_is_left_to_the_reactor(self) -> None:
        for error in (ConnectionError(), BlockingIOError()):
            socket = Socket(error)
            write_now(socket, b"OK\r\n")
            self.assertEqual(socket.waiting, b"OK\r\n")

    def test_a_closing_socket_is_not_written_to(self) -> None:
        socket = Socket(10)
        socket.disconnecting = True
        write_now(socket, b"OK\r\n")
        self.assertEqual(socket.taken, b"")

    def test_nor_is_one_that_has_ended(self) -> None:
        socket = Socket(10)
        socket.connected = False
        write_now(socket, b"OK\r\n")
        self.assertEqual(socket.taken, b"")

    def test_any_other_transport_is_written_to_as_ever(self) -> None:
        transport = StringTransport()
        write_now(transport, b"OK\r\n")
        self.assertEqual(transport.value(), b"OK\r\n")


class CloseTests(SynchronousTestCase):
    def test_with_nothing_to_write_it_is_closed_at_once(self) -> None:
        socket = Socket(10)
        close_now(socket)
        self.assertTrue(socket.lost)

    def test_what_waits_is_written_first(self) -> None:
        socket = Socket(0)
        write_now(socket, b"OK\r\n")
        close_now(socket)
        self.assertEqual((socket.lost, socket.disconnecting), (False, True))

    def test_any_other_transport_is_closed_as_ever(self) -> None:
        transport = StringTransport()
        close_now(transport)
        self.assertTrue(transport.disconnecting)


class TunedTransport(StringTransport):
    """Remembers what was asked of its socket."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def setTcpNoDelay(self, enabled: bool) -> None:
        if enabled:
            self.asked.append("no delay")

    def setTcpKeepAlive(self, enabled: bool) -> None:
        if enabled:
            self.asked.append("keep alive")


class Heard(Protocol):
    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)


class Wrapper(Protocol):
    """Passes on what comes, as an endpoint's does."""

    def __init__(self, inner: Protocol) -> None:
        self.passed = 0
        self._inner = inner

    def dataReceived(self, data: bytes) -> None:
        self.passed += 1
        self._inner.dataReceived(data)


INHERITED = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPIDLE", 0), 30),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPINTVL", 0), 10),
    (socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPCNT", 0), 3),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, 262144),
)


class TuningTests(SynchronousTestCase):
    def asked(self, *interfaces: object) -> list[str]:
        transport = TunedTransport()
        directlyProvides(transport, *interfaces)
        make_prompt(transport)
        return transport.asked

    def test_tcp_sends_small_segments_at_once_and_notices_lost_peers(self) -> None:
        self.assertEqual(self.asked(ITCPTransport), ["no delay", "keep alive"])

    def test_a_silent_peer_is_asked_after_30_s_and_little_is_kept_for_one_that_does_not_read(
        self,
    ) -> None:
        peer = self.enterContext(socket.socket())
        transport = TunedTransport()
        directlyProvides(transport, ITCPTransport)
        transport.getHandle = lambda: peer  # type: ignore[attr-defined]
        make_prompt(transport)
        if hasattr(socket, "TCP_KEEPIDLE"):
            self.assertEqual(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE), 30)
        # Linux reserves as much again for itself.
        kept = peer.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        self.assertIn(kept, (131072, 262144))

    def test_who_is_taken_of_a_listener_that_was_told_need_not_be(self) -> None:
        listening = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        self.enterContext(socket.create_connection(listening.getsockname()))
        port: Any = Port(0, Factory(), reactor=object())
        port.socket = listening
        tune_listener(port)
        self.enterContext(socket.create_connection(listening.getsockname()))
        told: list[list[str]] = []
        for _ in range(2):
            peer = self.enterContext(listening.accept()[0])
            transport = TunedTransport()
            directlyProvides(transport, ITCPTransport)
            transport.getHandle = lambda peer=peer: peer  # type: ignore[attr-defined]
            make_prompt(transport)
            told.append(transport.asked)
        each = ["no delay", "keep alive"]
        self.assertEqual(told, [each, [] if sys.platform == "linux" else each])
        if sys.platform == "linux":
            for level, option, expected in INHERITED:
                self.assertEqual(peer.getsockopt(level, option), expected)

    def test_one_that_has_only_the_buffer_of_it_by_the_system_is_told(self) -> None:
        peer = self.enterContext(socket.socket())
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 131072)
        transport = TunedTransport()
        directlyProvides(transport, ITCPTransport)
        transport.getHandle = lambda: peer  # type: ignore[attr-defined]
        make_prompt(transport)
        self.assertEqual(transport.asked, ["no delay", "keep alive"])

    def test_of_a_unix_socket_bytes_are_read_and_no_descriptors(self) -> None:
        socket = Socket(10)
        reads: list[object] = []
        self.patch(Connection, "doRead", reads.append)
        directlyProvides(socket, IUNIXTransport)
        make_prompt(socket)
        self.patch(Socket, "doRead", lambda self: self.fail("it looks for descriptors"))
        socket.doRead()
        self.assertEqual(reads, [socket])

    def wrapped(self, *interfaces: object) -> tuple[Socket, Heard, Wrapper]:
        """A connection whose protocol is behind a wrapper, and was told that it is made."""
        socket, inner = Socket(10), Heard()
        wrapper = Wrapper(inner)
        socket.protocol = wrapper
        directlyProvides(socket, *interfaces)
        receive_directly(socket, inner)
        return socket, inner, wrapper

    def test_what_comes_passes_by_the_wrappers(self) -> None:
        socket, inner, wrapper = self.wrapped(IUNIXTransport)
        socket._dataReceived(b"OK\r\n")
        self.assertEqual((inner.heard, wrapper.passed), ([b"OK\r\n"], 0))

    def test_what_comes_by_tls_does_not_since_it_is_deciphered_there(self) -> None:
        socket, inner, wrapper = self.wrapped(INegotiated)
        socket._dataReceived(b"OK\r\n")
        self.assertEqual((inner.heard, wrapper.passed), ([b"OK\r\n"], 1))

    def test_a_transport_of_another_kind_is_left_as_it_is(self) -> None:
        receive_directly(StringTransport(), Heard())

    def test_datagrams_have_room_while_the_reactor_is_busy(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
            room = listening.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            transport = StringTransport()
            transport.getHandle = lambda: listening  # type: ignore[attr-defined]
            let_datagrams_wait(transport)
            self.assertGreater(listening.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), room)
        let_datagrams_wait(StringTransport())

    def test_a_unix_socket_is_left_as_it_is(self) -> None:
        self.assertEqual(self.asked(ITCPTransport, IUNIXTransport), [])


class SenderTests(SynchronousTestCase):
    def test_senders_are_addresses(self) -> None:
        self.assertEqual(sender_of(IPv4Address("TCP", "10.0.0.7", 1)), "10.0.0.7")
        self.assertEqual(sender_of(IPv6Address("TCP", "::ffff:10.0.0.7", 1)), "10.0.0.7")
        self.assertEqual(sender_of(IPv6Address("TCP", "fe80::1", 1)), "fe80::1")
        self.assertEqual(sender_of(UNIXAddress(None)), "local")

    def test_a_connection_without_a_certificate_is_its_address(self) -> None:
        peer = IPv4Address("TCP", "10.0.0.7", 1)
        self.assertEqual(sender_of_peer(StringTransport(peerAddress=peer)), "10.0.0.7")

    def test_a_sender_has_a_host_and_perhaps_a_name(self) -> None:
        for sender, name, host in (
            ("alice@10.0.0.7", "alice", "10.0.0.7"),
            ("alice@fe80::1%eth0", "alice", "fe80::1%eth0"),
            ("10.0.0.7", "", "10.0.0.7"),
            ("local", "", "local"),
            ("", "", ""),
        ):
            self.assertEqual((name_of(sender), host_of(sender)), (name, host))

    def test_a_name_is_of_few_letters_and_never_an_address(self) -> None:
        for name in ("a", "Lab_1.a-b", "x" * 64, "10.0.0.x"):
            self.assertTrue(is_name(name), name)
        for name in ("", "a b", "a@b", "a;b", "x" * 65, "é", "a\n", "local", "127.0.0.1", "1"):
            self.assertFalse(is_name(name), name)

    def test_who_speaks_plain_text_can_claim_no_name(self) -> None:
        gate = ScriptedGate(Open="OK")
        trusted = frozenset({"10.0.0.1"})
        stream = StateStream("s1", Clock().seconds)
        factory = CommandProcessorFactory(
            gate, trusted, connections(Clock()), metrics=Metrics(), stream=stream
        )
        peer = IPv4Address("TCP", "10.0.0.7", 1)
        for line in (b"@from=alice%4010.0.0.7 System|Open V\r", b"alice@System|Open V\r"):
            processor = factory.buildProtocol(peer)
            processor.makeConnection(StringTransport(peerAddress=peer))
            processor.dataReceived(line)
        self.assertEqual({request[2] for request in gate.requests}, {"10.0.0.7"})
