"""By which connection a plain command came, as a server says it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.copies import connection_of


class ConnectionTests(SynchronousTestCase):
    def test_it_is_what_stands_before_the_number(self) -> None:
        for ask, connection in (("c-1.3", "c-1"), ("a.b.12", "a.b"), ("udp.x.1", "udp.x")):
            self.assertEqual(connection_of(ask), connection)

    def test_datagrams_share_none(self) -> None:
        for ask in ("udp.1", "udp.2", ""):
            self.assertEqual(connection_of(ask), "")
