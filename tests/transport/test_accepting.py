"""A listener takes its connections a few at a time: each port of Twisted's would take all."""

from __future__ import annotations

import errno
import socket
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Port
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.accepting import ACCEPTS, ListeningService


class _Endpoint:
    """One whose listening is done already."""

    def __init__(self, port: object) -> None:
        self._port = port

    def listen(self, factory: object) -> Any:
        return succeed(self._port)


class _Queue:
    """A socket at which so many wait, that have ``said`` something."""

    def __init__(self, waiting: int, said: bytes = b"") -> None:
        self.said = said
        self.made: list[socket.socket] = []
        self.address: Any = "10.0.0.1", 50000
        self.waiting = waiting

    def accept(self) -> tuple[Any, Any]:
        if not self.waiting:
            raise BlockingIOError(errno.EAGAIN, "nobody waits")
        self.waiting -= 1
        ours, theirs = socket.socketpair()
        self.made += ours, theirs
        theirs.send(self.said)
        return ours, self.address


class _Hears(Protocol):
    def __init__(self, heard: list[Any]) -> None:
        self._heard = heard

    def dataReceived(self, data: bytes) -> None:
        self._heard.append(data)


class AcceptingTests(SynchronousTestCase):
    takes = False

    def listen(self, waiting: int, said: bytes = b"") -> tuple[Any, _Queue]:
        self.reactor = MemoryReactorClock()
        self.heard: list[Any] = []
        port: Any = Port(0, self, reactor=self.reactor)
        port.socket = queue = _Queue(waiting, said)
        port._realPortNumber = 1
        service = ListeningService(_Endpoint(port), self)
        service.privilegedStartService()
        self.addCleanup(self.close, queue)
        return port, queue

    def close(self, queue: _Queue) -> None:
        for each in queue.made:
            each.close()

    def buildProtocol(self, address: object) -> Protocol | None:
        return _Hears(self.heard) if self.takes else None

    def test_a_few_are_taken_in_a_turn_and_never_more(self) -> None:
        port, queue = self.listen(5 * ACCEPTS)
        for turn in range(4, -1, -1):
            port.doRead()
            self.assertEqual(queue.waiting, turn * ACCEPTS)
        port.doRead()
        queue.waiting = 2
        port.doRead()
        self.assertEqual(queue.waiting, 0)

    def test_none_is_read_before_the_next_turn(self) -> None:
        # In that it is told first what ended before it was made: it may be the same client's.
        self.takes = True
        port, _ = self.listen(1, b"Open A\r\n")
        port.doRead()
        self.assertEqual(self.heard, [])
        (made,) = self.reactor.getReaders()
        made.doRead()
        self.assertEqual(self.heard, [b"Open A\r\n"])

    def test_an_address_is_a_pair_or_one_of_ipv6_or_a_path(self) -> None:
        port, queue = self.listen(0)
        built: list[object] = []
        self.patch(port, "_buildAddr", built.append)
        given = ("10.0.0.1", 5), ("::1", 5, 0, 0), b"\0abc"
        for queue.address in given:
            queue.waiting = 1
            port.doRead()
        self.assertEqual(built, list(given))

    def test_a_bug_that_meets_one_harms_no_other(self) -> None:
        port, queue = self.listen(3)
        self.patch(self, "buildProtocol", lambda address: 1 / 0)
        port.doRead()
        self.assertEqual(queue.waiting, 0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)

    def test_too_many_open_files_are_seen_to_by_twisted(self) -> None:
        port, queue = self.listen(1)
        self.patch(Port, "doRead", self.heard.append)
        self.patch(queue, "accept", _raise_too_many)
        port.doRead()
        self.assertEqual(self.heard, [port])

    def test_what_is_no_socket_is_left_as_it_is(self) -> None:
        port = object()
        service = ListeningService(_Endpoint(port), _NoProtocols())
        service.privilegedStartService()
        self.assertFalse(IListeningPort.providedBy(port))


def _raise_too_many() -> None:
    raise OSError(errno.EMFILE, "too many open files")


class ServiceTests(SynchronousTestCase):
    def service(self, listening: Deferred[Any]) -> ListeningService:
        self.asked = 0

        class Endpoint:
            def listen(_, factory: object) -> Deferred[Any]:
                self.asked += 1
                return listening

        return ListeningService(Endpoint(), _NoProtocols())

    def test_its_start_fails_where_it_cannot_listen(self) -> None:
        taken = CannotListenError("", 1061, OSError(errno.EADDRINUSE, "in use"))
        service = self.service(fail(taken))
        self.assertRaises(CannotListenError, service.privilegedStartService)
        self.successResultOf(service.stopService())

    def test_it_listens_once_whichever_start_comes(self) -> None:
        port = _Stopping()
        service = self.service(succeed(port))
        service.startService()
        self.assertEqual(self.asked, 1)
        service = self.service(succeed(port))
        service.privilegedStartService()
        service.startService()
        self.assertEqual(self.asked, 1)

    def test_its_stop_is_over_when_its_port_is(self) -> None:
        port = _Stopping()
        service = self.service(succeed(port))
        service.startService()
        stopping = service.stopService()
        self.assertNoResult(stopping)
        port.stopped.callback(None)
        self.successResultOf(stopping)
        self.assertFalse(service.running)

    def test_one_that_is_stopped_before_it_listens_is_given_up_without_a_word(self) -> None:
        given_up: list[object] = []
        service = self.service(Deferred(given_up.append))
        service.startService()
        self.successResultOf(service.stopService())
        self.assertEqual(len(given_up), 1)

    def test_one_that_fails_later_says_so(self) -> None:
        listening: Deferred[Any] = Deferred()
        service = self.service(listening)
        service.startService()
        listening.errback(CannotListenError("", 1061, OSError(errno.EACCES, "not allowed")))
        self.assertEqual(len(self.flushLoggedErrors(CannotListenError)), 1)
        self.successResultOf(service.stopService())


class _Stopping:
    """A port that takes its time to stop."""

    def __init__(self) -> None:
        self.stopped: Deferred[None] = Deferred()

    def stopListening(self) -> Deferred[None]:
        return self.stopped


class _NoProtocols:
    noisy = False

    def buildProtocol(self, address: object) -> None:
        return None

    def doStart(self) -> None:
        """Nothing."""
