"""Many readers of one stream: they are told together, in rounds, and hold nobody up."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state import messages as messages_module
from pychron_comms.observability.state import stream as stream_module
from pychron_comms.observability.state.audience import (
    APART,
    AT_ONCE,
    MANY,
    RARELY,
    SHARE,
    Audience,
)
from pychron_comms.observability.state.stream import StateStream
from tests.listening import one_turn
from tests.observability.state.listening import BEAT, Listener, audience_of, fields, form
from tests.observability.state.test_stream import valve

MANY_READERS = 500


class AudienceCase(SynchronousTestCase):
    apart = APART

    def setUp(self) -> None:
        self.clock = Clock()
        self.stream = StateStream("s1", lambda: 100.0)
        self.audience = audience_of(self.stream, self.clock, self.apart)

    def listeners(self, count: int, *patterns: str) -> list[Listener]:
        found = [Listener(self.audience, *patterns) for _ in range(count)]
        for each in found:
            each.subscription.begin()
            each.said()
        return found

    def writes(self, listeners: list[Listener]) -> int:
        count = sum(len(each.writes) for each in listeners)
        for each in listeners:
            each.said()
        return count

    def pump(self, seconds: float = 0.0) -> None:
        """All turns that are due within that time."""
        self.clock.advance(seconds)


class RoundTests(AudienceCase):
    def test_a_change_writes_to_nobody_before_the_turn_is_over(self) -> None:
        listeners = self.listeners(MANY_READERS)
        self.stream.publish(valve())
        self.assertEqual(self.writes(listeners), 0)

    def test_few_readers_are_told_in_one_turn(self) -> None:
        listeners = self.listeners(MANY_READERS)
        self.stream.publish(valve())
        for turn in range(1, MANY_READERS // AT_ONCE):
            one_turn(self.clock)
            self.assertEqual(sum(len(each.writes) for each in listeners), turn * AT_ONCE)

    def test_a_storm_of_changes_is_one_write_to_each(self) -> None:
        listeners = self.listeners(MANY_READERS)
        self.pump(APART)
        for number in range(MANY - 1):
            self.stream.publish(valve("ABCDE"[number % 5], is_open=number % 10 < 5))
        self.pump()
        self.assertEqual(self.writes(listeners), MANY_READERS)

    def test_who_comes_is_told_without_a_word_to_the_others(self) -> None:
        self.listeners(MANY_READERS)
        first = self.listeners(1)
        self.pump(APART)
        self.listeners(MANY_READERS)
        self.pump(APART)
        self.assertEqual(first[0].writes, [])

    def test_the_next_round_begins_a_while_after_the_last(self) -> None:
        (listener,) = self.listeners(1)
        self.stream.publish(valve())
        self.pump()
        self.stream.publish(valve(is_open=True))
        self.clock.advance(APART * 0.9)
        self.assertEqual(listener.topics(), ["change"])
        self.clock.advance(APART * 0.2)
        self.assertEqual(listener.topics(), ["change"])

    def test_where_much_is_to_be_told_it_begins_before(self) -> None:
        (listener,) = self.listeners(1)
        self.stream.publish(valve())
        self.pump()
        listener.said()
        for number in range(MANY):
            self.stream.happened("command", n=number)
        self.pump()
        self.assertEqual(len(listener.said()), MANY)

    def test_what_changes_in_a_round_is_of_the_next(self) -> None:
        listeners = self.listeners(AT_ONCE + 1)
        self.stream.publish(valve("A"))
        one_turn(self.clock)
        self.stream.publish(valve("B"))
        self.pump()
        self.assertEqual([len(each.said()) for each in listeners], [1] * len(listeners))
        self.pump(APART)
        self.assertEqual([len(each.said()) for each in listeners], [1] * len(listeners))

    def test_who_does_not_read_costs_nothing(self) -> None:
        reads, deaf = self.listeners(2)
        deaf.subscription.pause()
        for number in range(10):
            self.stream.publish(valve(is_open=number % 2 == 0))
            self.pump(APART)
        self.assertEqual((len(reads.writes), len(deaf.writes)), (10, 0))

    def test_a_reader_that_reads_on_again_and_again_keeps_nobody_waiting(self) -> None:
        reads, other = self.listeners(2)
        for _ in range(10):
            self.stream.publish(valve("A", is_open=True))
            self.stream.publish(valve("A"))
            other.subscription.pause()
            other.subscription.resume()
            self.pump(APART)
            self.assertEqual(reads.topics(), ["change"])

    def test_when_the_last_has_left_nothing_is_timed(self) -> None:
        listeners = self.listeners(3)
        self.stream.publish(valve())
        for each in listeners:
            each.subscription.end()
        self.assertEqual((len(self.audience), self.stream.readers), (0, 0))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_ends_while_it_is_told_ends_nothing_else(self) -> None:
        first, second = self.listeners(2)
        first.subscription._write = lambda data: (
            first.subscription.end(),
            second.subscription.end(),
        )
        self.stream.publish(valve())
        self.pump()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class ShareTests(AudienceCase):
    """A write takes time here, as real ones do."""

    def setUp(self) -> None:
        super().setUp()
        self.audience = audience_of(self.stream, self.clock, self.apart, beat=1000.0)
        self.spent = 0.0

    def listeners(self, count: int, *patterns: str) -> list[Listener]:
        found = super().listeners(count, *patterns)
        for each in found:
            each.subscription._write = lambda data: self.take(0.001)
        return found

    def take(self, seconds: float) -> None:
        self.clock.rightNow += seconds
        self.spent += seconds

    def test_readers_take_but_a_share_of_the_time(self) -> None:
        count = int(RARELY * SHARE / 0.001)
        self.listeners(count)
        for number in range(100):
            self.stream.publish(valve(is_open=number % 2 == 0))
            self.clock.advance(0.05)
        self.assertLess(self.spent, (SHARE + 0.01) * self.clock.seconds())
        self.assertGreater(self.spent, 0)

    def test_however_many_they_are_each_is_told_soon(self) -> None:
        self.listeners(MANY_READERS)
        self.stream.publish(valve())
        self.pump()
        self.assertAlmostEqual(self.spent, MANY_READERS * 0.001)
        self.stream.publish(valve(is_open=True))
        self.pump(RARELY)
        self.assertAlmostEqual(self.spent, 2 * MANY_READERS * 0.001)


class OnceForAllTests(AudienceCase):
    def test_a_change_becomes_text_and_bytes_once_for_all(self) -> None:
        listeners = self.listeners(50)
        made: list[object] = []
        encode = stream_module.as_json
        self.patch(stream_module, "as_json", lambda fields: made.append(fields) or encode(fields))
        self.stream.publish(valve())
        self.pump()
        portions = {id(portion) for each in listeners for portion in each.writes}
        self.assertEqual((len(portions), len(made)), (1, 1))

    def test_who_comes_at_the_same_time_gets_the_same_picture(self) -> None:
        self.stream.publish(valve())
        made: list[object] = []
        encode = messages_module.as_json
        self.patch(messages_module, "as_json", lambda fields: made.append(fields) or encode(fields))
        for _ in range(50):
            Listener(self.audience).subscription.begin()
        self.assertLess(len(made), 60)
        made.clear()
        self.stream.publish(valve(is_open=True))
        listener = Listener(self.audience)
        listener.subscription.begin()
        self.assertIs(fields(listener.said()[1])["items"][0]["v"], True)

    def test_each_is_told_what_it_was_told_before(self) -> None:
        one = Listener(self.audience, "System/*")
        one.subscription.begin()
        self.stream.happened("command")
        other = Listener(self.audience, "System/*")
        other.subscription.begin()
        one.said(), other.said()
        for opens in (True, False):
            self.stream.publish(valve(is_open=opens))
            self.pump(APART)
        told = [[fields(message)["prev"] for message in each.said()] for each in (one, other)]
        self.assertEqual(told, [[0, 2], [1, 2]])

    def test_other_patterns_get_what_they_fit(self) -> None:
        (valves,) = self.listeners(1, "System/valve/*")
        (all_of_it,) = self.listeners(1)
        self.stream.happened("command")
        self.stream.publish(valve())
        self.pump(APART)
        self.assertEqual(valves.topics(), ["change"])
        self.assertEqual(all_of_it.topics(), ["event", "change"])


class LastEventsTests(AudienceCase):
    def test_who_comes_anew_is_told_what_happened_last(self) -> None:
        audience = Audience(self.stream, form, self.clock, beat=BEAT, events=2)
        self.stream.happened("alarm", n=0)
        for number in (1, 2, 3):
            self.stream.happened("command", n=number)
            self.stream.publish(valve(is_open=number % 2 == 0))
        listener = Listener(audience, "command", "System/*")
        listener.subscription.begin()
        said = listener.said()
        self.assertEqual(
            [each.topic for each in said], ["hello", "snapshot", "event", "event", "live"]
        )
        self.assertEqual([fields(each)["n"] for each in said[2:4]], [2, 3])
        self.assertTrue(fields(said[2])["replayed"])
        self.stream.happened("command", n=4)
        self.pump()
        self.assertEqual([fields(each)["n"] for each in listener.said()], [4])


class BeatTests(AudienceCase):
    def test_a_beat_leaves_with_what_is_told(self) -> None:
        (listener,) = self.listeners(1)
        self.clock.advance(BEAT - APART / 2)
        self.stream.publish(valve())
        self.stream.publish(valve(is_open=True))
        self.pump()
        self.stream.publish(valve())
        self.pump(APART)
        self.assertEqual(len(listener.writes), 2)
        self.assertEqual(listener.topics(), ["change", "change", "beat"])

    def test_all_beat_in_the_same_round_and_each_once(self) -> None:
        listeners = self.listeners(MANY_READERS)
        self.pump(BEAT)
        self.assertEqual([each.topics() for each in listeners], [["beat"]] * MANY_READERS)
        self.pump(APART)
        self.assertEqual(self.writes(listeners), 0)
