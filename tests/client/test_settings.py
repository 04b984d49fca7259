"""What a communicator is told when it is made, and the time that an asker has."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.link.deadline import Deadline
from pychron_comms.client.link.dialect import Dialect, Form, checked_seconds
from pychron_comms.client.link.numbering import Numbering
from pychron_comms.errors import MalformedRequestError
from pychron_comms.wire.crc import compute_crc


class DialectTests(SynchronousTestCase):
    def test_writes_plain_and_tagged_lines(self) -> None:
        dialect = Dialect.parse("auto", "\r", "", "")
        self.assertEqual(dialect.plain("Open A"), b"Open A\r")
        self.assertEqual(
            dialect.tagged(7, "k-7", 1.5, "Open A"), b"@id=7;key=k-7;within=1.500 Open A\r"
        )
        self.assertEqual(dialect.probe(1), b"@id=1 PychronReady\r")

    def test_puts_the_type_before_the_command(self) -> None:
        dialect = Dialect.parse("plain", "\r\n", "", "CO2")
        self.assertEqual(dialect.plain("Enable"), b"CO2|Enable\r\n")
        self.assertEqual(
            dialect.tagged(1, "k", 2.0, "Enable"), b"@id=1;key=k;within=2.000 CO2|Enable\r\n"
        )

    def test_frames_make_auto_plain(self) -> None:
        self.assertIs(Dialect.parse("auto", "\r", "L4,-,C4", "").form, Form.PLAIN)

    def test_refuses_what_contradicts_itself(self) -> None:
        for arguments, why in (
            (("yaml", "\r", "", ""), "'yaml' is not a valid Form"),
            (("auto", "", "", ""), "'' ends no line; CR, LF and CRLF do"),
            (("auto", ";", "", ""), "';' ends no line; CR, LF and CRLF do"),
            (("tagged", "\r", "L4,-,C4", ""), "tagged replies are never framed"),
            (("plain", "\r", "C4", ""), "'C4' is no message frame; L4,-,C4 is one"),
        ):
            error = self.assertRaises(ValueError, Dialect.parse, *arguments)
            self.assertEqual(str(error), why)

    def test_without_a_frame_a_form_is_what_was_said(self) -> None:
        for form in Form:
            dialect = Dialect.parse(form.value, "\n", "", "")
            closes = form is Form.CLOSING
            self.assertEqual((dialect.form, dialect.frame), (Form.PLAIN if closes else form, None))
            self.assertEqual(dialect.closes, closes)

    def test_plain_replies_may_be_framed(self) -> None:
        for form in ("plain", "auto"):
            frame = Dialect.parse(form, "\r", "L4,-,C4", "").frame
            assert frame is not None
            self.assertEqual(frame.decode(b"000aOK" + compute_crc(b"OK").encode()), b"OK")

    def test_a_command_is_one_line_of_text(self) -> None:
        dialect = Dialect.parse("auto", "\r", "", "")
        dialect.check("SetLight µ")
        for command, why in (
            ("", "no command"),
            ("  ", "no command"),
            ("\u2003", "no command"),
            ("Open A\nOpen B", "a line end inside a command"),
            ("Open A\r", "a line end inside a command"),
            ("Open \ud800", "'Open \\ud800' cannot be written as UTF-8"),
        ):
            error = self.assertRaises(MalformedRequestError, dialect.check, command)
            self.assertEqual(str(error), f"malformed request: {why}")

    def test_a_key_is_what_a_tag_can_hold(self) -> None:
        dialect = Dialect.parse("auto", "\r", "", "")
        for key in ("k", "run-7.Z_9:a", "k" * 128):
            dialect.check("Open A", key)
        for key in ("k" * 129, "a b", "a;b", "a=b", "ä", "k\n"):
            error = self.assertRaises(MalformedRequestError, dialect.check, "Open A", key)
            why = "is no key: 1 to 128 of letters, digits, . _ : -"
            self.assertEqual(str(error), f"malformed request: {key!r} {why}")


class TimeTests(SynchronousTestCase):
    def test_a_timeout_has_a_range(self) -> None:
        for seconds in (86400, 0.001):
            self.assertEqual(checked_seconds(seconds), seconds)
        for seconds in (0, -1, 86401, float("inf"), float("nan")):
            error = self.assertRaises(ValueError, checked_seconds, seconds)
            why = f"timeout={seconds}: expected seconds, above 0 and at most 86400"
            self.assertEqual(str(error), why)

    def test_a_deadline_passes(self) -> None:
        clock = Clock()
        deadline = Deadline(2.0, clock.seconds)
        clock.advance(1.5)
        self.assertEqual(deadline.left(), 0.5)
        self.assertEqual(deadline.part(0.25).left(), 0.25)
        self.assertEqual(deadline.part(1.0).left(), 0.5)
        clock.advance(0.5)
        self.assertRaises(TimeoutError, deadline.left)

    def test_numbers_and_keys_are_used_once(self) -> None:
        one, other = Numbering(), Numbering()
        self.assertEqual([one.advance(), one.advance(), one.last], [1, 2, 2])
        keys = {one.key(), (one.advance(), one.key())[1], (other.advance(), other.key())[1]}
        self.assertEqual(len(keys), 3)


class ArgumentTests(SynchronousTestCase):
    def test_a_tls_context_is_for_tls(self) -> None:
        import ssl  # noqa: PLC0415

        context = ssl.create_default_context()
        Communicator("tls:lab:1067", tls=context).close()
        Communicator("tls:lab:1067").close()
        error = self.assertRaises(ValueError, Communicator, "tcp:lab:1067", tls=context)
        self.assertEqual(str(error), "'tcp:lab:1067': a TLS context is for tls: alone")

    def test_a_bad_argument_is_told_at_once(self) -> None:
        self.assertRaises(ValueError, Communicator, "lab:1067")
        self.assertRaises(ValueError, Communicator, "tcp:lab:1067", timeout=0)
        with Communicator("tcp:lab:1067", form="plain") as asker:
            self.assertRaises(ValueError, asker.ask, "Open A", timeout=-1)
