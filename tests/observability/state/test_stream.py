"""The stream of changes: what is told, what is kept, what turns stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Severity, Source
from pychron_comms.observability.state.items import Item, item_from_json
from pychron_comms.observability.state.stream import KEPT, KEPT_FOR, Change, Event, StateStream


def valve(name: str = "A", is_open: bool = False, at: float = 100.0, stale: float = 0.0) -> Item:
    return Item(
        path=f"System/valve/{name}",
        value=is_open,
        obtained=at,
        confirmed=at,
        source=Source.INDICATOR,
        stale_after=stale,
        details={"moving": False},
    )


class Recorder:
    def __init__(self) -> None:
        self.changes: list[Change] = []

    def changed(self, changes: Sequence[Change]) -> None:
        self.changes += changes


class StreamCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.time = 100.0
        self.stream = StateStream("s1", lambda: self.time)
        self.recorder = Recorder()
        self.stream.subscribe(self.recorder)

    def said(self) -> list[object]:
        return [change.what for change in self.recorder.changes]


class PublishTests(StreamCase):
    def test_what_is_new_is_told_with_the_next_number(self) -> None:
        self.assertTrue(self.stream.publish(valve()))
        self.assertTrue(self.stream.publish(valve(is_open=True)))
        self.assertEqual([change.number for change in self.recorder.changes], [1, 2])
        self.assertEqual(self.said(), [valve(), valve(is_open=True)])

    def test_the_same_again_is_not_told_and_its_times_are_taken_over(self) -> None:
        self.stream.publish(valve(at=100.0))
        self.assertFalse(self.stream.publish(valve(at=101.0)))
        self.assertEqual(len(self.recorder.changes), 1)
        kept = self.stream.get("System/valve/A")
        assert kept is not None
        self.assertEqual(kept.confirmed, 101.0)

    def test_another_reason_alone_is_told(self) -> None:
        self.stream.publish(valve().invalid("no answer"))
        self.stream.publish(valve().invalid("stale"))
        self.assertEqual(len(self.recorder.changes), 2)

    def test_an_event_is_told_each_time(self) -> None:
        self.stream.happened("System/command", reply="OK")
        self.stream.happened("System/command", reply="OK")
        self.assertEqual(self.said(), [Event("System/command", '"reply":"OK"')] * 2)

    def test_who_has_left_is_told_no_more(self) -> None:
        self.stream.unsubscribe(self.recorder)
        self.stream.unsubscribe(self.recorder)
        self.stream.publish(valve())
        self.assertEqual(self.recorder.changes, [])

    def test_one_that_leaves_while_it_is_told_hinders_no_other(self) -> None:
        stream = self.stream

        class Leaver(Recorder):
            def changed(self, changes: Sequence[Change]) -> None:
                stream.unsubscribe(self)

        second = Recorder()
        self.stream.subscribe(Leaver())
        self.stream.subscribe(second)
        self.stream.publish(valve())
        self.assertEqual(len(second.changes), 1)


class FollowTests(StreamCase):
    def setUp(self) -> None:
        super().setUp()
        self.followed: list[tuple[object, float]] = []
        self.stream.follow(self)

    def item_changed(self, item: Item, at: float) -> None:
        self.followed.append((item, at))
        self.stream.publish(replace(item, path="another"))

    def test_it_is_told_of_items_and_of_no_event(self) -> None:
        self.stream.happened("System/command", reply="OK")
        self.stream.publish(valve())
        self.stream.withdraw("System/valve/A")
        another = replace(valve(), path="another")
        told = [valve(), another, valve().withdrawn(), replace(valve().withdrawn(), path="another")]
        self.assertEqual(self.followed, [(each, 100.0) for each in told])

    def test_what_it_publishes_comes_behind_what_it_was_told(self) -> None:
        self.stream.publish(valve())
        self.assertEqual([change.number for change in self.recorder.changes], [1, 2])
        self.assertEqual(self.said(), [valve(), replace(valve(), path="another")])

    def test_who_has_left_is_told_no_more(self) -> None:
        self.stream.unfollow(self)
        self.stream.unfollow(self)
        self.stream.publish(valve())
        self.assertEqual(self.followed, [])


class QualityTests(StreamCase):
    def test_what_is_unknown_is_never_ok(self) -> None:
        with self.assertRaisesRegex(ValueError, "not known is invalid"):
            replace(valve(), value=None)
        replace(valve(), value=None, severity=Severity.INVALID)

    def test_a_number_that_is_none_is_no_value(self) -> None:
        for wrong in (float("nan"), float("inf")):
            with self.assertRaisesRegex(ValueError, "is no value"):
                replace(valve(), value=wrong)

    def test_what_is_not_confirmed_in_time_is_told_as_stale_once(self) -> None:
        self.stream.publish(valve(stale=2.0))
        self.time = 102.0
        self.stream.look_for_stale()
        self.assertEqual(len(self.recorder.changes), 1)
        self.time = 102.1
        self.stream.look_for_stale()
        self.time = 110.0
        self.stream.look_for_stale()
        self.assertEqual(self.said()[1:], [valve(stale=2.0).invalid("stale")])

    def test_a_clock_that_is_set_makes_nothing_stale_and_hides_nothing(self) -> None:
        steady = 0.0
        stream = StateStream("s1", lambda: self.time, lambda: steady)
        stream.publish(valve(stale=2.0, at=self.time))
        for self.time in (4000.0, -4000.0):
            stream.look_for_stale()
            kept = stream.get("System/valve/A")
            assert kept is not None
            self.assertEqual(kept.reason, "")
        steady = 2.5
        stream.look_for_stale()
        kept = stream.get("System/valve/A")
        assert kept is not None
        self.assertEqual(kept.reason, "stale")

    def test_another_computers_clock_makes_nothing_stale(self) -> None:
        steady = 0.0
        stream = StateStream("s1", lambda: self.time, lambda: steady)
        stream.publish(valve(stale=2.0, at=self.time - 1000.0))
        stream.look_for_stale()
        kept = stream.get("System/valve/A")
        assert kept is not None
        self.assertEqual(kept.reason, "")

    def test_what_is_confirmed_is_not_stale(self) -> None:
        self.stream.publish(valve(stale=2.0))
        self.time = 101.9
        self.stream.confirm(["System/valve/A", "no such"])
        self.time = 103.8
        self.stream.look_for_stale()
        self.assertEqual(len(self.recorder.changes), 1)

    def test_what_comes_again_after_it_was_stale_is_told(self) -> None:
        self.stream.publish(valve(stale=2.0))
        self.time = 103.0
        self.stream.look_for_stale()
        self.stream.publish(valve(stale=2.0, at=103.0))
        self.assertEqual(len(self.recorder.changes), 3)

    def test_a_lost_source_makes_all_below_it_invalid_and_no_other(self) -> None:
        for each in (valve("A"), valve("B"), replace(valve(), path="Systematic/valve/A")):
            self.stream.publish(each)
        self.stream.invalidate("System", "the processor is lost")
        invalid = [item.path for item in self.stream if item.severity is Severity.INVALID]
        self.assertEqual(invalid, ["System/valve/A", "System/valve/B"])
        self.stream.invalidate("", "all is lost")
        self.assertTrue(all(item.severity is Severity.INVALID for item in self.stream))


class SinceTests(StreamCase):
    def publish(self, count: int) -> None:
        for number in range(count):
            self.stream.publish(valve(is_open=number % 2 == 0))

    def numbers_since(self, number: int) -> list[int] | None:
        changes = self.stream.since(number)
        return None if changes is None else [change.number for change in changes]

    def test_what_was_missed_is_given(self) -> None:
        self.publish(5)
        self.assertEqual(self.numbers_since(3), [4, 5])
        self.assertEqual(self.numbers_since(0), [1, 2, 3, 4, 5])
        self.assertEqual(self.numbers_since(5), [])

    def test_a_number_that_never_was_is_not_known(self) -> None:
        self.publish(2)
        self.assertIsNone(self.numbers_since(3))
        self.assertIsNone(self.numbers_since(-1))

    def test_what_is_too_far_back_is_not_kept(self) -> None:
        self.publish(KEPT + 2)
        self.assertIsNone(self.numbers_since(1))
        changes = self.stream.since(2)
        assert changes is not None
        self.assertEqual(len(changes), KEPT)

    def test_what_is_too_old_is_not_kept(self) -> None:
        self.publish(2)
        self.time += KEPT_FOR + 1
        self.publish(1)
        self.assertIsNone(self.numbers_since(0))
        self.assertEqual(self.numbers_since(2), [3])


class JsonTests(SynchronousTestCase):
    def test_an_item_comes_back_as_it_went(self) -> None:
        item = replace(valve(stale=2.0), unit="mbar", severity=Severity.MINOR, reason="high")
        self.assertEqual(item_from_json(item.as_json()), item)

    def test_what_is_no_item_is_refused(self) -> None:
        good = valve().as_json()
        for wrong in ({}, good | {"sev": "fine"}, good | {"t": "now"}, good | {"v": None}):
            with self.assertRaises(ValueError):
                item_from_json(wrong)
