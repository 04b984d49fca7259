"""One reader of the stream: the snapshot, what follows, what is missed, and its bounds."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state.patterns import LONGEST, MOST, matcher
from pychron_comms.observability.state.stream import KEPT, StateStream
from tests.listening import one_turn
from tests.observability.state.listening import BEAT, Listener, audience_of, fields
from tests.observability.state.test_stream import valve


class SubscriptionCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.stream = StateStream("s1", lambda: 100.0)
        self.audience = audience_of(self.stream, self.clock)

    def subscribe(self, *patterns: str, session: str = "", number: int = 0) -> Listener:
        listener = Listener(self.audience, *patterns)
        listener.subscription.begin(session, number)
        return listener

    def rounds(self) -> None:
        """All that is to be told now."""
        self.clock.advance(0)


class BeginTests(SubscriptionCase):
    def test_hello_then_all_as_it_stands_then_live(self) -> None:
        self.stream.publish(valve("A"))
        self.stream.publish(valve("B", is_open=True))
        messages = self.subscribe().said()
        self.assertEqual([each.topic for each in messages], ["hello", "snapshot", "live"])
        self.assertEqual(fields(messages[0]), {"session": "s1", "seq": 2})
        items = fields(messages[1])["items"]
        self.assertEqual(
            [(each["path"], each["v"]) for each in items],
            [("System/valve/A", False), ("System/valve/B", True)],
        )

    def test_a_large_snapshot_comes_in_pieces(self) -> None:
        for number in range(250):
            self.stream.publish(valve(f"V{number}"))
        pieces = [each for each in self.subscribe().said() if each.topic == "snapshot"]
        self.assertEqual([len(fields(each)["items"]) for each in pieces], [100, 100, 50])

    def test_who_comes_back_gets_what_was_missed(self) -> None:
        for opens in (True, False, True):
            self.stream.publish(valve(is_open=opens))
        listener = self.subscribe(session="s1", number=1)
        self.rounds()
        messages = listener.said()
        self.assertEqual([each.topic for each in messages], ["hello", "change", "change", "live"])
        self.assertEqual([each.number for each in messages[1:3]], [2, 3])
        self.assertTrue(all(fields(each)["replayed"] for each in messages[1:3]))
        self.assertEqual([fields(each)["prev"] for each in messages[1:3]], [1, 2])

    def test_much_that_was_missed_comes_in_portions_and_each_in_its_place(self) -> None:
        self.stream.publish(valve())
        for number in range(1000):
            self.stream.happened("command", n=number)
        listener = self.subscribe(session="s1", number=1)
        self.stream.happened("command", n=1000)
        one_turn(self.clock)
        self.assertEqual(len(listener.writes), 2)
        self.rounds()
        events = [fields(each) for each in listener.said() if each.topic == "event"]
        self.assertEqual([each["n"] for each in events], list(range(1001)))
        self.assertEqual([each["prev"] for each in events[1:-1]], list(range(2, 1001)))

    def test_who_comes_back_too_late_is_told_of_the_gap(self) -> None:
        for number in range(KEPT + 5):
            self.stream.publish(valve(is_open=number % 2 == 0))
        messages = self.subscribe(session="s1", number=1).said()
        self.assertEqual([each.topic for each in messages], ["hello", "gap", "snapshot", "live"])
        self.assertEqual(fields(messages[1]), {"from": 1, "to": KEPT + 5})
        self.assertEqual(self.stream.gaps, 1)

    def test_numbers_of_another_life_mean_nothing(self) -> None:
        self.stream.publish(valve())
        topics = self.subscribe(session="s0", number=1).topics()
        self.assertEqual(topics, ["hello", "gap", "snapshot", "live"])


class FollowTests(SubscriptionCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = self.subscribe("System/valve/*")
        self.listener.said()

    def test_a_change_follows_with_its_number_and_the_one_before(self) -> None:
        self.stream.publish(replace(valve(), path="CO2/output"))
        self.stream.publish(valve())
        self.rounds()
        (message,) = self.listener.said()
        told = fields(message)
        self.assertEqual((told["seq"], told["prev"], told["v"]), (2, 0, False))
        self.stream.publish(valve(is_open=True))
        self.rounds()
        self.assertEqual(fields(self.listener.said()[0])["prev"], 2)

    def test_a_slow_reader_gets_the_newest_of_each(self) -> None:
        self.listener.subscription.pause()
        for number in range(1000):
            self.stream.publish(valve("AB"[number % 2], is_open=number % 4 < 2))
        self.rounds()
        self.assertEqual(self.listener.writes, [])
        self.listener.subscription.resume()
        self.rounds()
        self.assertEqual([each.number for each in self.listener.said()], [999, 1000])
        self.assertEqual(self.stream.squashed, 998)

    def test_events_are_never_left_out_and_keep_their_place(self) -> None:
        self.stream.publish(valve("A"))
        self.stream.happened("System/valve/A", reply="OK")
        self.stream.publish(valve("B"))
        self.stream.happened("System/valve/B", reply="OK")
        self.rounds()
        messages = self.listener.said()
        self.assertEqual([each.topic for each in messages], ["change", "event"] * 2)
        self.assertEqual([each.number for each in messages], [1, 2, 3, 4])

    def test_a_slow_reader_gets_all_events_as_fast_as_it_reads(self) -> None:
        self.listener.subscription.pause()
        for number in range(1000):
            self.stream.happened("System/valve/A", n=number)
        self.listener.subscription.resume()
        one_turn(self.clock)
        self.listener.subscription.pause()
        self.assertEqual(len(self.listener.writes), 1)
        self.rounds()
        self.assertEqual(len(self.listener.writes), 1)
        self.listener.subscription.resume()
        self.rounds()
        told = [fields(each)["n"] for each in self.listener.said()]
        self.assertEqual(told, list(range(1000)))

    def test_who_leaves_more_unread_than_is_kept_is_cut_off_with_the_reason(self) -> None:
        self.listener.subscription.pause()
        for _ in range(KEPT + 1):
            self.stream.happened("System/valve/A", reply="OK")
        self.listener.subscription.resume()
        self.rounds()
        self.assertEqual(len(self.listener.cut), 1)
        self.assertIn("not kept", self.listener.cut[0])
        self.assertEqual(self.stream.readers, 0)

    def test_a_beat_tells_how_far_the_stream_is(self) -> None:
        self.stream.publish(replace(valve(), path="CO2/output"))
        self.clock.advance(BEAT)
        self.rounds()
        (message,) = self.listener.said()
        self.assertEqual(
            (message.topic, fields(message)), ("beat", {"seq": 1, "last": 0, "t": 100.0})
        )

    def test_it_does_not_beat_to_who_does_not_read(self) -> None:
        self.listener.subscription.pause()
        self.clock.advance(BEAT)
        self.rounds()
        self.assertEqual(self.listener.writes, [])

    def test_what_has_ended_is_told_no_more(self) -> None:
        self.stream.publish(valve())
        self.listener.subscription.end()
        self.listener.subscription.end()
        self.stream.publish(valve(is_open=True))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.listener.writes, [])


class PatternTests(SynchronousTestCase):
    def test_patterns_fit_paths(self) -> None:
        fits = matcher(["System/valve/*", "CO2/output"])
        for path, wanted in (
            ("System/valve/A", True),
            ("System/valve", False),
            ("CO2/output", True),
            ("CO2/output/power", False),
            ("xSystem/valve/A", False),
        ):
            self.assertIs(fits(path), wanted, path)
        self.assertTrue(matcher(["*"])("anything/at/all"))

    def test_too_many_too_long_or_none_are_refused(self) -> None:
        for wrong in ([], ["a"] * (MOST + 1), ["a" * (LONGEST + 1)], ["*a" * 9]):
            with self.assertRaises(ValueError):
                matcher(wrong)
