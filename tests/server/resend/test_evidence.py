"""What a real socket tells of what was written to it."""

from __future__ import annotations

import contextlib
import math
import socket
import struct
import sys
import time
from typing import Any
from unittest import skipUnless

from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.server.resend import evidence
from pychron_comms.server.resend.evidence import (
    date_datagrams,
    handle_of,
    has_ended,
    has_surely_ended,
    has_taken_all,
    seconds_since_datagram,
    seconds_since_heard,
    seconds_since_made,
)


class EvidenceCase(SynchronousTestCase):
    def setUp(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.theirs = socket.create_connection(listener.getsockname())
            self.ours, _ = listener.accept()
        for each in (self.ours, self.theirs):
            self.addCleanup(each.close)
        self.ours.setblocking(False)


@skipUnless(sys.platform == "linux", "as Linux has it")
class TakenTests(EvidenceCase):
    def test_who_ends_his_side_having_read_has_taken_it(self) -> None:
        self.ours.sendall(b"OK\r\n")
        self.theirs.recv(4)
        self.theirs.close()
        self.assertTrue(has_taken_all(self.ours))

    def test_who_resets_has_not_though_nothing_is_left_to_send(self) -> None:
        self.ours.sendall(b"OK\r\n")
        # Unread bytes make its end a reset, which empties our queue.
        self.theirs.close()
        self.assertFalse(has_taken_all(self.ours))

    def test_nor_where_the_reset_comes_after_the_end_was_read(self) -> None:
        self.theirs.sendall(b"Open A\r")
        self.theirs.close()
        self.assertEqual(self.ours.recv(100), b"Open A\r")
        self.assertEqual(self.ours.recv(100), b"")
        self.assertTrue(has_taken_all(self.ours))
        self.ours.sendall(b"OK\r\n")
        self.assertFalse(has_taken_all(self.ours))

    def test_nor_where_somebody_has_asked_for_the_error_already(self) -> None:
        self.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.theirs.close()
        self.assertTrue(self.ours.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        self.assertFalse(has_taken_all(self.ours))

    def test_what_finds_no_room_there_is_not_taken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self.ours.send(bytes(65536))
        self.assertFalse(has_taken_all(self.ours))

    def test_a_unix_socket_tells_it_too(self) -> None:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            self.addCleanup(each.close)
        ours.sendall(b"OK")
        self.assertFalse(has_taken_all(ours))
        theirs.recv(10)
        theirs.close()
        self.assertTrue(has_taken_all(ours))


class NothingKnownTests(SynchronousTestCase):
    def test_windows_does_not_tell(self) -> None:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            self.addCleanup(each.close)
        self.patch(sys, "platform", "win32")
        self.assertFalse(has_taken_all(ours))

    def test_what_is_closed_or_no_socket_proves_nothing(self) -> None:
        ours, theirs = socket.socketpair()
        theirs.close()
        ours.close()
        for handle in (ours, None, object()):
            self.assertFalse(has_taken_all(handle))
            self.assertTrue(has_ended(handle))
            self.assertFalse(has_surely_ended(handle))


class HandleTests(SynchronousTestCase):
    def test_it_is_the_socket_under_tls(self) -> None:
        class Socket:
            def getHandle(self) -> str:
                return "the socket"

        factory = WrappingFactory(Factory())
        tls: Any = ProtocolWrapper(factory, Protocol())
        tls.transport = Socket()
        outer: Any = ProtocolWrapper(factory, Protocol())
        outer.transport = tls
        for transport in (tls.transport, tls, outer):
            self.assertEqual(handle_of(transport), "the socket")


class Dated(socket.socket):
    """One of which the system knows how many milliseconds ago it was told or told something."""

    sent, came = 700, 250

    def getsockopt(self, *_: object) -> bytes:  # type: ignore[override]
        return struct.pack("8B12I", *[1] * 8, *[0] * 9, self.sent, 0, self.came)


@skipUnless(sys.platform == "linux", "as Linux has it")
class SinceTests(EvidenceCase):
    """Since when a connection is there, and since when something lies there."""

    def test_it_is_told_in_seconds_and_never_too_few(self) -> None:
        with Dated() as handle:
            self.assertAlmostEqual(seconds_since_made(handle), 0.71)
            self.assertAlmostEqual(seconds_since_heard(handle), 0.26)

    def test_also_of_one_that_was_silent_for_a_month(self) -> None:
        month = 30 * 86_400
        with Dated() as handle:
            handle.came = month * 1000
            self.assertAlmostEqual(seconds_since_heard(handle), month + 0.01)

    def test_a_real_one_was_made_just_now(self) -> None:
        self.theirs.sendall(b"Open A\r")
        self.assertLess(seconds_since_heard(self.ours), 60)
        self.assertLess(seconds_since_made(self.ours), 60)

    def test_nobody_knows_of_what_is_no_tcp_connection(self) -> None:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            self.addCleanup(each.close)
        self.ours.close()
        for handle in (ours, self.ours, None):
            self.assertEqual(seconds_since_made(handle), math.inf)
            self.assertEqual(seconds_since_heard(handle), math.inf)


@skipUnless(sys.platform == "linux", "as Linux has it")
class DatedTests(SynchronousTestCase):
    """How long a datagram had lain there when it was read."""

    def setUp(self) -> None:
        self.ours, self.theirs = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
        for each in (self.ours, self.theirs):
            self.addCleanup(each.close)
        self.ours.bind(("127.0.0.1", 0))
        self.now = time.time
        self.later = 0.0
        self.patch(evidence.time, "time", lambda: self.now() + self.later)

    def take_one(self) -> None:
        self.theirs.sendto(b"Open A\r", self.ours.getsockname())
        self.assertEqual(self.ours.recv(100), b"Open A\r")

    def test_it_is_reckoned_from_when_it_came(self) -> None:
        date_datagrams(self.ours)
        self.take_one()
        self.later = 7200.0
        self.assertLess(abs(seconds_since_datagram(self.ours) - 7200), 600)

    def test_each_has_its_own(self) -> None:
        date_datagrams(self.ours)
        self.take_one()
        self.patch(evidence.time, "time", lambda: now)
        now = self.now() + 7200
        first = seconds_since_datagram(self.ours)
        self.take_one()
        self.assertLess(seconds_since_datagram(self.ours), first)

    def test_a_clock_that_was_set_back_tells_nothing(self) -> None:
        date_datagrams(self.ours)
        self.take_one()
        self.later = -7200.0
        self.assertEqual(seconds_since_datagram(self.ours), math.inf)

    def test_one_that_came_a_moment_ago_came_then(self) -> None:
        came = 1_700_000_000
        self.patch(evidence.fcntl, "ioctl", lambda *_: struct.pack("ll", came, 250_000_000))
        self.patch(evidence.time, "time", lambda: came + 0.75)
        self.assertAlmostEqual(seconds_since_datagram(self.ours), 0.5)
        self.patch(evidence.time, "time", lambda: came + 0.25)
        self.assertAlmostEqual(seconds_since_datagram(self.ours), 0.0)

    def test_nor_does_a_socket_that_has_had_none(self) -> None:
        self.assertEqual(seconds_since_datagram(self.ours), math.inf)
        self.theirs.close()
        for handle in (self.theirs, None):
            date_datagrams(handle)
            self.assertEqual(seconds_since_datagram(handle), math.inf)


class EndedTests(EvidenceCase):
    def test_one_that_is_open_has_not_ended(self) -> None:
        self.assertFalse(has_ended(self.ours))
        self.assertFalse(has_surely_ended(self.ours))

    def test_an_end_that_was_not_read_yet_is_one(self) -> None:
        self.theirs.shutdown(socket.SHUT_WR)
        self.assertTrue(has_ended(self.ours))
        self.assertTrue(has_surely_ended(self.ours))

    @skipUnless(sys.platform == "linux", "elsewhere what is unread hides it")
    def test_so_is_one_behind_bytes_that_were_not_read_yet(self) -> None:
        self.theirs.sendall(b"Open B\r")
        self.assertFalse(has_ended(self.ours))
        self.theirs.shutdown(socket.SHUT_WR)
        self.assertTrue(has_ended(self.ours))

    def test_a_unix_socket_tells_it_too(self) -> None:
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        ours.setblocking(False)
        self.assertFalse(has_ended(ours))
        theirs.sendall(b"Open A\r")
        self.assertFalse(has_ended(ours))
        self.assertEqual(ours.recv(10), b"Open A\r")
        theirs.close()
        self.assertTrue(has_ended(ours))
