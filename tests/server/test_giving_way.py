"""What is lost with a connection, if it must give way to another computer's."""

from __future__ import annotations

from pychron_comms.transport.connections import AWAITED, HELD, UNASKED, UNUSED
from tests.server.resend.resend_case import ConnectionCase


class WorthTests(ConnectionCase):
    def worth_after(self, line: bytes) -> int:
        handler, _ = self.connect()
        handler.dataReceived(line)
        return handler.worth

    def test_nothing_where_it_is_silent(self) -> None:
        self.assertEqual(self.worth_after(b""), UNASKED)
        self.assertEqual(self.worth_after(b"Open"), UNASKED)

    def test_nothing_more_where_all_is_answered(self) -> None:
        self.assertEqual(self.worth_after(b"no \x01 command\r"), UNUSED)

    def test_a_reply(self) -> None:
        self.assertEqual(self.worth_after(b"Open A\r"), AWAITED)

    def test_events(self) -> None:
        self.assertEqual(self.worth_after(b"@id=1 Subscribe *\r"), AWAITED)

    def test_a_lease(self) -> None:
        self.assertEqual(self.worth_after(b"Claim A 60 connection\r"), HELD)
