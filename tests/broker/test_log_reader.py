"""The log is read as fast as may be, and by its own writer in quiet moments."""

from __future__ import annotations

from pika import BasicProperties
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.channel import ChannelLostError
from pychron_comms.broker.log_reader import AHEAD, OFFSET, PATIENCE, SEEN, SIP, SOON, LogReader
from pychron_comms.broker.message import CLAIM, RECORD, TAKEN, Message
from tests.broker.doubles import PikaChannel


class LogReaderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.read: list[Message] = []
        self.others = 0
        self.reader = LogReader(self.read.append, self.other, self.clock.seconds)
        self.join()

    def other(self) -> None:
        self.others += 1

    def join(self) -> None:
        self.channel = PikaChannel()
        begun = ensureDeferred(self.reader.begin(self.channel.wrapped(), "the log"))
        self.channel.answer()
        self.channel.answer()
        self.successResultOf(begun)
        self.tags = 0

    def lose(self) -> None:
        self.channel.break_off()
        self.reader.end()

    def come(self, count: int) -> None:
        """As many as the broker sends unasked, at most."""
        for _ in range(count):
            self.tags += 1
            self.one(self.tags, b"%d" % self.tags)

    def one(self, offset: int, body: bytes, kind: str = RECORD) -> None:
        properties = BasicProperties(type=kind, headers={OFFSET: offset})
        self.channel.deliver(body, properties, tag=self.tags)

    @property
    def start(self) -> object:
        """Where it has the broker begin."""
        return self.channel.asked[-1][1]["arguments"][OFFSET]

    def test_it_is_read_from_its_beginning(self) -> None:
        self.assertEqual(self.start, "first")
        self.come(3)
        self.assertEqual([each.body for each in self.read], [b"1", b"2", b"3"])

    def test_another_connection_goes_on_from_the_last_that_is_written_once(self) -> None:
        self.one(7, b"claimed", CLAIM)
        self.one(8, b"taken", TAKEN)
        # That one may be told again, and be in that place of another log.
        self.one(9, b"ended")
        self.lose()
        self.join()
        self.assertEqual(self.start, 8)
        self.one(8, b"taken", TAKEN)
        self.one(9, b"ended")
        self.one(10, b"and more")
        self.assertEqual(self.others, 0)
        self.assertEqual(self.read[-1].body, b"and more")

    def test_where_another_one_is_in_its_place_it_is_read_from_its_beginning(self) -> None:
        for offset, body in ((8, b"another"), (9, b"taken"), (3, b"taken")):
            self.one(8, b"taken", TAKEN)
            self.lose()
            self.join()
            self.read.clear()
            self.others = 0
            self.one(offset, body, TAKEN)
            # Nor is what comes behind it.
            self.one(offset + 1, b"more")
            self.assertEqual((self.others, self.read), (1, []))
            self.join()
            self.assertEqual(self.start, "first")

    def test_so_it_is_where_nothing_comes(self) -> None:
        """Of a log that has not come so far the broker sends nothing at all."""
        self.one(8, b"taken", TAKEN)
        self.reader.pass_time(0)
        self.lose()
        self.reader.pass_time(0)
        self.join()
        self.clock.advance(SOON / 2)
        self.reader.pass_time(0)
        self.assertEqual(self.others, 0)
        self.clock.advance(SOON / 2)
        self.reader.pass_time(0)
        self.reader.pass_time(0)
        self.assertEqual(self.others, 1)
        self.join()
        self.assertEqual(self.start, "first")

    def test_so_it_is_where_there_is_no_such_place(self) -> None:
        self.one(8, b"taken", TAKEN)
        self.lose()
        self.channel = PikaChannel()
        begun = ensureDeferred(self.reader.begin(self.channel.wrapped(), "the log"))
        self.channel.answer()
        self.channel.break_off("no such offset")
        self.failureResultOf(begun, ChannelLostError)
        self.join()
        self.assertEqual(self.start, "first")

    def test_what_no_broker_has_placed_is_read(self) -> None:
        self.channel.deliver(b"?", BasicProperties(type=TAKEN, headers={OFFSET: "first"}))
        self.assertEqual(len(self.read), 1)
        self.join()
        self.assertEqual(self.start, "first")

    def test_an_old_channel_says_nothing_more(self) -> None:
        old = self.channel
        self.reader.end()
        self.join()
        old.deliver(b"late", BasicProperties())
        self.assertEqual(self.read, [])

    def test_more_is_asked_for_before_the_last_has_come(self) -> None:
        self.come(3 * SEEN)
        self.assertEqual(self.channel.acked, [SEEN, 2 * SEEN, 3 * SEEN])
        self.assertLess(SEEN, AHEAD)

    def test_who_writes_it_reads_it_when_it_is_quiet_and_no_more_than_is_there(self) -> None:
        self.reader.rest()
        self.come(AHEAD)
        # And so many more, which the broker does not send unasked.
        self.reader.pass_time(AHEAD + SIP + 50)
        self.assertEqual(self.channel.acked, [])
        for acked in ([SIP], [SIP, SIP + 50], [SIP, SIP + 50]):
            self.reader.pass_time(0)
            self.assertEqual(self.channel.acked, acked)
        self.come(SIP + 50)
        self.reader.pass_time(0)
        self.assertEqual(self.channel.acked, [SIP, SIP + 50])
        self.reader.pass_time(3)
        self.reader.pass_time(0)
        self.assertEqual(self.channel.acked[2:], [SIP + 53])

    def test_what_may_come_unasked_is_not_asked_for(self) -> None:
        self.come(SEEN - 1)
        self.reader.rest()
        self.reader.pass_time(AHEAD - SEEN + 1)
        self.reader.pass_time(0)
        self.assertEqual(self.channel.acked, [])
        self.reader.pass_time(1)
        self.reader.pass_time(0)
        self.assertEqual(self.channel.acked, [1])

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
            self.reader.pass_time(1)
            self.assertEqual(self.channel.acked, [])
            self.clock.advance(1)
            self.reader.pass_time(1)
            self.assertEqual(self.channel.acked, [self.tags])
