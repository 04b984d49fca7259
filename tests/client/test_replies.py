"""Bytes to replies: where a plain one ends, whose a tagged one is, what is none."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link import replies
from pychron_comms.client.link.replies import PlainReply, TaggedReplies
from pychron_comms.wire.frames import FrameFormat

FRAME = FrameFormat.parse("L4,-,C4")


class PlainTests(SynchronousTestCase):
    def test_a_line_feed_ends_a_reply_at_once(self) -> None:
        for data in (b"OK\n", b"OK\r\n", b" OK \r\n \r\n"):
            self.assertEqual(PlainReply(None).feed(data), "OK")

    def test_a_reply_may_come_in_pieces(self) -> None:
        reply = PlainReply(None)
        self.assertFalse(reply.may_be_whole)
        self.assertIsNone(reply.feed(b"Tr"))
        self.assertTrue(reply.may_be_whole)
        self.assertEqual(reply.feed(b"ue\r\n"), "True")

    def test_a_carriage_return_ends_nothing_since_lists_hold_it(self) -> None:
        reply = PlainReply(None)
        self.assertIsNone(reply.feed(b"Argon\rXenon"))
        self.assertEqual(reply.ended(), "Argon\rXenon")

    def test_without_an_end_the_end_of_the_connection_or_silence_ends_it(self) -> None:
        reply = PlainReply(None)
        reply.feed(b"OK")
        self.assertEqual((reply.ended(), reply.taken()), ("OK", "OK"))

    def test_an_end_without_anything_is_no_reply(self) -> None:
        error = self.assertRaises(ConnectionError, PlainReply(None).ended)
        self.assertEqual(str(error), "closed by the server without a reply")

    def test_two_replies_are_one_too_many(self) -> None:
        error = self.assertRaises(ValueError, PlainReply(None).feed, b"OK\r\nFalse\r\n")
        self.assertEqual(str(error), "two replies to one command: b'OK\\r\\nFalse\\r\\n'")

    def test_garbage_is_no_reply(self) -> None:
        for data, why in (
            (b"\xff\xfe\n", "no UTF-8: b'\\xff\\xfe\\n'"),
            (b"\x15\x03\x03\n", "control characters: b'\\x15\\x03\\x03\\n'"),
            (b"x" * 38 + b"\x00\n", f"control characters: b'{'x' * 38}\\x00\\n'"),
            (b"x" * 50 + b"\x00\n", f"control characters: b'{'x' * 40}'..."),
        ):
            error = self.assertRaises(ValueError, PlainReply(None).feed, data)
            self.assertEqual(str(error), why)

    def test_what_is_not_printable_may_be_no_control_character(self) -> None:
        """Qtegra joins its lists with CR; a name may hold any blank."""
        self.assertEqual(PlainReply(None).feed("a\rb\u2003c\td\n".encode()), "a\rb\u2003c\td")

    def test_a_reply_has_a_limit(self) -> None:
        self.patch(replies, "REPLY_LIMIT", 10)
        reply = PlainReply(None)
        self.assertIsNone(reply.feed(b"0123456789"))
        error = self.assertRaises(ValueError, reply.feed, b"0")
        self.assertEqual(str(error), "a reply of more than 10 bytes")

    def test_a_datagram_is_whole(self) -> None:
        self.assertEqual(PlainReply(None).datagram(b"OK"), "OK")
        self.assertEqual(PlainReply(None).datagram(b"OK\r\n"), "OK")
        self.assertEqual(PlainReply(None).datagram(b""), "")


class FramedTests(SynchronousTestCase):
    def test_a_frame_ends_where_it_says(self) -> None:
        frame = FRAME.encode(b"a\nb")
        reply = PlainReply(FRAME)
        self.assertIsNone(reply.feed(frame[:5]))
        self.assertFalse(reply.may_be_whole)
        self.assertEqual(reply.feed(frame[5:]), "a\nb")

    def test_a_cut_frame_is_no_reply(self) -> None:
        reply = PlainReply(FRAME)
        cut = FRAME.encode(b"OK")[:-1]
        reply.feed(cut)
        error = self.assertRaises(ValueError, reply.ended)
        self.assertEqual(str(error), f"the connection ended inside a frame: {cut!r}")
        error = self.assertRaises(ValueError, PlainReply(FRAME).datagram, cut)
        self.assertEqual(str(error), f"a datagram with a part of a frame: {cut!r}")

    def test_a_frame_in_a_datagram(self) -> None:
        self.assertEqual(PlainReply(FRAME).datagram(FRAME.encode(b"OK")), "OK")

    def test_every_length_and_checksum_is_checked(self) -> None:
        whole = FRAME.encode(b"OK")
        for data in (b"OK\r\n", b"0001", whole[:-1] + b"!", whole + b"x", b"0008" + b"0" * 4):
            self.assertRaises(ValueError, FRAME.decode, data)

    def test_upper_case_checksums_and_a_line_end_behind_are_taken(self) -> None:
        whole = FRAME.encode(b"True")
        self.assertEqual(FRAME.decode(whole[:-4] + whole[-4:].upper() + b"\r\n"), b"True")

    def test_a_frame_in_pieces_is_none_until_its_last_byte(self) -> None:
        whole = FRAME.encode(b"True")
        self.assertEqual({FRAME.decode(whole[:n]) for n in range(len(whole))}, {None})


class TaggedTests(SynchronousTestCase):
    def test_each_reply_bears_its_number(self) -> None:
        found = TaggedReplies().feed(b"@id=2 B\r\n@id=1;len=3 \r\na\nb")
        self.assertEqual(list(found), [(2, "B"), (1, "a\nb")])

    def test_a_reply_may_come_in_pieces(self) -> None:
        reading = TaggedReplies()
        self.assertEqual(list(reading.feed(b"@id=1 O")), [])
        self.assertEqual(list(reading.feed(b"K\r\n")), [(1, "OK")])

    def test_a_reply_alone_in_its_line_is_known_at_once(self) -> None:
        reading = TaggedReplies()
        for data, text in (
            (b"@id=7 OK\r\n", "OK"),
            (b"@id=7  a b \n", "a b "),
            (b"@id=7 \r\n", ""),
            (b"@id=8 OK\r\n", None),
            (b"@id=7;len=1 \r\n", None),
            (b"@id=7 OK", None),
            (b"@id=7 OK\r\n@id=7 OK\r\n", None),
            (b"", None),
        ):
            self.assertEqual(reading.only(data, 7), text, msg=data)

    def test_behind_a_part_of_another_it_is_not(self) -> None:
        for part in (b"@id=6 O", b"@id=6;len=9 \r\n"):
            reading = TaggedReplies()
            self.assertEqual(list(reading.feed(part)), [])
            self.assertIsNone(reading.only(b"@id=7 OK\r\n", 7))

    def test_however_they_are_cut_they_are_the_same(self) -> None:
        """Whole lines are known by a shorter way than their parts."""
        data = (
            b"@id=1  a b  c \r\n@id=22 \r\n@id=3\r\n@event=beat;seq=4 {}\r\n"
            b"@id=5 \xc2\xb5\r\n@id=6 d\n@id=7;x=y e\r\n@id=8 f\r\r\n@id=9 g\r\n"
        )
        told = [
            (1, "a b  c "),
            (22, ""),
            (3, ""),
            (5, "µ"),
            (6, "d"),
            (7, "e"),
            (8, "f\r"),
            (9, "g"),
        ]
        self.assertEqual(list(TaggedReplies().feed(data)), told)
        for at in range(len(data)):
            reading = TaggedReplies()
            found = [each for part in (data[:at], data[at:]) for each in reading.feed(part)]
            self.assertEqual((at, found), (at, told))

    def test_a_payload_may_look_like_lines(self) -> None:
        data = b"@id=1;len=10 \r\n@id=2 OK\r\n@id=3 OK\r\n"
        self.assertEqual(list(TaggedReplies().feed(data)), [(1, "@id=2 OK\r\n"), (3, "OK")])
        reading = TaggedReplies()
        self.assertEqual(list(reading.feed(data[:16])), [])
        self.assertEqual(list(reading.feed(data[16:])), [(1, "@id=2 OK\r\n"), (3, "OK")])

    def test_events_are_nobodys_reply(self) -> None:
        found = TaggedReplies().feed(b"@event=valves;seq=1 A open\r\n@id=1 OK\r\n")
        self.assertEqual(list(found), [(1, "OK")])

    def test_a_datagram_leaves_nothing_behind(self) -> None:
        reading = TaggedReplies()
        self.assertEqual(list(reading.datagram(b"@id=1 O")), [])
        self.assertEqual(list(reading.datagram(b"@id=2 OK\r\n")), [(2, "OK")])

    def test_garbage_is_refused(self) -> None:
        for data in (b"OK\r\n", b"@id=x OK\r\n", b"@id=\xb2 OK\r\n", b"@id=1 \xff\r\n", b"@ x\n"):
            reading = TaggedReplies()
            error = self.assertRaises(ValueError, lambda r=reading, d=data: list(r.feed(d)))
            self.assertRegex(str(error), "no reply of our kind|a reply without a number")
