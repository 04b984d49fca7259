"""The state stream on a connection of the line protocol."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import EVENT_LIMIT
from pychron_comms.transport.event_lines import BEAT, EventLines
from pychron_comms.wire.grammar import parse_reply
from tests.observability.state.test_stream import valve


class EventLinesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.stream = StateStream("s1", lambda: 100.0)
        self.sent: list[bytes] = []
        self.cut: list[str] = []
        self.lines = EventLines(self.sent.append, self.cut.append, self.clock)

    def topics(self) -> list[str]:
        lines = b"".join(self.sent).splitlines()
        self.sent.clear()
        return [parse_reply(line, b"").tags["event"] for line in lines]

    def test_a_snapshot_and_then_each_change_as_a_line(self) -> None:
        self.stream.publish(valve())
        self.lines.follow(self.stream, ["*"])
        self.assertEqual(self.topics(), ["hello", "snapshot", "live"])
        self.stream.publish(valve(is_open=True))
        self.assertTrue(self.sent[0].startswith(b'@event=change;seq=2 {"seq":2,'), self.sent)

    def test_it_beats_until_it_ends(self) -> None:
        self.lines.follow(self.stream, ["*"])
        self.topics()
        self.clock.advance(BEAT)
        self.assertEqual(self.topics(), ["beat"])
        self.lines.end()
        self.clock.advance(BEAT)
        self.stream.publish(valve())
        self.assertEqual(self.sent, [])
        self.assertEqual(self.stream.subscribers, 0)

    def test_nothing_is_sent_to_a_full_connection_and_then_the_newest(self) -> None:
        self.lines.follow(self.stream, ["*"])
        self.topics()
        self.lines.pause()
        for number in range(10):
            self.stream.publish(valve(is_open=number % 2 == 0))
        self.clock.advance(BEAT)
        self.assertEqual(self.sent, [])
        self.lines.resume()
        self.assertEqual(self.topics(), ["change"])

    def test_who_leaves_too_many_events_unread_is_cut_off_with_the_reason(self) -> None:
        self.lines.follow(self.stream, ["*"])
        self.lines.pause()
        for _ in range(EVENT_LIMIT + 1):
            self.stream.happened("command", reply="OK")
        self.lines.resume()
        self.assertEqual(len(self.cut), 1)
        self.assertIn("events wait", self.cut[0])
        self.assertEqual(self.stream.subscribers, 0)

    def test_other_patterns_take_the_place_of_the_first(self) -> None:
        self.lines.follow(self.stream, ["*"])
        self.lines.follow(self.stream, ["CO2/*"])
        self.topics()
        self.stream.publish(valve())
        self.assertEqual(self.sent, [])
        self.assertEqual(self.stream.subscribers, 1)

    def test_patterns_that_cannot_be_leave_all_as_it_was(self) -> None:
        self.lines.follow(self.stream, ["*"])
        with self.assertRaises(ValueError):
            self.lines.follow(self.stream, ["a"] * 1000)
        self.topics()
        self.stream.publish(valve())
        self.assertEqual(self.topics(), ["change"])
