"""``Subscribe``: who asks for it with an id is told how things stand, and what changes."""

from __future__ import annotations

from tests.observability.state.test_stream import valve
from tests.server.resend.resend_case import ConnectionCase


class SubscribeTests(ConnectionCase):
    def lines(self, line: bytes) -> list[bytes]:
        handler, self.transport = self.connect()
        handler.dataReceived(line)
        self.clock.advance(0)
        return self.transport.value().splitlines()

    def test_all_as_it_stands_and_each_change(self) -> None:
        self.dispatcher.stream.publish(valve())
        lines = self.lines(b"@id=1 Subscribe System/valve/*\r\n")
        self.assertIn(b"@id=1 OK", lines)
        topics = [line.partition(b";")[0] for line in lines if line.startswith(b"@event=")]
        self.assertEqual(topics, [b"@event=hello", b"@event=snapshot", b"@event=live"])
        self.transport.clear()
        self.dispatcher.stream.publish(valve(is_open=True))
        self.clock.advance(0)
        self.assertTrue(self.transport.value().startswith(b"@event=change;seq=2 {"))

    def test_who_comes_back_gets_what_it_missed(self) -> None:
        for opens in (True, False):
            self.dispatcher.stream.publish(valve(is_open=opens))
        lines = self.lines(b"@id=1 Subscribe * from=s1:1\r\n")
        self.assertEqual(sum(line.startswith(b"@event=change") for line in lines), 1)

    def test_wrong_patterns_and_places_get_206(self) -> None:
        for wish in (b"from=s1:1", b"* from=s1:x", b"a " * 10_000, b"*a" * 9):
            (line,) = self.lines(b"@id=1 Subscribe " + wish + b"\r\n")
            self.assertIn(b"@id=1 ERROR 206 : malformed request: Subscribe: ", line)

    def test_a_plain_client_is_told_no_events(self) -> None:
        self.assertEqual(self.lines(b"Subscribe *\r\n"), [])
        self.assertEqual(self.repeater.requests[-1][:2], ("System", "Subscribe *"))

    def test_a_connection_that_ends_is_told_no_more(self) -> None:
        handler, _ = self.connect()
        handler.dataReceived(b"@id=1 Subscribe *\r\n")
        self.lose(handler)
        self.assertEqual(self.dispatcher.stream.readers, 0)
