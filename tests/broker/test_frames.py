"""The short way of a message's frames: what pika would write, and what it would read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, spec
from pika.frame import Body, Header, Method
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.frames import Confirmed, Delivered, first_of, message_frames
from pychron_comms.broker.message import Delivery, Message, from_pika, to_pika
from tests.properties import holds

SHORT = st.text(max_size=60)
MESSAGES = st.builds(
    Message,
    kind=SHORT,
    body=st.binary(max_size=40),
    name=SHORT,
    number=SHORT,
    reply_to=SHORT,
    expires=st.none() | st.integers(0, 10**9),
    headers=st.dictionaries(SHORT, st.text(max_size=300), max_size=3),
)

REQUEST = Message(
    "pychron.request",
    b"@from=me System|Open A",
    name="m.1",
    number="1",
    reply_to="server",
    expires=30_000,
    headers={"epoch": "1.me", "sent": "1.5"},
)
DELIVER = spec.Basic.Deliver("consumer", 7, False, "pychron.command", "line.act")


def joined(*frames: Any) -> bytes:
    return b"".join(each.marshal() for each in frames)


def content(properties: BasicProperties, *bodies: bytes) -> Iterator[Any]:
    yield Header(3, sum(map(len, bodies)), properties)
    for body in bodies:
        yield Body(3, body)


def delivered(
    properties: BasicProperties, *bodies: bytes, method: spec.Basic.Deliver = DELIVER
) -> bytes:
    return joined(Method(3, method), *content(properties, *bodies))


def read(data: bytes) -> Delivered:
    first = first_of(data)
    assert isinstance(first, Delivered)
    return first


class ReadingTests(SynchronousTestCase):
    @holds
    @given(MESSAGES, st.booleans())
    def test_a_message_is_read_as_pika_reads_it(self, message: Message, is_again: bool) -> None:
        method = spec.Basic.Deliver("consumer", 7, is_again, "pychron.command", "line.act")
        properties = to_pika(message)
        data = delivered(properties, *[message.body] * bool(message.body), method=method)
        known = from_pika(properties, message.body, "line.act")
        self.assertEqual(
            read(data + b"what follows"),
            Delivered(len(data), 3, "consumer", Delivery(known, is_again, 7)),
        )

    def test_what_has_not_come_whole_is_nothing_yet(self) -> None:
        whole = delivered(to_pika(REQUEST), REQUEST.body)
        for size in range(len(whole)):
            self.assertIsNone(first_of(whole[:size]))

    def test_what_is_unlike_ours_is_left_to_pika(self) -> None:
        for what, data in {
            "a number in the headers": delivered(BasicProperties(headers={"a": 1}), b"1"),
            "a property that ours have not": delivered(BasicProperties(app_id="a"), b"1"),
            "a body in two frames": delivered(BasicProperties(), b"1", b"2"),
            "a text that is no UTF-8": delivered(BasicProperties(type=b"\xff"), b"1"),
            "a topic that is none": delivered(
                BasicProperties(),
                b"1",
                method=spec.Basic.Deliver("consumer", 7, False, "pychron.command", b"\xff"),
            ),
            "a body of another channel": joined(
                Method(3, DELIVER), Header(3, 1, BasicProperties()), Body(4, b"1")
            ),
            "a header of another channel": joined(
                Method(3, DELIVER), Header(4, 1, BasicProperties()), Body(3, b"1")
            ),
            "no header": joined(Method(3, DELIVER), Method(3, DELIVER)),
            "what comes back": joined(
                Method(3, spec.Basic.Return(312, "NO_ROUTE", "e", "t")),
                *content(BasicProperties(), b"1"),
            ),
        }.items():
            self.assertIsNone(first_of(data), what)

    def test_what_a_frame_says_of_itself_must_be_so(self) -> None:
        message = delivered(to_pika(REQUEST), REQUEST.body)
        confirmation = joined(Method(3, spec.Basic.Ack(9)))
        for data in (message, confirmation):
            for at, byte in enumerate(data):
                if byte == spec.FRAME_END:
                    self.assertIsNone(first_of(data[:at] + b"?" + data[at + 1 :]), at)
            self.assertIsNone(first_of(b"\x08" + data[1:]))
        short = message.replace(len(REQUEST.body).to_bytes(8, "big"), b"\0\0\0\0\0\0\0\1")
        self.assertNotEqual(short, message)
        self.assertIsNone(first_of(short))

    def test_a_text_that_goes_on_past_its_end_is_left_to_pika(self) -> None:
        for text in (b"\x08consumer", b"\x0fpychron.command", b"\x08line.act", b"\x06server"):
            data = delivered(to_pika(REQUEST), REQUEST.body)
            self.assertIn(text, data)
            self.assertIsNone(first_of(data.replace(text, bytes([text[0] + 1]) + text[1:])), text)
        table = delivered(to_pika(REQUEST), REQUEST.body)
        table = table.replace(b"S\0\0\0\x031.5", b"S\0\0\0\x041.5")
        self.assertIsNone(first_of(table))

    def test_a_confirmation_may_be_for_many(self) -> None:
        for is_many in (False, True):
            data = joined(Method(3, spec.Basic.Ack(9, is_many)))
            first = first_of(data + b"what follows")
            assert isinstance(first, Confirmed)
            self.assertEqual((first.end, first.channel), (len(data), 3))
            method = first.frame.method
            self.assertEqual(
                (method.NAME, method.delivery_tag, method.multiple), ("Basic.Ack", 9, is_many)
            )
            self.assertIsNone(first_of(data[:-1]))

    def test_whatever_else_the_broker_says_is_left_to_pika(self) -> None:
        for method in (spec.Basic.Nack(9), spec.Basic.QosOk(), spec.Channel.CloseOk()):
            self.assertIsNone(first_of(joined(Method(3, method))))


class WritingTests(SynchronousTestCase):
    @holds
    @given(MESSAGES, st.booleans())
    def test_a_message_is_written_as_pika_writes_it(
        self, message: Message, is_mandatory: bool
    ) -> None:
        method = spec.Basic.Publish(
            exchange="pychron.command", routing_key="line.act", mandatory=is_mandatory
        )
        properties = to_pika(message)
        self.assertEqual(
            message_frames(3, method, properties, message.body),
            joined(Method(3, method), *content(properties, *[message.body] * bool(message.body))),
        )

    def test_what_is_unlike_ours_is_left_to_pika(self) -> None:
        method = spec.Basic.Publish(exchange="e", routing_key="t")
        for properties in (BasicProperties(headers={"a": 1}), BasicProperties(type="t" * 256)):
            self.assertIsNone(message_frames(3, method, properties, b"1"))
