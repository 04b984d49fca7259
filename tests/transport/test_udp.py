"""Listeners of datagrams, by their strings."""

from __future__ import annotations

from twisted.internet.protocol import DatagramProtocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.udp import is_open_to_the_network, udp_service


class UDPTests(SynchronousTestCase):
    def test_what_is_open_to_the_network(self) -> None:
        for text, is_open in (
            ("udp:1061", True),
            ("udp:1061:interface=0.0.0.0", True),
            ("udp:1061:interface=10.0.0.5", True),
            ("udp:1061:interface=127.0.0.1", False),
            (r"udp:1061:interface=\:\:1", False),
            (r"udp:1061:interface=\:\:", True),
            ("tcp:1061", False),
        ):
            self.assertEqual((text, is_open_to_the_network(text)), (text, is_open))

    def test_where_it_listens(self) -> None:
        protocol = DatagramProtocol()
        for text, interface in (
            ("udp:1061", ""),
            ("udp:1061:interface=127.0.0.1", "127.0.0.1"),
            (r"udp:1061:interface=\:\:1", "::1"),
        ):
            service = udp_service(text, protocol, MemoryReactorClock())
            self.assertEqual(service.args, (1061, protocol, interface, 65536))

    def test_what_is_none(self) -> None:
        for text in ("udp:", "udp:x", "udp:123456", "udp:1061:host=x", "tcp:1061"):
            error = self.assertRaises(
                ValueError, udp_service, text, DatagramProtocol(), MemoryReactorClock()
            )
            why = f"{text!r}: expected udp:PORT or udp:PORT:interface=ADDRESS"
            self.assertEqual(str(error), why)
