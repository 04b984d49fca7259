"""The bus: one exchange at a time, no late answer to another question, what makes safe first."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.bus import (
    WHOLE,
    Bus,
    NotAskedError,
)
from pychron_comms.instruments.incoming import LONGEST_ANSWER, MOST_LINES
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError
from tests.instruments.case import SWITCH, Wire, described


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

    def test_it_is_as_patient_as_the_slowest_on_the_wire(self) -> None:
        self.bus.allow(replace(self.description.wire.limits, first_byte=2.0, late=0.0))
        missed = self.read()
        self.clock.advance(1.9)
        self.assertNoResult(missed)
        self.clock.advance(0.1)
        self.failureResultOf(missed, NoAnswerError)
        self.read()
        self.wire.taken()
        self.clock.advance(2.9)
        self.assertEqual(self.wire.taken(), [])

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
        self.assertEqual(self.bus.unasked, 1)
        self.clock.advance(0.2)
        self.assertEqual(self.wire.taken(), [b"STATE? 2\n"])
        self.bus.received(b"0\n")
        self.assertEqual(self.successResultOf(waiting), {"value": "0"})

    def test_an_answer_with_another_behind_it_is_neither(self) -> None:
        """Which of the two is its own, nobody can tell."""
        done = self.read(1)
        self.bus.received(b"1\n0\n")
        self.failureResultOf(done, GarbledError)
        self.read(2)
        self.clock.advance(2.9)
        self.assertEqual(self.wire.taken(), [b"STATE? 1\n"])

    def test_blanks_behind_an_answer_are_nothing(self) -> None:
        done = self.read(1)
        self.bus.received(b"1\n\r\n \0")
        self.successResultOf(done)
        self.read(2)
        self.assertEqual(self.wire.taken(), [b"STATE? 1\n", b"STATE? 2\n"])

    def assert_the_next_is_asked_after_quiet(self) -> None:
        """And what comes before that is no answer to it."""
        waiting = self.read(2)
        self.bus.received(b"1\n")
        self.clock.advance(2.9)
        self.assertEqual(self.wire.taken(), [])
        self.clock.advance(0.2)
        self.assertEqual(self.wire.taken(), [b"STATE? 2\n"])
        self.bus.received(b"0\n")
        self.assertEqual(self.successResultOf(waiting), {"value": "0"})

    def test_what_nobody_asked_for_is_followed_by_quiet(self) -> None:
        """The second of two answers came when the first was taken; more may follow."""
        self.successResultOf(self.answered(b"1\n"))
        self.bus.received(b"1\n")
        self.wire.taken()
        self.assert_the_next_is_asked_after_quiet()

    def test_what_makes_safe_does_not_wait_for_that_quiet(self) -> None:
        self.bus.received(b"1\n")
        safe = self.close(1)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.clock.advance(3.1)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.bus.received(b"OK\n")
        self.successResultOf(safe)

    def test_after_that_quiet_it_is_sent_once(self) -> None:
        self.bus.received(b"1\n")
        self.clock.advance(3.1)
        self.close(1)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])

    def answered(self, answer: bytes) -> Deferred[dict[str, object]]:
        done = self.read(1)
        self.bus.received(answer)
        return done

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

    def test_the_answer_to_what_was_sent_in_the_quiet_is_no_other_s(self) -> None:
        self.failureResultOf_late(self.read(1))
        self.clock.advance(2.9)
        self.close(1)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.clock.advance(0.2)
        self.assertEqual(self.wire.taken(), [])
        self.bus.received(b"OK\n")
        self.clock.advance(2.9)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])

    def test_the_same_is_sent_once_in_a_quiet(self) -> None:
        """Who asks for it again and again keeps nobody from being heard."""
        self.failureResultOf_late(self.read(1))
        for _ in range(4):
            self.close(1)
            self.clock.advance(0.7)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.clock.advance(0.3)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])

    def test_on_another_connection_it_is_sent_again(self) -> None:
        self.failureResultOf_late(self.read(1))
        for _ in range(2):
            self.close(1)
            self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
            self.bus.disconnected("unplugged")
            self.bus.connected(self.wire)

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

    def test_after_a_missed_answer_too(self) -> None:
        """It is sent at once, unheard, and again after the quiet."""
        self.failureResultOf_late(self.read(1))
        self.bus.disconnected("reset")
        safe = self.close()
        self.bus.connected(self.wire, renewed=True)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.clock.advance(3.1)
        self.assertEqual(self.wire.taken(), [b"CLOSE 1\n"])
        self.bus.received(b"OK\n")
        self.successResultOf(safe)

    def test_an_answer_that_comes_by_the_next_connection_is_not_that_of_the_next_question(
        self,
    ) -> None:
        """A converter hands an instrument's answer to whoever is connected by then."""
        self.failureResultOf(self.asked_and_cut(), NoAnswerError)
        self.assert_the_next_is_asked_after_quiet()

    def asked_and_cut(self) -> Deferred[dict[str, object]]:
        """The connection ends between the question and its answer, and comes again."""
        asked = self.read(1)
        self.wire.taken()
        self.bus.disconnected("reset by peer")
        self.clock.advance(1.0)
        self.bus.connected(self.wire)
        return asked

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


class TalkativeTests(SynchronousTestCase):
    """An instrument that says lines by itself, in pieces, also when nothing is asked."""

    def setUp(self) -> None:
        self.clock = Clock()
        description = described(SWITCH.replace("late = 3.0", 'late = 3.0\nunasked = ["EVENT.*"]'))
        self.reading = description.items["valve"].readings["state"]
        self.bus = Bus(description.wire, self.clock)
        self.wire = Wire(self.bus)
        self.bus.connected(self.wire)

    def test_what_it_says_by_itself_is_passed_over(self) -> None:
        self.bus.received(b"EVENT 1\nEVE")
        done = self.bus.ask(self.reading.exchange, {"channel": 1})
        self.assertEqual(self.wire.taken(), [b"STATE? 1\n"])
        self.bus.received(b"NT 2\n1\nEVENT 3\nEV")
        self.assertEqual(self.successResultOf(done), {"value": "1"})
        self.bus.received(b"ENT 4\n")
        self.assertEqual(self.bus.unasked, 0)

    def test_a_beginning_without_end_is_not_kept_for_ever(self) -> None:
        self.bus.received(b"E" * (LONGEST_ANSWER + 1))
        self.assertEqual(self.bus.unasked, 1)

    def test_one_that_speaks_without_end_keeps_nobody_waiting(self) -> None:
        for asks in (False, True):
            done = self.bus.ask(self.reading.exchange, {"channel": 1}) if asks else None
            self.bus.received(b"EVENT 1\n" * (MOST_LINES + 1))
            if done is not None:
                self.failureResultOf(done, GarbledError)
            self.clock.advance(10.0)
