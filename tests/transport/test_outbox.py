"""A connection's one way out."""

from __future__ import annotations

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport import outbox
from pychron_comms.transport.outbox import Outbox


class Transport(StringTransport):
    """Keeps what happens to it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[object] = []

    def write(self, data: bytes) -> None:
        self.happened.append(data)

    def loseConnection(self) -> None:
        self.happened.append("closed")


class OutboxTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.transport = Transport()
        self.transport.registerProducer(self, True)  # type: ignore[arg-type]
        self.outbox = Outbox(self.transport)

    def test_what_is_held_leaves_in_one_write(self) -> None:
        self.outbox.hold()
        self.assertFalse(self.outbox.write(b"a", soon=False))
        self.outbox.hold()
        self.outbox.write(b"b", soon=True)
        self.assertEqual(self.transport.happened, [])
        self.assertTrue(self.outbox.release(soon=False))
        self.assertTrue(self.outbox.write(b"c", soon=True))
        self.assertEqual(self.transport.happened, [b"ab", b"c"])

    def test_nothing_held_is_nothing_written(self) -> None:
        self.outbox.hold()
        self.assertFalse(self.outbox.release(soon=False))
        self.assertEqual(self.transport.happened, [])

    def test_closing_sends_first_what_was_held(self) -> None:
        for close in (Outbox.close, Outbox.close_now):
            self.setUp()
            self.outbox.hold()
            self.outbox.write(b"last", soon=True)
            close(self.outbox)
            self.assertEqual(self.transport.happened, [b"last", "closed"])

    def test_what_was_held_is_not_sent_past_what_the_transport_still_has(self) -> None:
        sent: list[bytes] = []
        self.patch(outbox, "write_now", lambda transport, data: sent.append(data))
        for close in (Outbox.close, Outbox.close_now):
            self.setUp()
            self.outbox.hold()
            self.outbox.write(b"last", soon=True)
            close(self.outbox)
            self.assertEqual(sent, [])

    def test_a_producer_that_is_paused_does_not_keep_it_open(self) -> None:
        self.outbox.close()
        self.assertIsNone(self.transport.producer)
