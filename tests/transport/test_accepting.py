"""A listener takes its connections a few at a time: each port of Twisted's would take all."""

from __future__ import annotations

import errno
import socket
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.tcp import Port
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.accepting import ACCEPTS, ListeningService


class _Endpoint:
    """One whose listening is done already."""

    def __init__(self, port: object) -> None:
        self._port = port

    def listen(self, factory: object) -> Any:
        return succeed(self._port)


class _Queue:
    """A socket at which so many wait."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting

    def accept(self) -> tuple[Any, Any]:
        if not self.waiting:
            raise BlockingIOError(errno.EAGAIN, "nobody waits")
        self.waiting -= 1
        ours, theirs = socket.socketpair()
        theirs.close()
        return ours, ("10.0.0.1", 50000)


class AcceptingTests(SynchronousTestCase):
    def listen(self, waiting: int) -> tuple[Any, _Queue]:
        port: Any = Port(0, _NoProtocols(), reactor=object())
        port.socket = queue = _Queue(waiting)
        port._realPortNumber = 1
        service = ListeningService(_Endpoint(port), _NoProtocols())
        service.privilegedStartService()
        return port, queue

    def test_a_few_are_taken_in_a_turn_and_never_more(self) -> None:
        port, queue = self.listen(5 * ACCEPTS)
        for turn in range(4, -1, -1):
            port.doRead()
            self.assertEqual(queue.waiting, turn * ACCEPTS)
        port.doRead()
        queue.waiting = 2
        port.doRead()
        self.assertEqual(queue.waiting, 0)

    def test_what_is_no_socket_is_left_as_it_is(self) -> None:
        port = object()
        service = ListeningService(_Endpoint(port), _NoProtocols())
        service.privilegedStartService()
        self.assertFalse(IListeningPort.providedBy(port))


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
        self.assertFalse(service.running)
        self.assertNoResult(stopping)
        port.stopped.callback(None)
        self.successResultOf(stopping)

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
