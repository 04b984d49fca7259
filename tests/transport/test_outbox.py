"""A connection's one way out."""

from __future__ import annotations

from functools import partial

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.cork import Cork
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
        self.cork = Cork()
        self.sent: list[int] = []
        self.outbox = Outbox(self.transport, self.cork)
        self.outbox.sent = self.sent.append

    def test_what_is_written_leaves_at_once(self) -> None:
        self.outbox.write(b"a")
        self.outbox.write(b"bc")
        self.assertEqual(self.transport.happened, [b"a", b"bc"])
        self.assertEqual(self.sent, [1, 2])

    def test_what_is_written_while_the_cork_is_in_leaves_in_one_write(self) -> None:
        with self.cork:
            self.outbox.write(b"a")
            with self.cork:
                self.outbox.write(b"b")
            self.assertEqual((self.transport.happened, self.outbox.held), ([], 2))
        self.outbox.write(b"c")
        self.assertEqual(self.transport.happened, [b"ab", b"c"])
        self.assertEqual((self.sent, self.outbox.held), ([2, 1], 0))

    def test_each_connection_has_its_own(self) -> None:
        other = Transport()
        with self.cork:
            self.outbox.write(b"a")
            Outbox(other, self.cork).write(b"b")
        self.assertEqual((self.transport.happened, other.happened), ([b"a"], [b"b"]))

    def test_the_cork_may_be_drawn_in_between(self) -> None:
        with self.cork:
            self.outbox.write(b"a")
            self.cork.let_out()
            self.outbox.write(b"b")
        self.assertEqual(self.transport.happened, [b"a", b"b"])

    def test_what_comes_before_all_that_leaves_is_done_once_before_it(self) -> None:
        for leave in (self.cork.let_out, self.outbox.close):
            with self.cork:
                self.outbox.write(b"a")
                self.cork.first(partial(self.transport.happened.append, "first"))
                self.assertEqual(self.transport.happened, [])
                leave()
            self.assertEqual(self.transport.happened[:2], ["first", b"a"])
            self.assertEqual(self.transport.happened.count("first"), 1)
            self.transport.happened.clear()

    def test_it_is_done_too_where_nothing_leaves(self) -> None:
        with self.cork:
            self.cork.first(partial(self.transport.happened.append, "first"))
        self.assertEqual(self.transport.happened, ["first"])

    def test_what_is_written_on_being_told_leaves_too(self) -> None:
        other = Outbox(self.transport, self.cork)
        outbox = Outbox(self.transport, self.cork)
        outbox.sent = lambda size: other.write(b"told")
        with self.cork:
            outbox.write(b"a")
            self.cork.let_out()
            self.assertEqual(self.transport.happened, [b"a", b"told"])

    def test_an_error_leaves_it_drawn(self) -> None:
        with self.assertRaises(ZeroDivisionError), self.cork:
            self.outbox.write(b"a")
            raise ZeroDivisionError
        self.assertEqual((self.transport.happened, self.cork.depth), ([b"a"], 0))

    def test_nothing_written_is_nothing_sent(self) -> None:
        with self.cork:
            self.outbox.release()
        self.assertEqual(self.transport.happened, [])

    def test_closing_sends_first_what_was_held(self) -> None:
        for close in (Outbox.close, Outbox.close_now):
            self.setUp()
            with self.cork:
                self.outbox.write(b"last")
                close(self.outbox)
            self.assertEqual(self.transport.happened, [b"last", "closed"])

    def test_a_producer_that_is_paused_does_not_keep_it_open(self) -> None:
        for close in (self.outbox.close, self.outbox.close_now):
            close()
            self.assertIsNone(self.transport.producer)
            self.transport.registerProducer(self, True)  # type: ignore[arg-type]
