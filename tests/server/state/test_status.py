"""Who may look at a server's page: those whom its hosts admit, asked anew by each connection."""

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
from pychron_comms.server.state.status import ServerStatus


class Page(Service):
    def __init__(self, settings: Any, children: Any, admit: Any, listen: Any, clock: Any) -> None:
        self.admit = admit


class AdmissionTests(SynchronousTestCase):
    def test_who_is_not_in_hosts_sees_no_page(self) -> None:
        self.patch(status, "HttpService", Page)
        clock = Clock()
        server: Any = ServerStatus(
            HttpSettings(listen="off"),
            StateStream("s1", clock.seconds),
            Metrics(),
            admit=HostRule(["10.0.0.1"]).admit,
            listen=lambda *arguments: None,  # type: ignore[arg-type, return-value]
            reactor=clock,
            now=clock.seconds,
        )
        for _ in range(2):
            server.http.admit(self.connection("10.0.0.1"))
            self.assertRaises(SecurityError, server.http.admit, self.connection("10.0.0.2"))

    def connection(self, host: str) -> StringTransport:
        return StringTransport(peerAddress=IPv4Address("TCP", host, 40000))
