"""A processor's state in the server's stream, and what becomes of it when the processor is lost."""

from __future__ import annotations

import json

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Severity
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import Event, StateStream
from pychron_comms.server.state.mirror import PATIENCE, StateMirror
from tests.observability.state.listening import BEAT, Listener, audience_of
from tests.observability.state.test_stream import Recorder, valve


class MirrorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.ahead = 0.0
        self.theirs = StateStream("p1", lambda: self.clock.seconds() + self.ahead)
        self.theirs.publish(valve(at=0.0, stale=2.5))
        self.ours = StateStream("s1", self.clock.seconds)
        self.mirror = StateMirror("unix:p.sock", self.ours, self.clock, self.clock.seconds)
        self.follow()
        self.recorder = Recorder()
        self.ours.subscribe(self.recorder)

    def follow(self) -> None:
        # Its beats come when the test says so.
        self.hop = Clock()
        self.link = Listener(audience_of(self.theirs, self.hop))
        self.link.subscription.begin()
        self.carry()

    def carry(self) -> None:
        self.hop.advance(0)
        for topic, _, text in self.link.said():
            self.mirror.heard(topic, text)

    def beat(self) -> None:
        self.hop.advance(BEAT)
        self.carry()

    def item(self, path: str = "System/valve/A") -> Item:
        item = self.ours.get(path)
        assert item is not None
        return item

    def processor(self) -> object:
        return self.item("road/processor/unix:p.sock").value

    def test_before_anything_is_heard_it_is_connecting(self) -> None:
        StateMirror("other", self.ours, self.clock, self.clock.seconds)
        item = self.item("road/processor/other")
        self.assertEqual((item.value, item.severity), ("connecting", Severity.INVALID))

    def test_what_it_says_is_said_on(self) -> None:
        self.assertIs(self.item().value, False)
        self.theirs.publish(valve(is_open=True))
        self.carry()
        self.assertIs(self.item().value, True)
        self.assertEqual(self.item().details, {"moving": False})

    def test_what_happens_there_happens_here(self) -> None:
        self.theirs.happened("command", who="10.0.0.7", reply="OK")
        self.carry()
        what = self.recorder.changes[-1].what
        self.assertEqual(what, Event("command", '"who":"10.0.0.7","reply":"OK"'))

    def test_what_happens_there_with_nothing_told_of_it(self) -> None:
        self.theirs.happened("trip")
        self.carry()
        self.assertEqual(self.recorder.changes[-1].what, Event("trip", ""))

    def test_an_event_that_is_written_otherwise(self) -> None:
        text = (
            '{"path": "trip", "prev": 3, "seq": 4, "t": 1.5, "who": "\u00e9", "t2": [1, {"t": 2}]}'
        )
        self.mirror.heard("event", text)
        wanted = '"who":"\\u00e9","t2":[1,{"t":2}]'
        self.assertEqual(self.recorder.changes[-1].what, Event("trip", wanted))

    def test_what_is_no_message(self) -> None:
        for topic, text in (
            ("event", "no json"),
            ("event", "[1]"),
            ("event", '{"seq":1}'),
            ("event", '{"seq":1,"prev":0,"path":"x","t":1.0,"seconds":NaN}'),
            ("change", '{"path":"x"}'),
            ("change", "7"),
            ("snapshot", "{}"),
            ("snapshot", '{"items":[3]}'),
        ):
            self.assertRaises(ValueError, self.mirror.heard, topic, text)
        self.assertEqual(self.recorder.changes, [])
        error = self.assertRaises(ValueError, self.mirror.heard, "snapshot", "{}")
        self.assertEqual(str(error), "a snapshot without items")

    def test_beats_keep_all_of_it_fresh(self) -> None:
        for _ in range(10):
            self.clock.advance(1)
            self.beat()
            self.ours.look_for_stale()
        self.assertEqual(self.item().severity, Severity.OK)
        self.assertEqual(self.processor(), "connected")

    def test_a_silent_processor_is_not_believed_within_two_seconds(self) -> None:
        self.beat()
        self.clock.advance(PATIENCE)
        self.assertEqual(self.item().reason, "no word from the processor")
        self.assertEqual(self.processor(), "silent")
        self.assertEqual(self.item("road/processor/unix:p.sock").severity, Severity.INVALID)
        self.beat()
        self.assertEqual(self.item().severity, Severity.OK)
        self.assertEqual(self.processor(), "connected")

    def test_a_lost_processor_is_not_believed_at_once(self) -> None:
        self.mirror.lost("Connection was closed cleanly.")
        self.assertEqual(self.item().severity, Severity.INVALID)
        self.assertIs(self.item().value, False)
        self.assertIn("lost", str(self.processor()))
        self.assertEqual(self.item("road/processor/unix:p.sock").severity, Severity.INVALID)
        self.clock.advance(10)
        self.assertIn("lost", str(self.processor()))

    def test_its_next_life_says_anew_what_there_is(self) -> None:
        self.mirror.lost("gone")
        self.theirs = StateStream("p2", self.clock.seconds)
        self.theirs.publish(valve("B", is_open=True))
        self.follow()
        self.beat()
        self.assertEqual(self.item("System/valve/A").severity, Severity.INVALID)
        self.assertEqual(self.item("System/valve/B").severity, Severity.OK)

    def test_how_far_its_clock_is_from_ours(self) -> None:
        path = "road/clock/unix:p.sock"
        for ahead, value, severity, reason in (
            (0.004, 0.0, Severity.OK, ""),
            (-0.004, 0.0, Severity.OK, ""),
            (0.25, 0.25, Severity.OK, ""),
            (12.0, 12.0, Severity.MINOR, "its clock is 12.0 s ahead"),
            (-3.0, -3.0, Severity.MINOR, "its clock is 3.0 s behind"),
            (1.0, 1.0, Severity.MINOR, "its clock is 1.0 s ahead"),
            (-0.99, -0.99, Severity.OK, ""),
        ):
            self.ahead = ahead
            for _ in range(10):
                self.beat()
            item = self.item(path)
            self.assertEqual((item.value, item.severity, item.reason), (value, severity, reason))
            self.assertEqual(item.unit, "s")
            self.assertNotIn("-0.0", repr(item.value))
        self.mirror.lost("gone")
        self.assertEqual(self.item(path).severity, Severity.INVALID)

    def test_the_time_on_the_way_is_no_offset(self) -> None:
        self.beat()
        for _ in range(5):
            self.mirror.heard("beat", json.dumps({"seq": 1, "last": 1, "t": -0.4}))
        self.assertEqual(self.item("road/clock/unix:p.sock").value, 0.0)

    def test_garbage_is_refused(self) -> None:
        for topic, text in (
            ("change", "x"),
            ("change", '{"seq":1}'),
            ("snapshot", '{"items":[{}]}'),
        ):
            with self.assertRaises(ValueError):
                self.mirror.heard(topic, text)

    def test_events_that_come_together_are_each_told_and_a_sign_of_life(self) -> None:
        self.clock.advance(PATIENCE - 0.1)
        events = [Event("command", f'"reply":"{number}"') for number in range(3)]
        self.mirror.happened(events)
        self.assertEqual([each.what for each in self.recorder.changes], events)
        self.clock.advance(0.2)
        self.assertEqual(self.processor(), "connected")
        self.mirror.leave("stands by")
        self.mirror.happened(events)
        self.mirror.end()
        self.mirror.happened(events)
        self.assertEqual(len([each for each in self.recorder.changes if each.what in events]), 3)

    def test_who_gives_no_time_lives_all_the_same(self) -> None:
        self.clock.advance(PATIENCE)
        self.mirror.heard("beat", '{"seq":1}')
        self.assertEqual(self.processor(), "connected")
        self.assertIsNone(self.ours.get("road/clock/unix:p.sock"))

    def test_what_goes_that_was_never_told_of_is_gone(self) -> None:
        self.mirror.lost("gone")
        self.theirs.withdraw("System/valve/A")
        self.carry()
        self.assertIsNone(self.ours.get("System/valve/A"))

    def test_what_is_of_the_road_is_told_with_its_name(self) -> None:
        self.theirs.publish(Item(path="road/journal", value="ok", obtained=1.0, confirmed=1.0))
        self.carry()
        self.assertEqual(self.item("road/journal/unix:p.sock").value, "ok")
        self.assertIsNone(self.ours.get("road/journal"))
        self.theirs.withdraw("road/journal")
        self.carry()
        self.assertIsNone(self.ours.get("road/journal/unix:p.sock"))

    def test_a_change_that_is_told_again_is_one(self) -> None:
        fields = valve(is_open=True).as_json() | {"seq": 7, "prev": 6, "replayed": True}
        self.mirror.heard("change", json.dumps(fields))
        self.assertEqual((self.item().value, self.item().details), (True, {"moving": False}))

    def test_it_is_connected_as_soon_as_its_snapshot_is_whole(self) -> None:
        mirror = StateMirror("other", self.ours, self.clock, self.clock.seconds)
        mirror.heard("live", '{"seq":1}')
        self.assertEqual(self.item("road/processor/other").value, "connected")
        self.clock.advance(PATIENCE)
        self.assertEqual(self.item("road/processor/other").value, "silent")

    def test_when_the_offset_was_heard_is_told(self) -> None:
        self.clock.advance(7)
        self.beat()
        item = self.item("road/clock/unix:p.sock")
        self.assertEqual((item.value, item.obtained), (0.0, 7.0))

    def test_of_one_that_no_route_leads_to_nothing_is_left(self) -> None:
        self.beat()
        self.mirror.end()
        for path in ("System/valve/A", "road/clock/unix:p.sock", "road/processor/unix:p.sock"):
            self.assertIsNone(self.ours.get(path), path)
        self.theirs.publish(valve(is_open=True))
        self.carry()
        self.mirror.lost("gone")
        self.clock.advance(2 * PATIENCE)
        self.assertIsNone(self.ours.get("System/valve/A"))
        self.assertIsNone(self.ours.get("road/processor/unix:p.sock"))

    def test_of_one_that_does_not_own_the_hardware_only_its_life_is_told(self) -> None:
        self.mirror.leave("stands by")
        self.assertEqual(self.item().reason, "stands by")
        self.theirs.publish(valve(is_open=True))
        self.theirs.happened("trip")
        told = len(self.recorder.changes)
        self.carry()
        self.assertEqual(len(self.recorder.changes), told)
        self.beat()
        self.assertEqual((self.item().severity, self.processor()), (Severity.INVALID, "connected"))
        self.mirror.follow()
        self.theirs.publish(valve(is_open=False))
        self.carry()
        self.assertEqual((self.item().value, self.item().severity), (False, Severity.OK))

    def test_nor_is_its_own_part_of_the_road_until_it_is_followed_again(self) -> None:
        own = "road/journal/unix:p.sock"
        written = Item(path="road/journal", value="written", obtained=0.0, confirmed=0.0)
        for is_lost in (False, True):
            self.theirs.publish(written)
            self.carry()
            self.assertEqual(self.item(own).severity, Severity.OK)
            if is_lost:
                self.mirror.lost("killed")
                self.assertEqual(self.item(own).severity, Severity.INVALID)
            self.mirror.leave("stands by")
            self.assertIsNone(self.ours.get(own))
            self.assertEqual(self.item().severity, Severity.INVALID)
            self.mirror.follow()
            self.follow()
            self.assertEqual(self.item(own).severity, Severity.OK)

    def test_a_stop_ends_the_wait(self) -> None:
        self.mirror.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
