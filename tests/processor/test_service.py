"""The processor's service: over its own listener, as a server meets it."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import Table
from pychron_comms.errors import SecurityError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor import service as module
from pychron_comms.processor.assembly import gate_from_config
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
        if not service.running:
            return
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

    def test_what_hangs_at_the_stop_is_named_and_not_waited_for(self) -> None:
        service: Any = self.start()
        for part in (service._gate, service._http, service._watches, *service._listeners):
            self.patch(part, "stopService", Deferred)
        service._standby = service._http
        self.connect()
        with capturedLogs() as logs:
            stopped = service.stopService()
            self.reactor.pump([0.05] * 600)
        self.successResultOf(stopped)
        told = [str(formatEvent(each)) for each in logs]
        self.assertEqual(
            [each.partition(";")[0] for each in told if "not over in" in each],
            [
                "the listeners: not over in 0.25 s",
                "the gate to the hardware: not over in 24.2 s",
                "the status page: not over in 0.25 s",
                "the watches: not over in 0.25 s",
                "the way by the broker: not over in 0.25 s",
                "unread replies: not over in 1 s",
            ],
        )

    def test_it_has_a_name_of_its_own(self) -> None:
        self.assertEqual(self.start().name, "pychron-processor")

    def test_its_health_is_looked_at_by_its_own_clock(self) -> None:
        made: list[Any] = []

        def http(settings: Any, children: Any, admit: Any, listen: Any, clock: Any) -> Any:
            made.append((children, clock))
            return MultiService()

        self.patch(module, "HttpService", http)
        service = self.start()
        ((_, clock),) = made
        self.assertIs(clock, self.reactor)
        looks = [each for each in service._watches if isinstance(each, module.HealthWatch)]
        self.assertEqual([each._loop.clock for each in looks], [self.reactor])

    def healths_made(self) -> list[Any]:
        """Each that a service makes from now on."""
        made: list[Any] = []

        class Health(module.Health):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                made.append(self)

        self.patch(module, "Health", Health)
        return made

    def test_until_it_has_started_and_when_it_stops_its_health_says_so(self) -> None:
        made = self.healths_made()
        service = self.start()
        self.assertTrue(made[0].is_ready)
        self.stop(service)
        condition, _ = made[0].look()["gate"]
        self.assertEqual((condition.well, condition.reason), (False, "not started, or stopping"))

    def test_one_whose_hardware_is_anothers_ends_and_says_why(self) -> None:
        service: Any = self.start()
        with capturedLogs() as logs:
            service._usurped("another has owned it")
        self.assertEqual(
            [formatEvent(each) for each in logs],
            ["pychron-processor ends, to begin anew: another has owned it"],
        )
        self.assertTrue(self.reactor.hasStopped)

    def test_who_is_not_one_of_its_hosts_sees_no_page(self) -> None:
        admitted: list[Any] = []

        def http(settings: Any, children: Any, admit: Any, listen: Any, clock: Any) -> Any:
            admitted.append(admit)
            return MultiService()

        self.patch(module, "HttpService", http)
        self.start('[access]\nhosts = ["10.0.0.1"]')
        (admit,) = admitted
        for host in ("10.0.0.1", "10.0.0.2"):
            transport = StringTransport(peerAddress=IPv4Address("TCP", host, 40000))
            if host == "10.0.0.1":
                admit(transport)
            else:
                self.assertRaises(SecurityError, admit, transport)

    def test_a_stop_ends_the_journal_of_what_has_begun(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        journal = pathlib.Path(folder) / "lab.journal"
        service = self.start(f'[journal]\nfile = "{journal.as_posix()}"')
        self.stop(service)
        self.assertIn('"event":"stop"', journal.read_text("utf-8").splitlines()[-1])

    def test_what_is_refused_in_its_last_moment_is_written_down(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        journal = pathlib.Path(folder) / "lab.journal"
        service: Any = self.start(f'[journal]\nfile = "{journal.as_posix()}"')
        server, transport = self.connect()
        self.patch(service._http, "stopService", Deferred)
        service.stopService()
        self.reactor.pump([0.01] * 3)
        server.dataReceived(b"@id=1;from=10.0.0.5 System|Open A\r\n")
        self.assertIn(b"@id=1 ERROR 209", transport.value())
        refused = journal.with_name("lab.journal.refused").read_text("utf-8")
        self.assertIn('"command":"Open A"', refused)
        self.reactor.pump([0.1] * 200)

    def test_its_health_tells_of_its_journal(self) -> None:
        made = self.healths_made()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        journal = pathlib.Path(folder) / "lab.journal"
        self.start(f'[journal]\nfile = "{journal.as_posix()}"')
        self.reactor.pump([0.5] * 6)
        told = {part: condition.well for part, (condition, _) in made[0].look().items()}
        self.assertEqual(told, {"journal": True, "gate": True})

    def test_what_it_gives_its_gate(self) -> None:
        given: dict[str, Any] = {}

        def gate(*arguments: Any, **options: Any) -> Any:
            given.update(options)
            return gate_from_config(*arguments, **options)

        self.patch(module, "gate_from_config", gate)
        self.start()
        self.assertEqual(list(given["more"]()), [])
        self.assertIsNone(given["through"])
        text = 'lab = "default"\n[processor]\nlisten = ["amqp:mq:set=a"]\n'
        settings, laboratory = laboratory_from(Table.parse(text, "lab.toml"))
        ProcessorService(settings, laboratory, MemoryReactorClock(), Metrics())
        self.assertTrue(callable(given["through"]))

    def test_who_has_only_stood_by_has_nothing_to_make_safe(self) -> None:
        text = 'lab = "default"\n[processor]\nlisten = ["amqp:mq:set=a"]\n'
        settings, laboratory = laboratory_from(Table.parse(text, "lab.toml"))
        service = ProcessorService(settings, laboratory, MemoryReactorClock(), Metrics())
        stopped: list[object] = []
        self.patch(service._gate, "stopService", lambda: stopped.append(1))
        self.successResultOf(service._stop_gate())
        self.assertEqual(stopped, [])

    def test_its_limits_and_its_name_are_those_of_its_connections(self) -> None:
        self.start("connections = 1")
        self.connect()
        shown = self.successResultOf(self.supervision.shown())
        self.assertEqual(shown, "connections: 1")
        _, transport = self.connect()
        self.assertNotEqual((transport.value(), transport.disconnecting), (b"", False))
        text = self.metrics.text()
        self.assertIn('connections_refused_total{listener="processor"} 1.0\n', text)
