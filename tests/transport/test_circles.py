"""A connection that has ended is gone at once: it leaves no circle for Python to look for."""

from __future__ import annotations

import gc
import weakref

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.server.messaging_handler import MessagingHandler
from pychron_comms.transport.ahead import Ahead, AheadUnanswered
from pychron_comms.transport.line_protocol import CommandLineReceiver
from tests.listening import connections
from tests.server.resend.resend_case import ConnectionCase
from tests.transport.test_line_protocol import Parrot, Transport


class CircleTests(SynchronousTestCase):
    def setUp(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)

    def test_of_its_backlog(self) -> None:
        def connection() -> weakref.ref[CommandLineReceiver]:
            parrot, transport = Parrot(connections(Clock(), in_flight=1)), Transport()
            parrot.makeConnection(transport)
            parrot.dataReceived(b"wait\nact\nact\n")
            self.assertEqual(parrot.seen, ["wait"])
            parrot.connectionLost()
            parrot.waiting.pop().callback("")
            transport.unregisterProducer()
            return weakref.ref(parrot)

        self.assertIsNone(connection()())

    def test_of_what_goes_ahead(self) -> None:
        def asker(kind: type[Ahead]) -> weakref.ref[Ahead]:
            parrot = Parrot(connections(Clock()))
            parrot.makeConnection(Transport())
            return weakref.ref(kind(parrot))

        for kind in (Ahead, AheadUnanswered):
            self.assertIsNone(asker(kind)(), msg=kind)


class ConversationCircleTests(ConnectionCase):
    def setUp(self) -> None:
        super().setUp()
        gc.disable()
        self.addCleanup(gc.enable)

    def test_of_what_is_known_of_its_replies(self) -> None:
        def connection() -> weakref.ref[MessagingHandler]:
            handler, transport = self.connect()
            handler.dataReceived(b"Open A\r")
            self.repeater.waiting.pop().callback("OK")
            handler.connectionLost(Failure(ConnectionDone()))
            transport.unregisterProducer()
            return weakref.ref(handler)

        ended = connection()
        # Whoever goes last is still in the turns that it took.
        self.clock.advance(1.0)
        self.assertIsNone(ended())
