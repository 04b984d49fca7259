"""The bus: one exchange at a time, no late answer to another question, what makes safe first."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.bus import (
    LONGEST_ANSWER,
    WHOLE,
    Bus,
    NoAnswerError,
    NotAskedError,
)
from pychron_comms.instruments.pattern import GarbledError
from tests.instruments.case import Wire, described


class BusTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.description = described()
        self.valve = self.description.items["valve"]
        self.bus = Bus(self.description.wire, self.clock)
        self.wire = Wire(self.bus)
        self.bus.connected(self.wire)

    def read(self, channel: int = 1) -> Deferred[dict[str, object]]:
        return self.bus.ask(self.valve.readings["state"].exchange, {"channel": channel})

    def close(self, channel: int = 1) -> Deferred[dict[str, object]]:
        exchange = self.valve.verbs["close"].exchange
        return self.bus.ask(exchange, {"channel": channel}, urgent=True)

    def test_an_answer(self) -> None:
        done = self.read()
        self.assertEqual(self.wire.taken(), [b"STATE? 1\n"])
        self.bus.received(b"1")
        self.assertNoResult(done)
        self.bus.received(b"\n")
        self.assertEqual(self.successResultOf(done), {"value": "1"})

    def test_one_after_the_other(self) -> None:
        first, second = self.read(1), self.read(2)
        self.assertEqual(self.wire.taken(), [b"STATE? 1\n"])
        self.bus.received(b"0\n")
        self.assertEqual(self.wire.taken(), [b"STATE? 2\n"])
        self.bus.received(b"1\n")
        self.assertEqual(self.successResultOf(first), {"value": "0"})
        self.assertEqual(self.successResultOf(second), {"value": "1"})

    def test_what_makes_safe_passes_what_waits(self) -> None:
        first, waiting, safe = self.read(1), self.read(2), self.close(3)
        self.bus.received(b"0\n")
        self.assertEqual(self.wire.taken(), [b"STATE? 1\n", b"CLOSE 3\n"])
        self.bus.received(b"OK\n")
        self.successResultOf(first)
        self.successResultOf(safe)
        self.assertNoResult(waiting)

    def test_a_late_answer_is_not_that_of_the_next_question(self) -> None:
        late = self.read(1)
        self.clock.advance(1.0)
        self.failureResultOf(late, NoAnswerError)
        self.assertEqual(self.wire.resets, 1)
        self.wire.taken()
        waiting = self.read(2)
        self.bus.received(b"1\n")
        self.clock.advance(2.9)
        self.assertEqual(self.wire.taken(), [])
        self.assertEqual(self.bus.unasked, 2)
        self.clock.advance(0.2)
        self.assertEqual(self.wire.taken(), [b"STATE? 2\n"])
        self.bus.received(b"0\n")
        self.assertEqual(self.successResultOf(waiting), {"value": "0"})

    def test_so_after_a_garbled_one(self) -> None:
        garbled = self.close(1)
        self.bus.received(b"OQ\n")
        self.failureResultOf(garbled, GarbledError)
        self.wire.taken()
        self.read(2)
        self.assertEqual(self.wire.taken(), [])

    def test_what_makes_safe_is_sent_in_the_quiet_and_again_after_it(self) -> None:
        self.failureResultOf_late(self.read(1))
        safe = self.close(1)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.clock.advance(3.1)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.bus.received(b"OK\n")
        self.successResultOf(safe)

    def test_what_makes_safe_and_waits_is_sent_as_soon_as_an_answer_is_missed(self) -> None:
        missed, safe = self.read(1), self.close(1)
        self.wire.taken()
        self.clock.advance(1.0)
        self.failureResultOf(missed, NoAnswerError)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.assertNoResult(safe)

    def failureResultOf_late(self, done: Deferred[dict[str, object]]) -> None:
        self.clock.advance(1.0)
        self.failureResultOf(done, NoAnswerError)
        self.wire.taken()

    def test_an_answer_that_stops_in_the_middle(self) -> None:
        done = self.read()
        self.bus.received(b"1")
        self.clock.advance(0.2)
        self.failureResultOf(done, NoAnswerError)

    def test_an_answer_that_trickles_for_ever(self) -> None:
        done = self.read()
        for _ in range(round(WHOLE / 0.05) + 2):
            self.bus.received(b"1")
            self.clock.advance(0.05)
        self.failureResultOf(done, NoAnswerError)

    def test_an_answer_without_an_end(self) -> None:
        done = self.read()
        self.bus.received(b"1" * (LONGEST_ANSWER + 1))
        self.failureResultOf(done, GarbledError)

    def test_without_a_connection_nothing_is_asked(self) -> None:
        asked, waiting = self.read(1), self.read(2)
        self.bus.disconnected("unplugged")
        self.failureResultOf(asked, NoAnswerError)
        self.failureResultOf(waiting, NotAskedError)
        error = self.failureResultOf(self.read(), NotAskedError)
        self.assertEqual(error.getErrorMessage(), "unplugged")

    def test_what_makes_safe_waits_for_the_next_connection(self) -> None:
        self.bus.disconnected("unplugged")
        safe = self.close()
        self.clock.advance(2.0)
        self.bus.connected(self.wire)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.bus.received(b"OK\n")
        self.successResultOf(safe)

    def test_but_not_for_ever(self) -> None:
        self.bus.disconnected("unplugged")
        safe = self.close()
        self.clock.advance(5.1)
        self.failureResultOf(safe, NotAskedError)

    def test_a_second_timeout_is_kept_apart_too(self) -> None:
        self.failureResultOf_late(self.read(1))
        self.clock.advance(3.1)
        self.failureResultOf_late(self.read(1))
        self.read(2)
        self.clock.advance(2.9)
        self.assertEqual(self.wire.taken(), [])
        self.clock.advance(0.2)
        self.assertEqual(self.wire.taken(), [b"STATE? 2\n"])

    def test_who_waits_too_long_is_told(self) -> None:
        waiting = self.read(2), self.read(3)
        self.bus.received(b"0\n")
        self.successResultOf(waiting[0])
        last = self.read(4)
        for _ in range(60):
            self.bus.received(b"1")
            self.clock.advance(0.09)
        self.assertNoResult(waiting[1])
        self.failureResultOf(last, NotAskedError)
