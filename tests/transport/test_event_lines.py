"""The state stream on connections of the line protocol."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import MalformedRequestError
from pychron_comms.observability.state.stream import KEPT, StateStream
from pychron_comms.transport.event_lines import BEAT
from pychron_comms.wire.grammar import parse_reply
from tests.listening import connections
from tests.observability.state.test_stream import valve
from tests.transport.test_line_protocol import Parrot, Transport


class EventLinesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.stream = StateStream("s1", lambda: 100.0)
        self.connections = connections(self.clock)
        self.parrot, self.transport = self.connect()

    def connect(self) -> tuple[Parrot, Transport]:
        parrot, transport = Parrot(self.connections), Transport()
        parrot.makeConnection(transport)
        return parrot, transport

    def follow(self, wish: str) -> None:
        self.assertEqual(self.parrot.follow(self.stream, wish), "OK")

    def topics(self) -> list[str]:
        self.clock.advance(0)
        lines = self.transport.value().splitlines()
        self.transport.clear()
        return [parse_reply(line, b"").tags["event"] for line in lines]

    def test_a_snapshot_and_then_each_change_as_a_line(self) -> None:
        self.stream.publish(valve())
        self.follow("*")
        self.assertEqual(self.topics(), ["hello", "snapshot", "live"])
        self.stream.publish(valve(is_open=True))
        self.clock.advance(0)
        self.assertTrue(self.transport.value().startswith(b'@event=change;seq=2 {"seq":2,'))

    def test_it_beats_until_it_ends(self) -> None:
        self.follow("*")
        self.topics()
        self.clock.advance(BEAT)
        self.assertEqual(self.topics(), ["beat"])
        self.parrot.connectionLost()
        self.stream.publish(valve())
        self.clock.advance(BEAT)
        self.assertEqual(self.topics(), [])
        self.assertEqual(self.stream.readers, 0)

    def test_nothing_is_sent_to_a_full_connection_and_then_the_newest(self) -> None:
        self.follow("*")
        self.topics()
        self.parrot.pauseProducing()
        for number in range(10):
            self.stream.publish(valve(is_open=number % 2 == 0))
        self.clock.advance(BEAT)
        self.assertEqual(self.topics(), [])
        self.parrot.resumeProducing()
        self.assertEqual(self.topics(), ["change"])

    def test_who_leaves_too_much_unread_is_cut_off(self) -> None:
        self.follow("*")
        self.parrot.pauseProducing()
        for _ in range(KEPT + 1):
            self.stream.happened("command", reply="OK")
        self.parrot.resumeProducing()
        self.clock.advance(0)
        self.assertTrue(self.transport.aborted)
        self.assertEqual(self.stream.readers, 0)

    def test_other_patterns_take_the_place_of_the_first(self) -> None:
        self.follow("*")
        self.follow("CO2/*")
        self.topics()
        self.stream.publish(valve())
        self.assertEqual(self.topics(), [])
        self.assertEqual(self.stream.readers, 1)

    def test_patterns_that_cannot_be_leave_all_as_it_was(self) -> None:
        self.follow("*")
        with self.assertRaises(MalformedRequestError):
            self.parrot.follow(self.stream, "a " * 1000)
        self.topics()
        self.stream.publish(valve())
        self.assertEqual(self.topics(), ["change"])

    def test_many_connections_get_the_same_bytes(self) -> None:
        others = [self.connect() for _ in range(20)]
        for parrot, transport in others:
            parrot.follow(self.stream, "*")
            transport.writes.clear()
        self.stream.publish(valve())
        self.clock.advance(0)
        self.assertEqual(len({id(transport.writes[0]) for _, transport in others}), 1)
        self.assertEqual([len(transport.writes) for _, transport in others], [1] * 20)
