"""What a web page has a browser send to our ports is never run."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.other_protocols import other_protocol
from tests.transport.test_line_protocol import ProtocolCase

_POSTED = (
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1:1061\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 9\r\n\r\nsay open\n"
)


class PostedTests(ProtocolCase):
    def test_a_posted_command_is_not_run(self) -> None:
        texts = self.warnings()
        parrot, transport = self.connect()
        parrot.dataReceived(_POSTED)
        self.assertEqual(parrot.seen, [])
        self.assertTrue(transport.disconnecting)
        self.assertEqual(
            transport.value(),
            b"ERROR 206 : malformed request: commands are wanted here, not HTTP\r\n",
        )
        self.assertIn("speaks HTTP here", texts[0])

    def test_nor_is_one_that_comes_in_pieces(self) -> None:
        for size in (1, 3, 15, 16, 17, 40):
            parrot, transport = self.connect()
            for at in range(0, len(_POSTED), size):
                parrot.dataReceived(_POSTED[at : at + size])
            self.assertEqual((parrot.seen, transport.disconnecting), ([], True), size)

    def test_nor_one_behind_an_address_that_is_too_long_for_a_line(self) -> None:
        parrot, _ = self.connect(line_length=64)
        parrot.dataReceived(b"GET /" + b"x" * 200 + b" HTTP/1.1\r\nsay open\r\n\r\n")
        self.assertEqual(parrot.seen, [])

    def test_a_command_is_told_from_it(self) -> None:
        for line in (b"say open\r", b"GET\r", b"POST it to /\r", b"GETX /\r", b"@id=1 say x\r"):
            parrot, transport = self.connect()
            parrot.dataReceived(line)
            self.assertEqual((len(parrot.seen), transport.disconnecting), (1, False), line)

    def test_later_it_is_a_wrong_command_and_no_more(self) -> None:
        parrot, transport = self.connect()
        parrot.dataReceived(b"say a\r\n")
        parrot.dataReceived(b"GET / HTTP/1.1\r\n")
        self.assertFalse(transport.disconnecting)


class ProtocolTests(SynchronousTestCase):
    def test_it_is_told_by_the_first_bytes(self) -> None:
        for method in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"):
            self.assertEqual(other_protocol(method + b" /a?b=c HTTP/1.1\r\n"), "HTTP")
        self.assertEqual(other_protocol(b"GET http://127.0.0.1:1061/ HTTP/1.1"), "HTTP")
        # HTTP/2 of a client that asks for no leave.
        self.assertEqual(other_protocol(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP")
        self.assertEqual(other_protocol(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "TLS")
        self.assertEqual(other_protocol(b"Open A\r"), "")
        self.assertEqual(other_protocol(b"a command that is long"), "")
        self.assertIsNone(other_protocol(b"POST"))
