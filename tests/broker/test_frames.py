"""Frames are what pika makes of them, whichever way they come to be."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, frame, spec
from pika.exceptions import AMQPError
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker import frames
from pychron_comms.broker.message import Message, to_pika
from tests.properties import holds

MOST = 20

short = st.text(max_size=60)
#: Also such as no message of ours has.
values = st.text(max_size=300) | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none()
properties = st.builds(
    BasicProperties,
    content_type=st.none() | short,
    headers=st.none() | st.dictionaries(short, values, max_size=4),
    delivery_mode=st.none() | st.integers(0, 255),
    priority=st.sampled_from([None] * 9 + [1]),
    correlation_id=st.none() | short,
    reply_to=st.none() | short,
    expiration=st.none() | short,
    message_id=st.none() | short,
    timestamp=st.sampled_from([None] * 9 + [7]),
    type=st.none() | short,
    app_id=st.sampled_from([None] * 9 + ["x"]),
)


def by_pika(method: Any, given: BasicProperties, body: bytes, channel: int = 3) -> bytes:
    parts = [frame.Body(channel, body[at : at + MOST]) for at in range(0, len(body), MOST)]
    whole = [frame.Method(channel, method), frame.Header(channel, len(body), given), *parts]
    return b"".join(each.marshal() for each in whole)


def told(value: Any) -> Any:
    """All that a frame says, to be compared."""
    if isinstance(value, frame.Frame | spec.BasicProperties | spec.Basic.Deliver | spec.Basic.Ack):
        return type(value), {name: told(each) for name, each in vars(value).items()}
    return type(value), value


def all_of(read: Any, data: bytes) -> list[Any]:
    found = []
    while data:
        taken, value = read(data)
        found.append(told(value))
        data = data[taken:]
    return found


class WrittenTests(SynchronousTestCase):
    @holds
    @given(properties, st.binary(max_size=3 * MOST), short, short, st.booleans())
    def test_as_pika_writes_it(
        self, given: BasicProperties, body: bytes, exchange: str, topic: str, mandatory: bool
    ) -> None:
        method = spec.Basic.Publish(exchange=exchange, routing_key=topic, mandatory=mandatory)
        written = frames.publication(3, method, given, body, MOST)
        self.assertEqual(written, by_pika(method, given, body))

    def test_what_cannot_be_written_is_refused_as_pika_does(self) -> None:
        method = spec.Basic.Publish(exchange="e", routing_key="t")
        for broken in (BasicProperties(type="x" * 256), BasicProperties(headers={"n": object()})):
            with self.assertRaises(AMQPError):
                frames.publication(3, method, broken, b"", MOST)

    def test_a_message_of_ours_is_left_to_pika_in_nothing(self) -> None:
        message = Message("t", b"b", "n", "1", "q", 5, {"epoch": "1.a"})
        written = frames._content(to_pika(message), 1)
        self.assertIsInstance(frames._header(3, written), frame.Header)


class ReadTests(SynchronousTestCase):
    @holds
    @given(properties, st.binary(max_size=3 * MOST), short, st.integers(0, 2**64 - 1))
    def test_as_pika_reads_it(
        self, given: BasicProperties, body: bytes, name: str, tag: int
    ) -> None:
        for method in (
            spec.Basic.Deliver(name, tag, tag % 2 == 1, name, "topic"),
            spec.Basic.Ack(tag, tag % 2 == 1),
            spec.Basic.Nack(tag, tag % 2 == 1),
            spec.Basic.Return(312, "NO_ROUTE", name, "topic"),
        ):
            data = by_pika(method, given, body) + frame.Heartbeat().marshal()
            self.assertEqual(all_of(frames.read, data), all_of(frame.decode_frame, data))

    @holds
    @given(properties, st.binary(min_size=1, max_size=MOST), st.integers(0))
    def test_what_has_not_all_come_is_none_yet(
        self, given: BasicProperties, body: bytes, place: int
    ) -> None:
        data = by_pika(spec.Basic.Deliver("c", 1, False, "e", "t"), given, body)
        while data:
            taken, _ = frames.read(data)
            for size in (place % taken, taken - 1):
                self.assertEqual(frames.read(data[:size]), (0, None))
            data = data[taken:]

    def test_what_ends_otherwise_is_no_frame(self) -> None:
        whole = frame.Body(1, b"x").marshal()
        with self.assertRaises(AMQPError):
            frames.read(whole[:-1] + b"?")

    def test_text_that_is_none_is_read_as_pika_does(self) -> None:
        """Whoever has sent it."""
        data = frame.Header(1, 0, BasicProperties(type="abcd", headers={"a": "efgh"})).marshal()
        for found, odd in ((b"abcd", b"ab\xff\xff"), (b"efgh", b"ef\xff\xff")):
            broken = data.replace(found, odd)
            self.assertEqual(told(frames.read(broken)[1]), told(frame.decode_frame(broken)[1]))
