"""The processor's service: over its own listener, as a server meets it."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor import service as module
from pychron_comms.processor.server_lease import ServerLease
from pychron_comms.processor.service import ProcessorService
from pychron_comms.processor.settings import laboratory_from

HERE = IPv4Address("TCP", "127.0.0.1", 40000)


class Supervision(module.Supervision):
    """Keeps what is shown of the service."""

    shown: Any = None

    def show(self, tell: Any) -> None:
        self.shown = tell


class ServiceTests(SynchronousTestCase):
    def start(self, processor: str = "") -> ProcessorService:
        self.reactor = MemoryReactorClock()
        self.patch(
            module, "ServerLease", lambda process, clock: ServerLease(process, clock, clock.seconds)
        )
        text = f'lab = "default"\n[processor]\n{processor}\n[http]\nprocessor = "off"\n'
        settings, laboratory = laboratory_from(Table.parse(text, "lab.toml"))
        self.metrics = Metrics()
        self.supervision = Supervision(None, None, self.reactor)
        service = ProcessorService(
            settings, laboratory, self.reactor, self.metrics, self.supervision
        )
        service.privilegedStartService()
        service.startService()
        self.addCleanup(self.stop, service)
        return service

    def stop(self, service: ProcessorService) -> None:
        stopped = service.stopService()
        self.reactor.pump([0.1] * 200)
        self.successResultOf(stopped)

    def connect(self) -> tuple[Any, StringTransport]:
        ((_, factory, _, _),) = self.reactor.tcpServers
        server, transport = factory.buildProtocol(HERE), StringTransport(peerAddress=HERE)
        server.makeConnection(transport)
        return server, transport

    def ask(self, server: Any, line: str) -> str:
        server.transport.clear()
        server.dataReceived(f"{line}\r\n".encode())
        self.reactor.pump([0.1] * 5)
        return str(server.transport.value().decode())

    def test_a_command_goes_to_the_hardware_and_its_reply_back(self) -> None:
        self.start()
        server, _ = self.connect()
        self.assertEqual(self.ask(server, "@id=1;from=10.0.0.5 System|Open A"), "@id=1 OK\r\n")
        reply = self.ask(server, "@id=2;from=10.0.0.5 System|GetValveState A")
        self.assertEqual(reply, "@id=2 True\r\n")

    def test_its_owner_gives_it_the_hardware_and_nothing_moves_before(self) -> None:
        self.start('owner = "127.0.0.1"')
        server, _ = self.connect()
        self.assertIn("ERROR 217", self.ask(server, "@id=1;from=10.0.0.5 System|Open A"))
        self.assertIn("pychron_comms_owns_hardware 0.0\n", self.metrics.text())
        _, free, token = self.ask(server, "@id=2 Lease s1 ask").split()
        self.assertEqual(free, "free")
        self.assertIn("owns", self.ask(server, f"@id=3 Lease s1 open {token}"))
        self.assertIn("pychron_comms_owns_hardware 1.0\n", self.metrics.text())
        self.assertEqual(self.ask(server, "@id=4;from=10.0.0.5 System|Open A"), "@id=4 OK\r\n")

    def test_what_a_lost_lease_leaves_is_made_safe(self) -> None:
        stream = self.start('owner = "127.0.0.1"')._gate.stream
        server, _ = self.connect()
        _, _, token = self.ask(server, "@id=1 Lease s1 ask").split()
        self.ask(server, f"@id=2 Lease s1 open {token}")
        self.ask(server, "@id=3;from=10.0.0.5 CO2|Enable")
        enabled = []
        # The lease lasts longer than the first look, and not than the second.
        for tenths in (10, 25):
            self.reactor.pump([0.1] * tenths)
            item = stream.get("CO2/enabled")
            assert item is not None
            enabled.append(item.value)
        self.assertEqual(enabled, [True, False])

    def test_its_limits_and_its_name_are_those_of_its_connections(self) -> None:
        self.start("connections = 1")
        self.connect()
        shown = self.successResultOf(self.supervision.shown())
        self.assertEqual(shown, "connections: 1")
        _, transport = self.connect()
        self.assertNotEqual((transport.value(), transport.disconnecting), (b"", False))
        text = self.metrics.text()
        self.assertIn('connections_refused_total{listener="processor"} 1.0\n', text)
