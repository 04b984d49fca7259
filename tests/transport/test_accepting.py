"""A listener takes its connections a few at a time: each port of Twisted's would take all."""

from __future__ import annotations

import errno
import socket
from typing import Any

from twisted.internet.defer import succeed
from twisted.internet.interfaces import IListeningPort
from twisted.internet.tcp import Port
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.accepting import ACCEPTS, listening_at


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
        service = listening_at(_Endpoint(port), _NoProtocols())
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
        service = listening_at(_Endpoint(port), _NoProtocols())
        service.privilegedStartService()
        self.assertFalse(IListeningPort.providedBy(port))


class _NoProtocols:
    noisy = False

    def buildProtocol(self, address: object) -> None:
        return None

    def doStart(self) -> None:
        """Nothing."""
