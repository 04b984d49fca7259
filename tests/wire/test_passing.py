"""Replies whose text is passed on as it came: the client gets what it would get of the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import (
    numbered_replies,
    parse_reply,
    payload_length,
    tagged_reply,
)
from pychron_comms.wire.rendering import render
from pychron_comms.wire.replies import ReplyDecoder
from tests.properties import holds

TEXTS = st.text(max_size=30) | st.text(st.characters(codec="ascii"), max_size=30)


class PassingTests(SynchronousTestCase):
    def line(self, identifier: str, text: str) -> bytes:
        """The line of a reply, without its end."""
        return tagged_reply(identifier, text).partition(b"\r\n")[0]

    @holds
    @given(TEXTS, st.sampled_from(["", "7", "a b"]), st.sampled_from([None, FrameFormat(4)]))
    def test_it_is_rendered_as_its_text_is(
        self, text: str, identifier: str, frame: FrameFormat | None
    ) -> None:
        line = self.line("12", text)
        for number, passed in numbered_replies(line + b"\r\n"):
            whole = parse_reply(line, b"")
            self.assertEqual((number.decode(), passed.decode()), (whole.tags["id"], whole.text))
            self.assertEqual(
                render(identifier, passed, frame), render(identifier, whole.text, frame)
            )

    def test_nearly_every_reply_is_one(self) -> None:
        for text in ("OK", "True", "1.5,2.5", "ERROR 011 : no way", '{"a": 1}'):
            found = numbered_replies(self.line("12", text) + b"\r\n")
            self.assertEqual(found, [(b"12", text.encode())])

    def test_all_of_a_chunk_are_or_none(self) -> None:
        self.assertEqual(
            numbered_replies(b"@id=1 OK\r\n@id=2 1.5\r\n"), [(b"1", b"OK"), (b"2", b"1.5")]
        )
        event = b"@event=state;seq=1 {}\r\n"
        for other in (
            b"@id=2 \xc3\xa9\r\n",
            b"@id=2 O",
            b"x @id=2 OK\r\n",
            b"@id=2 OK\n",
            b"\n",
            event,
        ):
            self.assertEqual(numbered_replies(b"@id=1 OK\r\n" + other), [], other)
        self.assertEqual(numbered_replies(event + b"@id=1 OK\r\n"), [])
        self.assertEqual(numbered_replies(b"x @id=2 OK\r\n@id=1 OK\r\n"), [])

    def test_one_that_speaks_of_an_event_is_read_as_others_are(self) -> None:
        line = self.line("1", "ERROR 003 : invalid command: @event=x")
        self.assertEqual(numbered_replies(line + b"\r\n"), [])
        replies = list(ReplyDecoder(payload_length, 64).feed(line + b"\r\n"))
        self.assertEqual(replies, [(line, b"")])

    def test_behind_one_that_is_not_whole_there_is_none(self) -> None:
        for begun in (b"@id=1 x", b"@id=1;len=30 \r\n", b"@id=1;len=2 \r\na"):
            decoder = ReplyDecoder(payload_length, 64)
            self.assertEqual(decoder.numbered(b"@id=9 OK\r\n"), [(b"9", b"OK")])
            list(decoder.feed(begun))
            self.assertEqual((decoder.numbered(b"@id=2 OK\r\n"), decoder.is_idle), ([], False))

    def test_what_a_payload_holds_is_none(self) -> None:
        self.assertEqual(numbered_replies(b"@id=1;len=10 \r\n@id=2 OK\r\n"), [])

    def test_others_are_not(self) -> None:
        for line in (
            b"@id=a OK",
            b"@id=1;len=3 ",
            b"@id=1 ",
            b"@id=1  OK",
            b"@id=1 \xc3\xa9",
            b"@id=1 a\rb",
            b"@id=1 a\x07",
            b"@event=state;seq=1 {}",
            b"OK",
            b"@id=" + b"1" * 19 + b" OK",
        ):
            self.assertEqual(numbered_replies(line + b"\r\n"), [], line)
