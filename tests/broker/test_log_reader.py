"""The log is read as fast as may be, and by its own writer in quiet moments."""

from __future__ import annotations

from pika import BasicProperties
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.log_reader import AHEAD, PATIENCE, SEEN, LogReader
from pychron_comms.broker.message import Message
from tests.broker.doubles import PikaChannel


class LogReaderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.channel = PikaChannel()
        self.read: list[Message] = []
        self.reader = LogReader(self.channel.wrapped(), self.read.append, self.clock.seconds)
        begun = ensureDeferred(self.reader.begin("the log"))
        self.channel.answer()
        self.channel.answer()
        self.successResultOf(begun)
        self.tags = 0

    def come(self, count: int) -> None:
        """As many as the broker sends unasked, at most."""
        for _ in range(count):
            self.tags += 1
            self.channel.deliver(b"%d" % self.tags, BasicProperties(), tag=self.tags)

    def test_it_is_read_from_its_beginning(self) -> None:
        self.assertEqual(
            [(method, each.get("arguments")) for method, each in self.channel.asked],
            [("basic_qos", None), ("basic_consume", {"x-stream-offset": "first"})],
        )
        self.come(3)
        self.assertEqual([each.body for each in self.read], [b"1", b"2", b"3"])

    def test_more_is_asked_for_before_the_last_has_come(self) -> None:
        self.come(3 * SEEN)
        self.assertEqual(self.channel.acked, [SEEN, 2 * SEEN, 3 * SEEN])
        self.assertLess(SEEN, AHEAD)

    def test_who_writes_it_reads_it_when_it_is_quiet(self) -> None:
        self.reader.rest()
        self.come(AHEAD)
        self.reader.pass_time(is_quiet=False)
        self.assertEqual(self.channel.acked, [])
        self.reader.pass_time(is_quiet=True)
        self.assertEqual(self.channel.acked, [AHEAD])
        # No more than these is there: nothing waits for a word.
        self.come(SEEN - 1)
        self.reader.pass_time(is_quiet=True)
        self.assertEqual(self.channel.acked, [AHEAD])

    def test_who_owns_the_hardware_no_more_reads_on_at_once(self) -> None:
        self.reader.rest()
        self.come(AHEAD)
        self.reader.go_on()
        self.come(SEEN)
        self.assertEqual(self.channel.acked, [AHEAD, AHEAD + SEEN])

    def test_nothing_is_left_unacknowledged_for_so_long_that_the_broker_ends_it(self) -> None:
        for rests in (False, True):
            if rests:
                self.reader.rest()
            self.channel.acked.clear()
            self.come(1)
            self.clock.advance(PATIENCE - 1)
            self.come(1)
            self.reader.pass_time(is_quiet=False)
            self.assertEqual(self.channel.acked, [])
            self.clock.advance(1)
            self.reader.pass_time(is_quiet=False)
            self.assertEqual(self.channel.acked, [self.tags])
