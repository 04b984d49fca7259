"""A listener that closes after each reply, and clients that end their side before or after it."""

from __future__ import annotations

import math

from pychron_comms.server.messaging_handler import LINGER, MessagingHandler
from pychron_comms.server.resend.delivery import GONE
from pychron_comms.transport.options import ConnectionLimits
from tests.listening import connections
from tests.server.resend.resend_case import ConnectionCase, Transport

# Without a look for those that are silent.
_FOR_EVER = ConnectionLimits(idle=0.0)


class ClosingTests(ConnectionCase):
    def connect(self, made_before: float = math.inf) -> tuple[MessagingHandler, Transport]:
        listener = connections(self.clock, close_after_reply=True, limits=_FOR_EVER)
        handler = MessagingHandler(self.dispatcher, listener)
        transport = Transport()
        handler.makeConnection(transport)
        return handler, transport

    def assert_in_doubt(self, count: int) -> None:
        """So many replies of which nobody can tell whether they were read; and no timer is left."""
        self.clock.advance(LINGER + GONE)
        self.assertEqual(self.repeater.taken, [])
        self.assertEqual(self.dispatcher.reports.in_doubt.value, count)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_reply_with_which_it_is_closed_may_not_have_been_read(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        self.assertFalse(transport.disconnecting)
        self.repeater.waiting[0].callback("OK")
        self.assertEqual((transport.value(), transport.disconnecting), (b"OK\r\n", True))
        self.lose(handler)
        self.assert_in_doubt(1)

    def test_nor_one_to_who_had_ended_his_side(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\r")
        handler.readConnectionLost()
        self.assertFalse(transport.disconnecting)
        self.repeater.waiting[0].callback("OK")
        self.assertEqual((transport.value(), transport.disconnecting), (b"OK\r\n", True))
        self.lose(handler)
        self.assert_in_doubt(1)

    def test_who_ends_his_side_after_it_is_closed_as_the_others(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"GetError\r")
        self.repeater.waiting[0].callback("")
        handler.readConnectionLost()
        self.assertEqual((transport.value(), transport.disconnecting), (b"\r\n", True))
        self.lose(handler)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_who_ends_his_side_and_has_asked_nothing_is_closed_at_once(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open")
        handler.readConnectionLost()
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.repeater.requests, [])

    def test_what_was_asked_beside_it_has_no_asker_any_more(self) -> None:
        handler, transport = self.connect()
        handler.dataReceived(b"Open A\rOpen B\r")
        handler.readConnectionLost()
        self.repeater.waiting[0].callback("OK")
        self.assertEqual((transport.value(), transport.disconnecting), (b"OK\r\n", True))
        self.lose(handler)
        self.clock.advance(GONE)
        self.assertEqual(self.repeater.forgotten, self.repeater.waiting[1:])
        self.assert_in_doubt(1)
