"""What is lost with a connection, if it must give way to another computer's."""

from __future__ import annotations

from pychron_comms.transport.connections import AWAITED, HELD, UNUSED
from tests.server.resend.resend_case import ConnectionCase


class WorthTests(ConnectionCase):
    def worth_after(self, line: bytes) -> int:
        handler, _ = self.connect()
        handler.dataReceived(line)
        return handler.worth

    def test_nothing_where_it_is_silent(self) -> None:
        self.assertEqual(self.worth_after(b""), UNUSED)
        self.assertEqual(self.worth_after(b"Open"), UNUSED)

    def test_a_reply(self) -> None:
        self.assertEqual(self.worth_after(b"Open A\r"), AWAITED)

    def test_events(self) -> None:
        self.assertEqual(self.worth_after(b"@id=1 Subscribe *\r"), AWAITED)

    def test_a_lease(self) -> None:
        self.assertEqual(self.worth_after(b"Claim A 60 connection\r"), HELD)
