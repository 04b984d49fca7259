"""What the server is put together from: each part is given what it needs, and asked at its time."""

from __future__ import annotations

import io
import pathlib
import tempfile
from contextlib import redirect_stdout
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import fail, succeed
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python import usage

from pychron_comms.errors import PychronCommunicationError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.server import tap
from pychron_comms.server.service import RemoteHardwareServer
from pychron_comms.server.settings import ServerSettings, parse_listener
from tests.server.test_server import Transport
from tests.server.test_services import ServiceCase


class ClientCase(ServiceCase):
    def client(self, port: int) -> tuple[Any, Transport]:
        (listener,) = (each for where, each, *_ in self.reactor.tcpServers if where == port)
        peer = IPv4Address("TCP", "127.0.0.1", 40000)
        client, transport = listener.buildProtocol(peer), Transport(peerAddress=peer)
        client.makeConnection(transport)
        return client, transport


class ListenerTests(ClientCase):
    def test_an_open_listener_names_the_types_of_every_route(self) -> None:
        path = self.configuration(
            """
            [server]
            processor = "unix:/run/valves.sock"
            [server.routes]
            Furnace = "unix:/run/furnace.sock"
            """
        )
        self.start(self.make(tap, "--config", path, "--listen", "*=tcp:9060", "--http", "off"))
        client, transport = self.client(9060)
        client.dataReceived(b"Help\r")
        self.assertIn(b" Furnace ", transport.value())

    def test_while_it_stops_a_client_that_is_there_is_refused(self) -> None:
        service = self.make(
            tap, "--processor", "unix:/x", "--listen", "System=tcp:9061", "--http", "off"
        )
        service.privilegedStartService()
        service.startService()
        (_, factory, *_) = self.reactor.unixClients[0]
        hop = StringTransportWithDisconnection()
        hop.protocol = factory.buildProtocol(None)
        hop.protocol.makeConnection(hop)
        client, transport = self.client(9061)
        client.dataReceived(b"@id=1 Open A\r")
        self.assertIn(b"Open A", hop.value())
        stopped = service.stopService()
        client.dataReceived(b"@id=2 Open B\r")
        self.assertIn(b"@id=2 ERROR 209", transport.value())
        self.reactor.pump([0.1] * 200)
        self.successResultOf(stopped)


class Supervision:
    """Keeps how the status is asked."""

    def show(self, status: Any) -> None:
        self.status = status

    def setServiceParent(self, parent: object) -> None:
        """Started by nobody."""


class StatusTests(ServiceCase):
    """What a supervisor shows in a line."""

    def told(self, result: Any, *, local: bool) -> str:
        settings = ServerSettings(
            listeners=[parse_listener("System=tcp:9061")], processor="" if local else "unix:/x"
        )
        metrics = Metrics()
        gate = None
        if local:
            hardware, laboratory = laboratory_from(None)
            gate = gate_from_config(hardware, laboratory, self.reactor, metrics)
        supervision: Any = Supervision()
        server = RemoteHardwareServer(settings, gate, self.reactor, metrics, supervision)
        ways: Any = server._ways
        self.patch(ways.repeater, "test_connection", lambda: result)
        return str(self.successResultOf(supervision.status()))

    def test_whose_the_hardware_is(self) -> None:
        self.assertEqual(self.told(succeed(None), local=True), "owns the hardware")
        self.assertEqual(self.told(succeed(None), local=False), "connected to the processor")

    def test_why_there_is_no_processor(self) -> None:
        away = PychronCommunicationError("unix:/x", "not connected")
        told = self.told(fail(away), local=False)
        self.assertTrue(told.startswith("no processor: "), told)
        self.assertIn("not connected", told)


class OptionTests(ServiceCase):
    def test_only_a_server_that_owns_the_hardware_knows_which_types_there_are(self) -> None:
        self.assertRaises(usage.UsageError, self.make, tap, "--listen", "Furnace=tcp:9061")
        path = self.configuration("[server]\nprocessor = 'unix:/x'\n")
        for elsewhere in (("--processor", "unix:/x"), ("--config", path)):
            self.make(tap, "--listen", "Furnace=tcp:9061", *elsewhere)

    def test_a_reload_reads_the_same_file(self) -> None:
        made = []
        self.patch(tap, "Reload", lambda *arguments: made.append(arguments))
        path = self.configuration("[server]\nprocessor = 'unix:/x'\n")
        self.make(tap, "--config", path)
        ((first, read, _),) = made
        self.assertEqual(first.settings.processor, "unix:/x")
        self.assertEqual(read().settings.processor, "unix:/x")

    def test_a_check_opens_no_journal_of_alarms(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        journal = pathlib.Path(folder) / "alarms.journal"
        path = self.configuration(f'[alarms.journal]\nfile = "{journal.as_posix()}"\n')
        with redirect_stdout(io.StringIO()):
            error = self.assertRaises(SystemExit, self.make, tap, "--config", path, "--check")
        self.assertEqual((error.code, list(journal.parent.iterdir())), (0, []))

    def test_an_owner_of_hardware_that_is_here_is_a_mistake(self) -> None:
        path = self.configuration('[processor]\ntrust = ["10.0.0.1"]\nowner = "10.0.0.1"\n')
        error = self.assertRaises(SystemExit, self.make, tap, "--config", path)
        self.assertIn("processor.owner: the hardware is in the server's own process", str(error))
