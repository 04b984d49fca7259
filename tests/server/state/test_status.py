"""What a server tells of itself, and who may look."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import SecurityError
from pychron_comms.observability.http.settings import HttpSettings
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.hosts import HostRule
from pychron_comms.server.state import status
from pychron_comms.server.state.status import Listener, ServerStatus


class Page(Service):
    def __init__(self, settings: Any, children: Any, admit: Any, listen: Any, clock: Any) -> None:
        self.admit = admit


class StatusCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(status, "HttpService", Page)
        self.clock = Clock()
        self.stream = StateStream("s1", self.clock.seconds)
        self.status: Any = ServerStatus(
            HttpSettings(listen="off"),
            self.stream,
            Metrics(),
            admit=HostRule(["10.0.0.1"]).admit,
            listen=lambda *arguments: None,  # type: ignore[arg-type, return-value]
            reactor=self.clock,
            now=self.clock.seconds,
        )


class AdmissionTests(StatusCase):
    def test_who_is_not_in_hosts_sees_no_page(self) -> None:
        """Asked anew by each connection."""
        for _ in range(2):
            self.status.http.admit(self.connection("10.0.0.1"))
            self.assertRaises(SecurityError, self.status.http.admit, self.connection("10.0.0.2"))

    def connection(self, host: str) -> StringTransport:
        return StringTransport(peerAddress=IPv4Address("TCP", host, 40000))


class ShownTests(StatusCase):
    def told(self, path: str) -> tuple[object, str]:
        item = self.stream.get(path)
        assert item is not None, path
        return item.value, item.unit

    def test_each_listener_is_told_with_what_waits_at_all_of_them(self) -> None:
        listeners = {
            "System": Listener(lambda: 1, lambda: 2),
            "CO2": Listener(lambda: 3, lambda: 5),
        }
        self.status.watch(listeners)
        self.status.startService()
        self.addCleanup(self.status.stopService)
        self.assertEqual(self.told("road/listener/System"), (1, "connection"))
        self.assertEqual(self.told("road/listener/CO2"), (3, "connections"))
        self.assertEqual(self.told("road/commands waiting"), (7, ""))

    def test_a_journal_of_the_servers_own_is_searched_until_it_stops(self) -> None:
        class Search:
            """One that is asked nothing."""

            stopped = False

            def find(self, question: str) -> None:
                """Never called."""

            def stop(self) -> None:
                self.stopped = True

        journal = Search()
        self.status.search("alarms", journal)
        self.assertEqual(self.status.searches["alarms"], journal.find)
        self.status.startService()
        self.status.stopService()
        self.assertTrue(journal.stopped)

    def test_of_a_processor_that_is_forgotten_nothing_is_left(self) -> None:
        mirror = self.status.mirror_of("tcp:a:1")
        self.status.searches["tcp:a:1"] = mirror
        self.assertIs(self.status.mirror("tcp:a:1"), mirror)
        before = dict(self.status.searches)
        self.status.forget_processor("tcp:a:1")
        self.assertIsNone(self.stream.get("road/processor/tcp:a:1"))
        self.assertEqual(set(before) - set(self.status.searches), {"tcp:a:1"})
        self.assertRaises(KeyError, self.status.mirror, "tcp:a:1")
