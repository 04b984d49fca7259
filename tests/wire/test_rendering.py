"""A reply as the bytes that its client takes, however it asked and whatever the text holds."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import event_line
from pychron_comms.wire.rendering import render


class EventTests(SynchronousTestCase):
    def test_an_event_is_one_line_whatever_it_says(self) -> None:
        for text, said in (
            ("OK", b"OK"),
            ("a\r\nb", b"a\\nb"),
            ("\udc80", b"?"),
            ("é", "é".encode()),
        ):
            self.assertEqual(event_line("state", 7, text), b"@event=state;seq=7 %b\r\n" % said)


class RenderingTests(SynchronousTestCase):
    def test_a_text_that_is_bytes_already_is_what_the_text_would_be(self) -> None:
        for identifier in ("", "7", "a b"):
            for frame in (None, FrameFormat(4)):
                self.assertEqual(
                    render(identifier, b"A0,B1", frame), render(identifier, "A0,B1", frame)
                )

    def test_who_put_an_id_on_it_gets_that_and_no_frame(self) -> None:
        for text in ("OK", b"OK"):
            self.assertEqual(render("7", text, FrameFormat(4)), b"@id=7 OK\r\n")
        self.assertEqual(render("", "OK"), b"OK\r\n")

    def test_a_frame_holds_the_text_as_it_is(self) -> None:
        frame = FrameFormat(4)
        self.assertEqual(frame.decode(render("", "a\r\nb", frame)), b"a\r\nb")
        self.assertEqual(frame.decode(render("", "caf\u00e9", frame)), "caf\u00e9".encode())

    def test_what_utf_8_cannot_write_still_goes_out(self) -> None:
        frame = FrameFormat(4)
        self.assertEqual(frame.decode(render("", "jog\udce9", frame)), b"jog?")
        self.assertEqual(render("", "jog\udce9"), b"jog?\r\n")

    def test_what_does_not_fit_its_frame_is_an_error_that_does(self) -> None:
        for digits in (2, 3):
            frame = FrameFormat(digits)
            most = 16**digits - 1 - digits - 4
            self.assertEqual(frame.decode(render("", "x" * most, frame)), b"x" * most)
            self.assertEqual(
                frame.decode(render("", "\u00e9" * most, frame)),
                f"ERROR 213 : reply too long: {2 * most} bytes, at most {most}".encode(),
            )
            told = frame.decode(render("", "x" * (most + 1), frame))
            expected = f"ERROR 213 : reply too long: {most + 1} bytes, at most {most}"
            self.assertEqual(told, expected.encode())
