"""The state stream on connections of the line protocol."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import MalformedRequestError
from pychron_comms.observability.state.messages import event_of
from pychron_comms.observability.state.stream import KEPT, Event, StateStream, members_of
from pychron_comms.transport.event_lines import BEAT, events_apart
from pychron_comms.wire.grammar import parse_reply
from tests.listening import connections
from tests.observability.state.test_stream import valve
from tests.properties import holds
from tests.transport.test_line_protocol import Parrot, Transport

#: What a processor tells of one command, and lines that are no such events.
EVENT = b'@event=event;seq=7 {"seq":7,"prev":6,"path":"command","t":1.5,"reply":"%d"}\r\n'
REPLIES = (b"@id=4 OK\r\n", b"@id=5 \xc3\xa9\r\n", b"OK @event=\r\n")
OTHERS = (
    b'@event=change;seq=8 {"seq":8,"prev":7,"path":"A"}\r\n',
    b"@event=event;seq=8 no json\r\n",
    b"@id=6;len=9 \r\n" + EVENT[:9],
    b"\xff\r\n",
    b"@id=7 not whole",
)


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


class EventsApartTests(SynchronousTestCase):
    """What one that is told of a stream takes out of a chunk together."""

    def test_events_and_replies_in_any_order(self) -> None:
        chunk = b"".join([REPLIES[0], EVENT % 1, EVENT % 2, REPLIES[1], EVENT % 3])
        events, replies = events_apart(chunk)
        self.assertEqual(events, [Event("command", f'"reply":"{n}"') for n in (1, 2, 3)])
        self.assertEqual(replies, REPLIES[0] + REPLIES[1])

    def test_all_is_left_to_its_turn_where_something_else_is_there(self) -> None:
        for other in OTHERS:
            for chunk in (EVENT % 1 + other, other + EVENT % 1, other):
                self.assertEqual(events_apart(chunk), ([], chunk))

    @holds
    @given(
        st.lists(
            st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.floats(0, 1)), max_size=5
        )
    )
    def test_it_takes_each_for_what_it_is_alone(self, happened: list[dict[str, object]]) -> None:
        texts = [
            f'{{"seq":{number},"prev":0,"path":"trip","t":2.0,{members_of(fields)}}}'
            for number, fields in enumerate(happened)
            if fields
        ]
        lines = "".join(f"@event=event;seq=1 {text}\r\n" for text in texts)
        if "len=" not in lines:
            self.assertEqual(events_apart(lines.encode()), (list(map(event_of, texts)), b""))
