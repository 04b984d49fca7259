"""Replies as the values that they stand for, and what is said of those that are none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from struct import pack

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client import answers
from pychron_comms.client.answers import ChecksumError, UnexpectedReplyError
from pychron_comms.client.outcome import BadReplyError, NoReplyError, no_reply, not_sent, reason
from pychron_comms.client.reaching import connect_to
from pychron_comms.wire.crc import compute_crc


class AnswerTests(SynchronousTestCase):
    def unexpected(self, read: Callable[[str, str], object], reply: str) -> str:
        return str(self.assertRaises(UnexpectedReplyError, read, "Get x", reply))

    def test_true_and_false_have_many_words(self) -> None:
        for reply, value in (
            *((word, True) for word in ("True", "OK", "open", "1")),
            *((word, False) for word in ("FALSE", "Closed", "close", "0")),
        ):
            self.assertIs(answers.state("Get x", reply), value)
        for reply in ("", "2", "on", "opened"):
            self.unexpected(answers.state, reply)

    def test_what_was_done_is_ok_in_any_letters(self) -> None:
        answers.check_done("Open A", "ok")
        for reply in ("", "OKAY", "True"):
            self.unexpected(answers.check_done, reply)

    def test_numbers_are_finite_and_whole_ones_whole(self) -> None:
        self.assertEqual(answers.number("Get x", "-1.5e3"), -1500.0)
        self.assertEqual(answers.whole_number("Get x", "-15"), -15)
        for reply in ("", "nan", "inf", "-inf", "1,5", "x", "4_500", "\u0664"):
            self.unexpected(answers.number, reply)
        for reply in ("", "1.0", "x"):
            self.unexpected(answers.whole_number, reply)

    def test_a_text_is_not_empty(self) -> None:
        self.assertEqual(answers.text("Get x", " "), " ")
        for reply in ("", "No Response"):
            self.unexpected(answers.text, reply)

    def test_names_are_parted_by_commas(self) -> None:
        for reply, names in (("", ()), (" , ", ()), ("A", ("A",)), (" A, B C ,,", ("A", "B C"))):
            self.assertEqual(answers.names(reply), names)

    def test_bytes_are_in_base64_and_nothing_else(self) -> None:
        self.assertEqual(answers.base64("Get x", "AAE="), b"\x00\x01")
        for reply in ("AAE", "A*E=", "AAE= "):
            self.unexpected(answers.base64, reply)

    def test_pairs_are_of_floats(self) -> None:
        blob = pack("<4f", 1.0, 2.5, -3.0, 0.0)
        self.assertEqual(answers.pairs(blob), [(1.0, 2.5), (-3.0, 0.0)])
        self.assertEqual(answers.pairs(b""), [])
        error = self.assertRaises(ValueError, answers.pairs, blob[:-1])
        self.assertEqual(str(error), "15 bytes are no pairs of 4-byte floats")

    def test_a_word_ends_with_its_checksum(self) -> None:
        word = "A1B0"
        whole = word + compute_crc(word.encode())
        self.assertEqual(answers.checked_word("GetStateWord", whole), word)
        error = self.assertRaises(ChecksumError, answers.checked_word, "GetStateWord", f"X{whole}")
        self.assertEqual(
            str(error),
            f"outcome unknown: GetStateWord was answered 'X{whole}', whose checksum is wrong",
        )

    def test_a_long_reply_is_shown_by_its_beginning(self) -> None:
        for length, shown in ((80, "x" * 80), (81, "x" * 80 + "...")):
            self.assertEqual(
                self.unexpected(answers.state, "x" * length),
                f"outcome unknown: Get x was answered '{shown}'",
            )


class OutcomeTests(SynchronousTestCase):
    def test_of_what_was_not_sent_it_is_said_why_and_what_mends_it(self) -> None:
        other = ssl.SSLError(1, "wrong")
        other.reason = "WRONG_VERSION_NUMBER"
        mends = "is it written right, is the network there?"
        nobody = "nothing listens there (pychron-lab run starts a laboratory)"
        for error, why in (
            (TimeoutError(), "no connection within 2.5 s"),
            (TimeoutError(110, "Connection timed out"), "Connection timed out"),
            (ConnectionRefusedError(111, "Connection refused"), f"Connection refused; {nobody}"),
            (FileNotFoundError(2, "No such file"), f"No such file; {nobody}"),
            (
                socket.gaierror(-2, "unknown"),
                f"unknown; no computer of that name is known here: {mends}",
            ),
            (
                ssl.SSLCertVerificationError(1, "not trusted"),
                "not trusted; trustRoots=FILE behind the port names the laboratory's own "
                "authority, its ca.pem",
            ),
            (other, "wrong; no TLS is spoken there: tcp: in place of tls:, or another port?"),
            (OSError(5, "broken"), "broken"),
        ):
            told = not_sent("tcp:lab:1", "Open A", error, 2.5, "k")
            self.assertEqual(str(told), f"'Open A' was never sent to tcp:lab:1: {why}")
            self.assertEqual(
                (told.server, told.command, told.why, told.key), ("tcp:lab:1", "Open A", why, "k")
            )

    def test_of_what_was_sent_it_is_said_what_came_back(self) -> None:
        for error, kind, why in (
            (TimeoutError(), NoReplyError, "no reply within 2.5 s"),
            (
                ConnectionError("closed by the server"),
                NoReplyError,
                "the connection was lost (closed by the server)",
            ),
            (OSError(104, "reset"), NoReplyError, "the connection was lost (reset)"),
            (ValueError("two replies"), BadReplyError, "two replies"),
        ):
            told = no_reply("tcp:lab:1", "Open A", error, 2.5, "k")
            self.assertIsInstance(told, kind)
            self.assertEqual(str(told), f"outcome unknown of 'Open A', sent to tcp:lab:1: {why}")
            self.assertEqual((told.command, told.key), ("Open A", "k"))

    def test_an_error_without_words_is_named(self) -> None:
        self.assertEqual(reason(ConnectionResetError()), "ConnectionResetError")
        self.assertEqual(reason(ValueError("no")), "no")


class ListenerTests(SynchronousTestCase):
    def test_a_listener_is_reached_by_this_computer_where_it_can_be(self) -> None:
        for listen, way in (
            ("tcp:1061", "tcp:127.0.0.1:1061"),
            ("tcp:port=1061", "tcp:127.0.0.1:1061"),
            ("tcp:1061:interface=0.0.0.0", "tcp:127.0.0.1:1061"),
            ("tcp:1061:backlog=5:interface=10.0.0.2", "tcp:10.0.0.2:1061"),
            ("udp:1061", ""),
            ("tcp:x", ""),
            ("systemd:domain=INET:index=0", ""),
        ):
            self.assertEqual(connect_to(listen), way, listen)
        self.assertEqual(connect_to("udp:1061", ("tcp", "udp")), "udp:127.0.0.1:1061")
