"""Bytes to lines and replies, however the network cuts them."""

from __future__ import annotations

import sys
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import Reply, parse_reply, payload_length, tagged_reply
from pychron_comms.wire.lines import TOO_LONG, LineDecoder, TelnetFilter
from pychron_comms.wire.replies import ReplyDecoder
from tests.properties import cuts, holds, one_by_one, segments

Lines = list[bytes | None]

LIMIT = 16

TERMINATORS = [b"\r", b"\n", b"\r\n", b"\r\x00"]

#: What telnet clients say beside the text.
NEGOTIATIONS = {
    "WILL ECHO": b"\xff\xfb\x01",
    "WONT ECHO": b"\xff\xfc\x01",
    "DO SUPPRESS GO AHEAD": b"\xff\xfd\x03",
    "DONT LINEMODE": b"\xff\xfe\x22",
    "an option whose number is a line feed": b"\xff\xfb\x0a",
    "an option whose number is 255": b"\xff\xfd\xff",
    "no operation": b"\xff\xf1",
    "are you there": b"\xff\xf6",
    "a subnegotiation": b"\xff\xfa\x18\x00XTERM\r\n\xff\xf0",
    "an empty subnegotiation": b"\xff\xfa\xff\xf0",
    "a subnegotiation with a doubled 255": b"\xff\xfa\x1f\xff\xff\x00\xff\xf0",
}


def fed(pieces: list[bytes], limit: int = LIMIT) -> Lines:
    decoder = LineDecoder(limit)
    return [line for piece in pieces for line in decoder.feed(piece)]


def events(work: Callable[[], object]) -> int:
    """How many calls ``work`` makes, of Python and of C: its cost, without a clock."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


class TerminatorTests(SynchronousTestCase):
    def test_each_terminator_ends_a_line(self) -> None:
        for terminator in TERMINATORS:
            lines = fed([b"Open A" + terminator + b"Close A" + terminator])
            self.assertEqual(lines, [b"Open A", b"Close A"], msg=repr(terminator))

    def test_each_terminator_ends_a_line_in_one_byte_segments(self) -> None:
        for terminator in TERMINATORS:
            lines = fed(one_by_one(b"Open A" + terminator + b"Close A" + terminator))
            self.assertEqual(lines, [b"Open A", b"Close A"], msg=repr(terminator))

    def test_terminators_may_be_mixed(self) -> None:
        self.assertEqual(fed([b"a\rb\nc\r\nd\r\x00e\n"]), [b"a", b"b", b"c", b"d", b"e"])

    def test_a_carriage_return_acts_at_once(self) -> None:
        self.assertEqual(LineDecoder(LIMIT).feed(b"Open A\r"), [b"Open A"])

    def test_a_line_feed_in_a_later_segment_belongs_to_its_carriage_return(self) -> None:
        decoder = LineDecoder(LIMIT)
        self.assertEqual(decoder.feed(b"Open A\r"), [b"Open A"])
        self.assertEqual(decoder.feed(b""), [])
        self.assertEqual(decoder.feed(b"\nClose A\r"), [b"Close A"])

    def test_a_nul_in_a_later_segment_belongs_to_its_carriage_return(self) -> None:
        decoder = LineDecoder(LIMIT)
        self.assertEqual(decoder.feed(b"Open A\r"), [b"Open A"])
        self.assertEqual(decoder.feed(b"\x00Close A\r"), [b"Close A"])

    def test_only_one_nul_belongs_to_a_carriage_return(self) -> None:
        self.assertEqual(fed([b"a\r\x00", b"\x00b\r"]), [b"a", b"\x00b"])
        self.assertEqual(fed([b"a\r\x00\x00b\r"]), [b"a", b"\x00b"])

    def test_only_one_byte_of_a_later_segment_belongs_to_a_carriage_return(self) -> None:
        for end in (b"\n", b"\x00"):
            self.assertEqual(fed([b"a\r", end, b"\x00b\r"]), [b"a", b"\x00b"])

    def test_a_nul_elsewhere_stays_for_the_grammar_to_refuse(self) -> None:
        self.assertEqual(fed([b"Op\x00en\r"]), [b"Op\x00en"])

    def test_a_line_may_come_in_pieces(self) -> None:
        decoder = LineDecoder(LIMIT)
        self.assertEqual(decoder.feed(b"Op"), [])
        self.assertEqual(decoder.feed(b"en A"), [])
        self.assertEqual(decoder.feed(b"B\rCl"), [b"Open AB"])
        self.assertEqual(decoder.feed(b"ose\n"), [b"Close"])

    def test_lines_of_blanks_are_nothing(self) -> None:
        self.assertEqual(fed([b"\r\r\n\n", b"  \r\t\n", b" ", b"\r", b"a\n"]), [b"a"])

    def test_blanks_around_a_line_are_left_to_the_grammar(self) -> None:
        self.assertEqual(fed([b" a \r"]), [b" a "])

    def test_other_line_ends_of_unicode_end_no_line(self) -> None:
        line = "a\x0b\x0c\x1c\x85\u2028b".encode()
        self.assertEqual(fed([line + b"\r"]), [line])


class PendingTests(SynchronousTestCase):
    def test_pending_is_what_has_come_of_a_line(self) -> None:
        decoder = LineDecoder(LIMIT)
        self.assertEqual(decoder.unfinished, b"")
        decoder.feed(b"Open A\rClo")
        decoder.feed(b"se")
        self.assertEqual(decoder.unfinished, b"Close")

    def test_take_pending_ends_the_line(self) -> None:
        decoder = LineDecoder(LIMIT)
        decoder.feed(b"Open A")
        self.assertEqual(decoder.take_pending(), [b"Open A"])
        self.assertEqual(decoder.unfinished, b"")

    def test_take_pending_of_nothing_is_nothing(self) -> None:
        decoder = LineDecoder(LIMIT)
        self.assertEqual(decoder.take_pending(), [])
        decoder.feed(b"Open A\r")
        self.assertEqual(decoder.take_pending(), [])
        self.assertEqual(decoder.feed(b"\nClose A\r"), [b"Close A"])

    def test_take_pending_of_blanks_is_nothing(self) -> None:
        decoder = LineDecoder(LIMIT)
        decoder.feed(b"  ")
        self.assertEqual(decoder.take_pending(), [])
        self.assertEqual(decoder.unfinished, b"")

    def test_take_pending_of_an_over_long_line_says_so(self) -> None:
        decoder = LineDecoder(LIMIT)
        decoder.feed(b"x" * (LIMIT + 1))
        self.assertEqual(decoder.unfinished, b"")
        self.assertEqual(decoder.take_pending(), [TOO_LONG])
        self.assertEqual(decoder.take_pending(), [])

    def test_a_terminator_that_comes_after_all_ends_nothing_more(self) -> None:
        decoder = LineDecoder(LIMIT)
        decoder.feed(b"Open A")
        decoder.take_pending()
        self.assertEqual(decoder.feed(b"\r\nClose A\r"), [b"Close A"])

    def test_take_pending_ends_the_line_inside_a_negotiation_too(self) -> None:
        decoder = LineDecoder(LIMIT)
        decoder.feed(b"Open A\xff\xfb")
        self.assertEqual(decoder.take_pending(), [b"Open A"])
        self.assertEqual(decoder.feed(b"\x01Close A\r"), [b"Close A"])


class LimitTests(SynchronousTestCase):
    def test_a_line_of_exactly_the_limit_is_kept(self) -> None:
        line = b"x" * LIMIT
        for terminator in TERMINATORS:
            data = line + terminator
            self.assertEqual(fed([data]), [line], msg=f"whole, {terminator!r}")
            self.assertEqual(fed(one_by_one(data)), [line], msg=f"in bytes, {terminator!r}")
            self.assertEqual(fed([line, terminator]), [line], msg=f"end apart, {terminator!r}")

    def test_a_line_of_one_byte_more_is_not(self) -> None:
        line = b"x" * (LIMIT + 1)
        for terminator in TERMINATORS:
            data = line + terminator
            self.assertEqual(fed([data]), [TOO_LONG], msg=f"whole, {terminator!r}")
            self.assertEqual(fed(one_by_one(data)), [TOO_LONG], msg=f"in bytes, {terminator!r}")
            self.assertEqual(fed([line, terminator]), [TOO_LONG], msg=f"end, {terminator!r}")
            self.assertEqual(fed([data[:1], data[1:]]), [TOO_LONG], msg=f"rest, {terminator!r}")

    def test_an_over_long_line_is_told_of_once_and_in_its_place(self) -> None:
        data = b"Open A\r" + b"x" * 10 * LIMIT + b"\rClose A\r"
        for size in [1, 7, LIMIT, LIMIT + 1, len(data)]:
            pieces = [data[start : start + size] for start in range(0, len(data), size)]
            self.assertEqual(fed(pieces), [b"Open A", TOO_LONG, b"Close A"], msg=f"by {size}")

    def test_two_over_long_lines_are_told_of_twice(self) -> None:
        self.assertEqual(fed([b"x" * 20, b"\r" + b"y" * 20, b"y\r"]), [TOO_LONG, TOO_LONG])

    def test_an_over_long_line_is_told_of_when_it_ends(self) -> None:
        decoder = LineDecoder(LIMIT)
        self.assertEqual(decoder.feed(b"x" * 100), [])
        self.assertEqual(decoder.feed(b"x" * 100), [])
        self.assertEqual(decoder.feed(b"\r"), [TOO_LONG])

    def test_nothing_of_an_over_long_line_is_kept(self) -> None:
        decoder = LineDecoder(LIMIT)
        decoder.feed(b"x" * 100)
        decoder.feed(b"x")
        self.assertEqual(decoder.unfinished, b"")

    def test_blanks_count(self) -> None:
        self.assertEqual(fed([b" " * (LIMIT + 1) + b"\r"]), [TOO_LONG])
        self.assertEqual(fed(one_by_one(b" " * (LIMIT + 1) + b"\r")), [TOO_LONG])

    def test_telnet_does_not_count(self) -> None:
        line = b"x" * LIMIT
        self.assertEqual(fed([b"\xff\xfb\x01" + line + b"\xff\xf1\r"]), [line])


class TelnetTests(SynchronousTestCase):
    def test_negotiation_is_skipped_wherever_it_stands(self) -> None:
        for name, negotiation in NEGOTIATIONS.items():
            data = negotiation + b"Op" + negotiation + b"en A" + negotiation + b"\r"
            self.assertEqual(fed([data]), [b"Open A"], msg=name)
            self.assertEqual(fed(one_by_one(data)), [b"Open A"], msg=f"{name}, in bytes")

    def test_negotiation_may_be_split_anywhere(self) -> None:
        for name, negotiation in NEGOTIATIONS.items():
            data = b"Open" + negotiation + b" A\r"
            for cut in range(len(data)):
                lines = fed([data[:cut], data[cut:]])
                self.assertEqual(lines, [b"Open A"], msg=f"{name}, cut at {cut}")

    def test_negotiation_may_stand_between_cr_and_lf(self) -> None:
        for name, negotiation in NEGOTIATIONS.items():
            self.assertEqual(fed([b"a\r", negotiation, b"\nb\r"]), [b"a", b"b"], msg=name)

    def test_a_doubled_255_is_one_byte_of_the_line(self) -> None:
        self.assertEqual(fed([b"a\xff\xffb\r"]), [b"a\xffb"])
        self.assertEqual(fed([b"a\xff", b"\xffb\r"]), [b"a\xffb"])

    def test_the_end_mark_counts_only_behind_255(self) -> None:
        self.assertEqual(fed([b"\xff\xfa\xf0\xff\xfa\xff\xf0a\r"]), [b"a"])

    def test_a_segment_of_negotiation_alone_gives_nothing(self) -> None:
        decoder = LineDecoder(LIMIT)
        self.assertEqual(decoder.feed(b"\xff\xfb\x01"), [])
        self.assertEqual(decoder.unfinished, b"")

    def test_the_filter_knows_whether_it_is_inside(self) -> None:
        telnet = TelnetFilter()
        self.assertFalse(telnet.inside)
        self.assertEqual(telnet.feed(b"a\xff"), b"a")
        self.assertTrue(telnet.inside)
        self.assertEqual(telnet.feed(b"\xfb"), b"")
        self.assertTrue(telnet.inside)
        self.assertEqual(telnet.feed(b"\x01b"), b"b")
        self.assertFalse(telnet.inside)


ordinary_bytes = st.integers(0, 255).filter(lambda byte: byte not in b"\r\n\x00")
lines_of_text = st.lists(ordinary_bytes, max_size=2 * LIMIT).map(bytes)
sent_lines = st.lists(st.tuples(lines_of_text, st.sampled_from(TERMINATORS)), max_size=8)
sprinkles = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(sorted(NEGOTIATIONS.values()))), max_size=6
)


class AnySplitTests(SynchronousTestCase):
    @holds
    @given(sent_lines, sprinkles, cuts)
    def test_the_lines_that_were_sent_come_out(
        self,
        sent: list[tuple[bytes, bytes]],
        negotiations: list[tuple[int, bytes]],
        positions: list[int],
    ) -> None:
        units = [unit for line, end in sent for unit in one_by_one(line + end)]
        units = [unit.replace(b"\xff", b"\xff\xff") for unit in units]
        for place, negotiation in negotiations:
            units.insert(place % (len(units) + 1), negotiation)
        expected = [
            TOO_LONG if len(line) > LIMIT else line
            for line, _ in sent
            if len(line) > LIMIT or line.strip()
        ]
        self.assertEqual(fed(segments(b"".join(units), positions)), expected)

    @holds
    @given(st.lists(st.sampled_from(b"\r\n\x00\xff\xfa\xf0\xfb ab"), max_size=80).map(bytes), cuts)
    def test_a_cut_changes_nothing(self, data: bytes, positions: list[int]) -> None:
        whole, parts = LineDecoder(4), LineDecoder(4)
        expected = whole.feed(data)
        lines = [line for piece in segments(data, positions) for line in parts.feed(piece)]
        self.assertEqual(lines, expected)
        self.assertEqual(parts.unfinished, whole.unfinished)
        self.assertEqual(parts.take_pending(), whole.take_pending())

    @holds
    @given(st.lists(st.sampled_from(b"\r\n\x00\xffa"), max_size=12).map(bytes))
    def test_no_single_cut_changes_anything(self, data: bytes) -> None:
        expected = fed([data])
        for cut in range(len(data)):
            self.assertEqual(fed([data[:cut], data[cut:]]), expected, msg=f"cut at {cut}")

    @holds
    @given(st.binary())
    def test_single_bytes_give_what_the_whole_gives(self, data: bytes) -> None:
        self.assertEqual(fed(one_by_one(data)), fed([data]))


class LineCostTests(SynchronousTestCase):
    def cost(self, data: bytes, limit: int) -> int:
        decoder = LineDecoder(limit)
        return events(lambda: [decoder.feed(piece) for piece in one_by_one(data)])

    def assertLinear(self, unit: bytes, limit: int) -> None:
        small, large = self.cost(unit * 512, limit), self.cost(unit * 2048, limit)
        self.assertLess(large, 4.1 * small)

    def test_four_times_as_long_a_line_is_four_times_the_work(self) -> None:
        self.assertLinear(b"x", limit=1 << 20)

    def test_four_times_as_long_a_line_that_is_skipped_is_four_times_the_work(self) -> None:
        self.assertLinear(b"x", limit=16)

    def test_four_times_as_many_lines_are_four_times_the_work(self) -> None:
        self.assertLinear(b"Open A\r\n", limit=16)

    def test_four_times_as_much_telnet_is_four_times_the_work(self) -> None:
        self.assertLinear(b"\xff\xfb\x01x", limit=16)

    def test_a_mebibyte_in_single_bytes_is_one_line(self) -> None:
        decoder = LineDecoder(1 << 20)
        for _ in range(1 << 20):
            decoder.feed(b"x")
        self.assertEqual(decoder.feed(b"\r"), [b"x" * (1 << 20)])


def replies_of(pieces: list[bytes], limit: int = 64) -> list[tuple[bytes, bytes]]:
    decoder = ReplyDecoder(payload_length, limit)
    return [reply for piece in pieces for reply in decoder.feed(piece)]


class ReplyDecoderTests(SynchronousTestCase):
    def test_lf_and_crlf_end_a_reply(self) -> None:
        self.assertEqual(replies_of([b"OK\r\nTrue\n"]), [(b"OK", b""), (b"True", b"")])

    def test_a_cr_alone_ends_none(self) -> None:
        self.assertEqual(replies_of([b"Argon\rXenon\r\n"]), [(b"Argon\rXenon", b"")])

    def test_an_empty_reply_is_a_reply(self) -> None:
        self.assertEqual(replies_of([b"\r\n\n"]), [(b"", b""), (b"", b"")])

    def test_a_reply_may_come_in_pieces(self) -> None:
        decoder = ReplyDecoder(payload_length, 64)
        self.assertEqual(list(decoder.feed(b"O")), [])
        self.assertEqual(list(decoder.feed(b"K\r")), [])
        self.assertEqual(list(decoder.feed(b"\nTr")), [(b"OK", b"")])
        self.assertEqual(list(decoder.feed(b"ue\r\n")), [(b"True", b"")])

    def test_a_payload_follows_its_line_as_it_is(self) -> None:
        data = b"@id=1;len=6 \r\na\r\nb\n\xffOK\r\n"
        expected = [(b"@id=1;len=6 ", b"a\r\nb\n\xff"), (b"OK", b"")]
        self.assertEqual(replies_of([data]), expected)
        self.assertEqual(replies_of(one_by_one(data)), expected)

    def test_a_payload_may_come_in_pieces(self) -> None:
        decoder = ReplyDecoder(payload_length, 64)
        self.assertEqual(list(decoder.feed(b"@len=4 \r\nab")), [])
        self.assertEqual(list(decoder.feed(b"c")), [])
        self.assertEqual(
            list(decoder.feed(b"\nTrue\r\n")), [(b"@len=4 ", b"abc\n"), (b"True", b"")]
        )

    def test_a_reply_and_a_payload_of_exactly_the_limit_are_taken(self) -> None:
        data = b"@len=64 \n" + b"p" * 64 + b"x" * 64 + b"\n"
        expected = [(b"@len=64 ", b"p" * 64), (b"x" * 64, b"")]
        self.assertEqual(replies_of([data]), expected)
        self.assertEqual(replies_of(one_by_one(data)), expected)

    def test_a_reply_of_more_than_the_limit_is_an_error(self) -> None:
        cases = {
            "whole": [b"x" * 65 + b"\n"],
            "without its end": [b"x" * 65],
            "in pieces": [b"x" * 64, b"x"],
            "behind another": [b"OK\r\n" + b"x" * 65 + b"\nOK\r\n"],
            "a payload": [b"@len=65 \n"],
            "a payload that is there": [b"@len=65 \n" + b"p" * 65],
        }
        for name, pieces in cases.items():
            error = self.assertRaises(ValueError, replies_of, pieces)
            self.assertEqual(str(error), "a reply of more than 64 bytes", msg=name)

    @holds
    @given(st.lists(st.tuples(st.text(min_size=1), st.text() | st.text("a\r\n"))), cuts)
    def test_what_was_replied_comes_out_for_any_cut(
        self, sent: list[tuple[str, str]], positions: list[int]
    ) -> None:
        data = b"".join(tagged_reply(asked, text) for asked, text in sent)
        replies = [
            parse_reply(*reply) for reply in replies_of(segments(data, positions), limit=1 << 20)
        ]
        self.assertEqual([reply.tags["id"] for reply in replies], [asked for asked, _ in sent])
        self.assertEqual([told(reply) for reply in replies], [kept(text) for _, text in sent])

    @holds
    @given(
        st.lists(st.sampled_from([b"\r", b"\n", b"a", b"@len=3 \n", b"@len=9 "])).map(b"".join),
        cuts,
    )
    def test_a_cut_changes_neither_replies_nor_errors(
        self, data: bytes, positions: list[int]
    ) -> None:
        def outcome(pieces: list[bytes]) -> object:
            try:
                return replies_of(pieces, limit=12)
            except ValueError as error:
                return str(error)

        self.assertEqual(outcome(segments(data, positions)), outcome([data]))

    def test_four_times_the_bytes_are_four_times_the_work(self) -> None:
        def cost(data: bytes) -> int:
            return events(lambda: replies_of(one_by_one(data), limit=1 << 20))

        units = {
            "a long line": (b"x" * 512, b"x" * 2048),
            "many replies": (b"OK\r\n" * 512, b"OK\r\n" * 2048),
            "a long payload": (b"@len=5000 \n" + b"\n" * 1000, b"@len=5000 \n" + b"\n" * 4000),
        }
        for name, (small, large) in units.items():
            self.assertTrue(cost(large) < 4.1 * cost(small), msg=name)

    def test_a_mebibyte_of_payload_in_single_bytes_is_one_reply(self) -> None:
        size = 1 << 20
        decoder = ReplyDecoder(payload_length, size)
        list(decoder.feed(b"@len=%d \r\n" % size))
        for _ in range(size - 1):
            list(decoder.feed(b"\n"))
        self.assertEqual(list(decoder.feed(b"\n")), [(b"@len=%d " % size, b"\n" * size)])


def told(reply: Reply) -> str:
    return reply.text


def kept(text: str) -> str:
    return text if "\n" in text or "\r" in text else text.lstrip()


class FrameFormatTests(SynchronousTestCase):
    def test_frames_are_those_of_the_remote_hardware_server(self) -> None:
        frame = FrameFormat.parse("L4,-,C4")
        self.assertEqual(frame.encode(b"OK"), b"000AOK75b7")
        self.assertEqual(frame.encode(b"A0,B1,C0"), b"0010A0,B1,C03446")
        self.assertEqual(frame.encode(b"PychronReady"), b"0014PychronReady1065")

    def test_an_empty_text_has_a_frame(self) -> None:
        self.assertEqual(FrameFormat(4).encode(b""), b"0008ffff")

    def test_the_number_of_length_digits_can_be_chosen(self) -> None:
        self.assertEqual(FrameFormat.parse("L2,-,C4").encode(b"OK"), b"08OK75b7")

    def test_other_notations_are_refused(self) -> None:
        # No error fits in a frame of one digit, and one of none has no length.
        small = ["L0,-,C4", "L1,-,C4"]
        for text in [*small, "", "L4", "L4,-,C2", "L12,-,C4", "l4,-,c4", "L4,-,C4 ", " L4,-,C4"]:
            error = self.assertRaises(ValueError, FrameFormat.parse, text)
            expected = f"{text!r} is no message frame; L4,-,C4 is one"
            self.assertEqual(str(error), expected, msg=text)

    def test_a_text_that_just_fits_its_digits_is_framed(self) -> None:
        self.assertEqual(FrameFormat(1).encode(b"x" * 10)[:1], b"F")

    def test_a_text_too_long_for_its_digits_is_refused(self) -> None:
        error = self.assertRaises(ValueError, FrameFormat(1).encode, b"x" * 11)
        self.assertEqual(str(error), "11 bytes do not fit a frame of 1 digits")

    def test_what_was_framed_is_read_as_soon_as_it_is_whole(self) -> None:
        frame = FrameFormat(4)
        for text in (b"", b"OK", b"A0,B1,C0"):
            data = frame.encode(text)
            for length in range(len(data)):
                self.assertIsNone(frame.decode(data[:length]), data[:length])
            for end in (b"", b"\r\n", b"  "):
                self.assertEqual(frame.decode(data + end), text)
            # Pychron's own checksums have small letters, and some servers' large ones.
            self.assertEqual(frame.decode(data[:-4] + data[-4:].upper()), text)

    def test_what_is_no_frame_is_refused_with_the_reason(self) -> None:
        for data, why in (
            (b"OK\r\n", "no length in b'OK\\r\\n'"),
            (b"0007OK7", "a frame of 7 bytes"),
            (b"000AOK75b8", "checksum b'75b8' of a frame is wrong"),
            (b"000AOK75b7OK", "2 bytes behind a frame"),
        ):
            error = self.assertRaises(ValueError, FrameFormat(4).decode, data)
            self.assertEqual(str(error), why)
