"""What telnet asks beside the text: that it was asked is told once, each time."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.lines import LineDecoder, TelnetFilter

DO_MARK = b"\xff\xfd\x06"


class MarkTests(SynchronousTestCase):
    def test_each_asking_is_told_once(self) -> None:
        telnet = TelnetFilter()
        self.assertFalse(telnet.take_mark())
        for _ in range(2):
            self.assertEqual(telnet.feed(b"a" + DO_MARK + b"b"), b"ab")
            self.assertEqual([telnet.take_mark(), telnet.take_mark()], [True, False])

    def test_other_options_are_no_mark(self) -> None:
        telnet = TelnetFilter()
        for other in (b"\xff\xfd\x01", b"\xff\xfb\x06", b"\xff\xfe\x06", b"\xff\xff\x06"):
            telnet.feed(other)
            self.assertFalse(telnet.take_mark(), other)

    def test_one_that_comes_in_pieces_is_one(self) -> None:
        decoder = LineDecoder(64)
        for piece, asked in ((b"a\xff", False), (b"\xfd", False), (b"\x06\xff", True)):
            decoder.feed(piece)
            self.assertEqual(decoder.mark_asked, asked)
        # Whoever answers it takes it back.
        decoder.mark_asked = False
        decoder.feed(b"\xf1b\r")
        self.assertFalse(decoder.mark_asked)

    def test_it_stays_asked_until_it_is_answered(self) -> None:
        decoder = LineDecoder(64)
        decoder.feed(DO_MARK)
        decoder.feed(b"\xff\xfb\x01Open A\r")
        self.assertTrue(decoder.mark_asked)


class SpoiltTests(SynchronousTestCase):
    def test_a_spoilt_byte_hides_neither_what_follows_nor_a_lines_end(self) -> None:
        for end in (b"\r\n", b"\n", b"\r"):
            lines = LineDecoder(64).feed(b"Open A\xff" + end + b"B" + end)
            self.assertEqual(lines, [b"Open A\xff", b"B"])
        self.assertEqual(LineDecoder(64).feed(b"Op\xffen A\r"), [b"Op\xffen A"])

    def test_telnets_own_words_are_none_of_the_line(self) -> None:
        for word in range(236, 250):
            self.assertEqual(LineDecoder(64).feed(b"Op\xff%cen A\r" % word), [b"Open A"])
