"""One reader of the stream: the snapshot, what follows, what is missed, and its bounds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state import stream as stream_module
from pychron_comms.observability.state.patterns import LONGEST, MOST, matcher
from pychron_comms.observability.state.stream import KEPT, StateStream
from pychron_comms.observability.state.subscription import EVENT_LIMIT, Message, Subscription
from tests.observability.state.test_stream import valve


class SubscriptionCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.stream = StateStream("s1", lambda: 100.0)
        self.wakes = 0

    def subscribe(self, *patterns: str, session: str = "", number: int = 0) -> Subscription:
        subscription = Subscription(self.stream, patterns or ("*",), self.wake)
        subscription.begin(session, number)
        return subscription

    def wake(self) -> None:
        self.wakes += 1

    def fields(self, message: Message) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(message.text)
        return fields


class BeginTests(SubscriptionCase):
    def test_hello_then_all_as_it_stands_then_live(self) -> None:
        self.stream.publish(valve("A"))
        self.stream.publish(valve("B", is_open=True))
        messages = self.subscribe().take()
        self.assertEqual([each.topic for each in messages], ["hello", "snapshot", "live"])
        self.assertEqual(self.fields(messages[0]), {"session": "s1", "seq": 2})
        items = self.fields(messages[1])["items"]
        self.assertEqual(
            [(each["path"], each["v"]) for each in items],
            [("System/valve/A", False), ("System/valve/B", True)],
        )

    def test_a_large_snapshot_comes_in_pieces(self) -> None:
        for number in range(250):
            self.stream.publish(valve(f"V{number}"))
        pieces = [each for each in self.subscribe().take(1000) if each.topic == "snapshot"]
        self.assertEqual([len(self.fields(each)["items"]) for each in pieces], [100, 100, 50])

    def test_who_comes_back_gets_what_was_missed(self) -> None:
        for opens in (True, False, True):
            self.stream.publish(valve(is_open=opens))
        messages = self.subscribe(session="s1", number=1).take()
        self.assertEqual([each.topic for each in messages], ["hello", "change", "change", "live"])
        self.assertEqual([each.number for each in messages[1:3]], [2, 3])
        self.assertTrue(all(self.fields(each)["replayed"] for each in messages[1:3]))

    def test_who_comes_back_too_late_is_told_of_the_gap(self) -> None:
        for number in range(KEPT + 5):
            self.stream.publish(valve(is_open=number % 2 == 0))
        messages = self.subscribe(session="s1", number=1).take()
        self.assertEqual([each.topic for each in messages], ["hello", "gap", "snapshot", "live"])
        self.assertEqual(self.fields(messages[1]), {"from": 1, "to": KEPT + 5})

    def test_numbers_of_another_life_mean_nothing(self) -> None:
        self.stream.publish(valve())
        messages = self.subscribe(session="s0", number=1).take()
        self.assertEqual([each.topic for each in messages], ["hello", "gap", "snapshot", "live"])


class FollowTests(SubscriptionCase):
    def setUp(self) -> None:
        super().setUp()
        self.subscription = self.subscribe("System/valve/*")
        self.subscription.take()
        self.wakes = 0

    def test_a_change_follows_with_its_number_and_the_one_before(self) -> None:
        self.stream.publish(replace(valve(), path="CO2/output"))
        self.stream.publish(valve())
        (message,) = self.subscription.take()
        fields = self.fields(message)
        self.assertEqual((fields["seq"], fields["prev"], fields["v"]), (2, 0, False))
        self.stream.publish(valve(is_open=True))
        self.assertEqual(self.fields(self.subscription.take()[0])["prev"], 2)

    def test_it_wakes_once_until_all_is_taken(self) -> None:
        self.stream.publish(valve())
        self.stream.publish(valve("B"))
        self.assertEqual(self.wakes, 1)
        self.subscription.take()
        self.stream.publish(valve("C"))
        self.assertEqual(self.wakes, 2)

    def test_a_slow_reader_gets_the_newest_of_each(self) -> None:
        for number in range(1000):
            self.stream.publish(valve("AB"[number % 2], is_open=number % 4 < 2))
        messages = self.subscription.take()
        self.assertEqual([each.number for each in messages], [999, 1000])
        self.assertEqual(self.subscription.squashed, 998)

    def test_events_are_never_left_out_and_keep_their_place(self) -> None:
        self.stream.publish(valve("A"))
        self.stream.happened("System/valve/A", reply="OK")
        self.stream.publish(valve("B"))
        self.stream.happened("System/valve/B", reply="OK")
        messages = self.subscription.take()
        self.assertEqual([each.topic for each in messages], ["change", "event"] * 2)
        self.assertEqual([each.number for each in messages], [1, 2, 3, 4])

    def test_who_leaves_too_many_events_unread_is_cut_off(self) -> None:
        for _ in range(EVENT_LIMIT):
            self.stream.happened("System/valve/A", reply="OK")
        self.assertEqual(self.subscription.failed, "")
        self.stream.happened("System/valve/A", reply="OK")
        self.assertIn("events wait", self.subscription.failed)

    def test_a_beat_tells_how_far_the_stream_is(self) -> None:
        self.stream.publish(replace(valve(), path="CO2/output"))
        self.subscription.beat()
        (message,) = self.subscription.take()
        self.assertEqual((message.topic, self.fields(message)), ("beat", {"seq": 1, "last": 0}))

    def test_what_has_ended_collects_no_more(self) -> None:
        self.subscription.end()
        self.stream.publish(valve())
        self.assertFalse(self.subscription.waiting)

    def test_no_more_is_taken_than_was_asked(self) -> None:
        for number in range(5):
            self.stream.publish(valve(str(number)))
        self.assertEqual([each.number for each in self.subscription.take(2)], [1, 2])
        self.assertEqual([each.number for each in self.subscription.take()], [3, 4, 5])


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


class ManyReadersTests(SubscriptionCase):
    def test_who_has_been_woken_is_called_no_more_until_it_has_taken_all(self) -> None:
        subscription = self.subscribe()
        subscription.take()
        for number in range(100):
            self.stream.publish(valve(is_open=number % 2 == 0))
        self.assertEqual(self.wakes, 1)
        subscription.take()
        self.stream.publish(valve("B"))
        self.assertEqual(self.wakes, 2)

    def test_a_change_becomes_text_once_for_all(self) -> None:
        subscriptions = [self.subscribe() for _ in range(3)]
        made: list[object] = []
        encode = stream_module.as_json
        self.patch(stream_module, "as_json", lambda fields: made.append(fields) or encode(fields))
        self.stream.publish(valve())
        texts = {each.take()[-1].text for each in subscriptions}
        self.assertEqual((len(texts), len(made)), (1, 1))

    def test_who_has_not_read_for_longer_than_changes_are_kept_is_cut_off(self) -> None:
        subscription = self.subscribe()
        for number in range(KEPT + 1):
            self.stream.publish(valve(is_open=number % 2 == 0))
        self.assertIn("not kept", subscription.failed)

    def test_readers_are_counted(self) -> None:
        one, other = self.subscribe(), self.subscribe()
        self.assertEqual(self.stream.subscribers, 2)
        one.end()
        one.end()
        other.end()
        self.assertEqual(self.stream.subscribers, 0)
        self.stream.publish(valve())
        self.assertEqual(self.wakes, 0)
