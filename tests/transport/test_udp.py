"""Listeners of datagrams, by their strings."""

from __future__ import annotations

from twisted.internet.protocol import DatagramProtocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.udp import is_open_to_the_network, udp_service


class _Reactor:
    """Counts who listens; it is its own port."""

    def __init__(self) -> None:
        self.listened: list[tuple[object, ...]] = []
        self.stopped = 0

    def listenUDP(self, *arguments: object) -> _Reactor:
        self.listened.append(arguments)
        return self

    def stopListening(self) -> None:
        self.stopped += 1


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
            reactor = _Reactor()
            service = udp_service(text, protocol, reactor)
            service.privilegedStartService()
            service.startService()
            self.assertEqual(reactor.listened, [(1061, protocol, interface, 65536)])
            service.stopService()
            service.stopService()
            self.assertEqual(reactor.stopped, 1)

    def test_without_a_privileged_start_it_listens_at_the_other(self) -> None:
        reactor = _Reactor()
        udp_service("udp:1061", DatagramProtocol(), reactor).startService()
        self.assertEqual(len(reactor.listened), 1)

    def test_what_is_none(self) -> None:
        for text in ("udp:", "udp:x", "udp:123456", "udp:1061:host=x", "tcp:1061"):
            error = self.assertRaises(
                ValueError, udp_service, text, DatagramProtocol(), MemoryReactorClock()
            )
            why = f"{text!r}: expected udp:PORT or udp:PORT:interface=ADDRESS"
            self.assertEqual(str(error), why)
