"""The services that serve Qtegra's clients, put together."""

from __future__ import annotations

import io
import pathlib
import tempfile
from contextlib import redirect_stdout
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.qtegra_server import tap
from pychron_comms.qtegra_server.service import RemoteControlServer
from pychron_comms.server.command_server import RemoteCommandServer
from pychron_comms.server.dispatcher import RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.settings import (
    DEFAULT_PORTS,
    QTEGRA,
    ListenerSettings,
    ServerSettings,
    read_server_settings,
)
from tests.doubles import ScriptedRepeater, UnaskedCatalogue, reports_to
from tests.listening import shared
from tests.qtegra.test_wire import ADDRESS, Datagrams
from tests.qtegra_exchanges import INVALID


class Reactor(MemoryReactorClock):
    """Takes datagram ports too."""

    def __init__(self) -> None:
        super().__init__()
        self.udp: list[tuple[int, Any]] = []

    def listenUDP(self, port: int, protocol: Any, *args: Any, **kwargs: Any) -> Any:
        self.udp.append((port, protocol))
        return self

    def stopListening(self) -> None:
        """As a datagram port."""


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()

    def start(self, *arguments: str) -> None:
        options = tap.Options()
        options.parseOptions(list(arguments))
        service: Any = tap.makeService(options, self.reactor)
        service.privilegedStartService()
        service.startService()
        self.addCleanup(service.stopService)

    def configuration(self, text: str) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "lab.toml")
        path.write_text(text)
        return str(path)

    def ask(self, line: bytes) -> bytes:
        """By datagram."""
        protocol = self.reactor.udp[0][1]
        protocol.transport = transport = Datagrams()
        protocol.datagramReceived(line, ADDRESS)
        return transport.sent[0][0] if transport.sent else b""

    def test_without_options_it_listens_at_1069_on_loopback(self) -> None:
        self.start()
        self.assertEqual([port for port, _ in self.reactor.udp], [1069])
        ((port, factory, _, interface),) = self.reactor.tcpServers
        self.assertEqual((port, interface), (1069, "127.0.0.1"))
        self.assertEqual(factory.logPrefix(), "RemoteControlServer")
        self.assertEqual(self.reactor.udp[0][1].logPrefix(), "RemoteControlServer (UDP)")

    def test_listeners_of_the_command_line_replace_the_others(self) -> None:
        self.start("--listen", "udp:9069", "-l", "tcp:9070")
        self.assertEqual([port for port, _ in self.reactor.udp], [9069])
        self.assertEqual([port for port, *_ in self.reactor.tcpServers], [9070])

    def test_it_is_an_argus_that_answers(self) -> None:
        self.start()
        self.assertEqual(self.ask(b"GetHV\r"), b"4.5")
        self.assertEqual(self.ask(b"SetHV"), INVALID.encode())
        self.reactor.advance(2)
        self.assertTrue(self.ask(b"GetData").startswith(b"H2,"))

    def test_untagged(self) -> None:
        self.start("--untagged")
        self.reactor.advance(2)
        self.assertEqual(len(self.ask(b"GetData").split(b",")), 6)

    def test_faithful(self) -> None:
        self.start("--faithful")
        self.assertEqual(self.ask(b"SetHV"), b"")

    def test_configured(self) -> None:
        self.start(
            "--config",
            self.configuration(
                """
                seed = 5
                [server]
                launch = []
                [spectrometer]
                kind = "helix-sft"
                tag_data = false
                """
            ),
        )
        self.reactor.advance(2)
        self.assertEqual(len(self.ask(b"GetData").split(b",")), 3)

    def test_a_mistake_ends_the_start_with_one_line(self) -> None:
        path = self.configuration("[spectrometer]\nkin = 1")
        error = self.assertRaises(SystemExit, self.start, "--config", path)
        self.assertIn("spectrometer.kin: no such key is known", str(error))
        error = self.assertRaises(SystemExit, self.start, "--listen", "udp:x")
        self.assertIn("expected udp:PORT or udp:PORT:interface=ADDRESS", str(error))

    def test_check(self) -> None:
        output = io.StringIO()
        with redirect_stdout(output):
            error = self.assertRaises(SystemExit, self.start, "--check")
        self.assertEqual(error.code, 0)


class StopTests(SynchronousTestCase):
    def test_a_stop_waits_for_commands_in_flight(self) -> None:
        waiting: Any = Deferred()

        async def execute(line: str) -> str:
            return str(await waiting)

        reactor = Reactor()
        anything: Any = execute
        server = RemoteControlServer(anything, ["tcp:1069", "udp:1069"], reactor, Metrics())
        server.privilegedStartService()
        server.startService()
        client = reactor.tcpServers[0][1].buildProtocol(IPv4Address("TCP", "10.0.0.2", 1))
        transport = StringTransport()
        client.makeConnection(transport)
        client.dataReceived(b"GetHV\r")
        stopped = server.stopService()
        reactor.pump([0.1] * 10)
        self.assertNoResult(stopped)
        waiting.callback("4.5")
        self.assertEqual(transport.value(), b"4.5")
        client.connectionLost()
        reactor.pump([0.1] * 10)
        self.successResultOf(stopped)
        self.assertEqual(reactor.getDelayedCalls(), [])


class ListenerTests(SynchronousTestCase):
    """A listener of the server that Qtegra's clients take for Qtegra."""

    def test_it_is_there_by_default_at_1062(self) -> None:
        (listener,) = [each for each in ServerSettings().listeners if each.kind == QTEGRA]
        self.assertEqual(listener.request_type, DEFAULT_PORTS[1062])
        self.assertEqual(
            listener.listen, ["tcp:1062:interface=127.0.0.1", "udp:1062:interface=127.0.0.1"]
        )

    def test_configured(self) -> None:
        table = Table.parse(
            '[[listener]]\nkind = "qtegra"\ntype = "Spectrometer"\nlisten = ["udp:1"]', "lab.toml"
        )
        (listener,) = read_server_settings(table).listeners
        table.finish()
        self.assertEqual(
            listener,
            ListenerSettings(request_type="Spectrometer", listen=["udp:1"], kind="qtegra"),
        )

    def test_it_serves_nothing_but_spectrometers(self) -> None:
        table = Table.parse(
            '[[listener]]\nkind = "qtegra"\ntype = "CO2"\nlisten = ["udp:1"]', "lab.toml"
        )
        self.assertRaises(ConfigError, read_server_settings, table)

    def test_it_asks_the_road(self) -> None:
        reactor, repeater = Reactor(), ScriptedRepeater()
        settings = ListenerSettings(
            request_type="Spectrometer", listen=["udp:1062", "tcp:1062"], kind=QTEGRA
        )
        anything: Any = reactor
        launcher = Launcher([], anything)
        dispatcher = RequestDispatcher(
            "Spectrometer",
            repeater,
            UnaskedCatalogue(repeater, reactor),
            reports_to(repeater, reactor),
            launcher=launcher,
            stream=StateStream("s1", lambda: 0.0),
            metrics=Metrics(),
        )
        server = RemoteCommandServer(settings, dispatcher, reactor, shared(reactor))
        server.privilegedStartService()
        server.startService()
        self.addCleanup(server.stopService)
        reactor.udp[0][1].datagramReceived(b"GetHV\r", ADDRESS)
        self.assertIn(("Spectrometer", "Qtegra GetHV", "10.0.0.2", None), repeater.requests)
        names = [reactor.udp[0][1].logPrefix(), reactor.tcpServers[0][1].logPrefix()]
        self.assertEqual(
            names,
            [
                "RemoteCommandServer for Spectrometer (UDP)",
                "RemoteCommandServer for Spectrometer",
            ],
        )
