"""The twistd services, put together from options and configuration, on a reactor in memory."""

from __future__ import annotations

import io
import json
import pathlib
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from twisted.application.service import IServiceMaker
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import (
    MemoryReactorClock,
    StringTransport,
    StringTransportWithDisconnection,
)
from twisted.logger import capturedLogs, formatEvent
from twisted.plugin import getPlugins
from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.factories import own_factories
from pychron_comms.interfaces import IRequestHandler, IRequestHandlerFactory, Reading
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import found
from pychron_comms.processor import tap as processor_tap
from pychron_comms.processor.assembly import gate_from_config, handlers_for
from pychron_comms.processor.execution.manager_queue import QUEUE_LIMIT
from pychron_comms.processor.service import HOP
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.server import tap as server_tap
from pychron_comms.transport.endpoints import client_endpoint, with_defaults
from pychron_comms.transport.schemes import stream_service
from tests.doubles import IdleHardware, ScriptedHandler
from tests.server.test_server import Transport

#: Where the two processes show themselves.
PAGES = (1070, 1071)


class Reactor(MemoryReactorClock):
    """Takes datagram ports and threads too, and refuses the ports that are ``taken``."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[int] = set()
        self.udp: list[int] = []

    def listenTCP(self, port: int, *args: Any, **kwargs: Any) -> Any:
        if port in self.taken:
            raise CannotListenError("127.0.0.1", port, OSError(98, "Address already in use"))
        return super().listenTCP(port, *args, **kwargs)

    def listenUDP(self, port: int, *args: Any, **kwargs: Any) -> Any:
        self.udp.append(port)
        return self

    def stopListening(self) -> None:
        """As a datagram port."""


class ServiceCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()

    def configuration(self, text: str) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "lab.toml"
        path.write_text(text)
        return str(path)

    def make(self, tap: Any, *arguments: str) -> Any:
        options = tap.Options()
        options.parseOptions(list(arguments))
        return tap.makeService(options, self.reactor)

    def start(self, service: Any) -> None:
        service.privilegedStartService()
        service.startService()
        self.addCleanup(service.stopService)

    def tcp_ports(self) -> list[int]:
        return [port for port, *_ in self.reactor.tcpServers if port not in PAGES]


class ServerServiceTests(ServiceCase):
    def test_without_options_the_whole_laboratory_is_one_process(self) -> None:
        self.start(self.make(server_tap))
        ports = [1060, 1061, 1062, 1064, 1065, 1066, 1067, 1068]
        self.assertEqual((self.tcp_ports(), self.reactor.udp), (ports, ports))
        self.assertEqual(self.reactor.unixClients, [])

    def test_it_shows_itself_on_loopback_or_where_it_is_told_or_not_at_all(self) -> None:
        for options, pages in (
            ((), [(1070, "127.0.0.1")]),
            (("--http", "tcp:9070"), [(9070, "")]),
            (("--http", "off"), []),
        ):
            self.reactor = Reactor()
            self.start(self.make(server_tap, "--listen", "System=tcp:9061", *options))
            servers = [(port, where) for port, _, _, where in self.reactor.tcpServers]
            self.assertEqual([each for each in servers if each[0] != 9061], pages)

    def test_a_page_whose_port_is_taken_keeps_nothing_from_starting_unless_it_was_chosen(
        self,
    ) -> None:
        self.reactor.taken = {1070, 9070}
        self.start(self.make(server_tap, "--listen", "System=tcp:9061"))
        self.assertEqual(self.tcp_ports(), [9061])
        chosen = self.make(server_tap, "--listen", "System=tcp:9061", "--http", "tcp:9070")
        self.assertRaises(SystemExit, chosen.privilegedStartService)

    def test_with_a_processor_elsewhere_it_connects_there(self) -> None:
        self.start(self.make(server_tap, "--processor", "unix:/run/x.sock"))
        self.assertEqual([path for path, *_ in self.reactor.unixClients], ["/run/x.sock"])

    def test_an_ordinary_stop_raises_no_alarm(self) -> None:
        path = self.configuration(
            """
            [server]
            processor = "unix:/run/x.sock"
            [[alarm]]
            name = "valve"
            item = "System/valve/B"
            is = [true]
            """
        )
        service = self.make(server_tap, "--config", path, "--listen", "System=tcp:9061")
        service.privilegedStartService()
        service.startService()
        (_, factory, *_) = self.reactor.unixClients[0]
        processor = factory.buildProtocol(None)
        processor.makeConnection(StringTransportWithDisconnection())
        processor.transport.protocol = processor
        item = found(Reading("System/valve/B", False), 1.0).as_json()
        snapshot = json.dumps({"items": [item]})
        processor.dataReceived(f"@event=snapshot;seq=1 {snapshot}\r\n".encode())
        processor.dataReceived(b"@event=live;seq=2 {}\r\n")
        self.reactor.advance(1.0)
        # A client that is slow to end its side holds up the stop.
        (listener,) = (each for port, each, *_ in self.reactor.tcpServers if port == 9061)
        listener.buildProtocol(IPv4Address("TCP", "127.0.0.1", 5)).makeConnection(Transport())
        with capturedLogs() as logs:
            stopped = service.stopService()
            self.reactor.pump([0.1] * 50)
        self.successResultOf(stopped)
        told = [str(formatEvent(each)) for each in logs]
        self.assertEqual([each for each in told if "alarm" in each], [])

    def test_a_stop_waits_for_a_client_that_is_slow_to_read_and_not_for_ever(self) -> None:
        service = self.make(server_tap, "--listen", "System=tcp:9061", "--http", "off")
        service.privilegedStartService()
        service.startService()
        ((_, listener, *_),) = self.reactor.tcpServers
        client = listener.buildProtocol(IPv4Address("TCP", "127.0.0.1", 5))
        client.makeConnection(StringTransport())
        stopped = service.stopService()
        self.reactor.pump([0.1] * 10)
        self.assertNoResult(stopped)
        self.reactor.pump([0.1] * 60)
        self.successResultOf(stopped)

    def test_a_stop_waits_for_nobody_where_nobody_is(self) -> None:
        service = self.make(server_tap, "--listen", "System=tcp:9061", "--http", "off")
        service.privilegedStartService()
        service.startService()
        stopped = service.stopService()
        self.reactor.pump([0.1] * 2)
        self.successResultOf(stopped)

    def test_listeners_of_the_command_line_replace_the_others(self) -> None:
        self.start(self.make(server_tap, "--listen", "System=tcp:9061", "-l", "*=tcp:9060"))
        self.assertEqual(self.tcp_ports(), [9061, 9060])

    def test_a_listener_that_is_none_is_a_usage_error(self) -> None:
        error = self.assertRaises(usage.UsageError, self.make, server_tap, "--listen", "1061")
        self.assertIn("'1061': expected TYPE=ENDPOINT", str(error))

    def test_routes_share_a_connection_to_each_processor(self) -> None:
        path = self.configuration(
            """
            [server]
            processor = "unix:/run/valves.sock"
            [server.routes]
            CO2 = "unix:/run/laser.sock"
            UV = "unix:/run/laser.sock"
            """
        )
        self.start(self.make(server_tap, "--config", path))
        paths = sorted(path for path, *_ in self.reactor.unixClients)
        self.assertEqual(paths, ["/run/laser.sock", "/run/valves.sock"])

    def test_a_mistake_ends_the_start_with_one_line(self) -> None:
        path = self.configuration("[server]\nprocesor = 'x'")
        error = self.assertRaises(SystemExit, self.make, server_tap, "--config", path)
        self.assertEqual(
            str(error),
            f"configuration: {path}:2: server.procesor: no such key is known; did you mean "
            "processor? (known here: budget, keep_replies, launch, listener, processor, routes)",
        )

    def test_datagrams_that_anybody_can_send_are_warned_of(self) -> None:
        listener = '[[server.listener]]\ntype = "System"\nlisten = ["{}"]\n'
        hosts = '[access]\nhosts = ["10.0.0.0/8"]\n'
        for endpoint, access, warned in (
            ("udp:1061", "", True),
            ("udp:1061:interface=10.0.0.1", "", True),
            ("udp:1061", hosts, False),
            ("udp:1061:interface=127.0.0.1", "", False),
            ("tcp:1061", "", False),
        ):
            path = self.configuration(listener.format(endpoint) + access)
            error, output = io.StringIO(), io.StringIO()
            with redirect_stderr(error), redirect_stdout(output):
                self.assertRaises(SystemExit, self.make, server_tap, "--config", path, "--check")
            warning = f"warning: {endpoint} takes commands from any computer"
            self.assertEqual(warning in error.getvalue(), warned, endpoint)
            with capturedLogs() as events:
                self.make(server_tap, "--config", path)
            logged = [str(event.get("text", "")) for event in events]
            self.assertEqual(any("any computer" in text for text in logged), warned, endpoint)

    def test_a_string_that_is_no_endpoint_ends_the_start(self) -> None:
        self.assertRaises(SystemExit, self.make, server_tap, "--processor", "over there")

    def test_check_says_so_and_does_not_start(self) -> None:
        output = io.StringIO()
        with redirect_stdout(output):
            error = self.assertRaises(SystemExit, self.make, server_tap, "--check")
        self.assertEqual(error.code, 0)
        self.assertEqual(
            output.getvalue(),
            "the built-in configuration, since --config names none: no mistakes found\n",
        )
        self.assertEqual(self.reactor.tcpServers, [])

    def test_a_check_tells_all_mistakes_and_a_start_the_first(self) -> None:
        path = self.configuration(
            "[http]\nserver = 5\n[access]\nhots = []\n[[extraction_line.valve]]\nname = 4\n"
        )
        keys = ["http.server", "access.hots", "extraction_line.valve[0].name"]
        for tap in (server_tap, processor_tap):
            ended = self.assertRaises(SystemExit, self.make, tap, "--config", path, "--check")
            lines = str(ended).splitlines()
            self.assertEqual([line.split(": ")[2] for line in lines], keys)
            started = self.assertRaises(SystemExit, self.make, tap, "--config", path)
            self.assertEqual(len(str(started).splitlines()), 1)

    def test_a_taken_port_ends_the_start_with_one_line(self) -> None:
        self.reactor.taken.add(1061)
        service = self.make(server_tap)
        error = self.assertRaises(SystemExit, service.privilegedStartService)
        self.assertTrue(str(error).startswith("pychron-server: cannot start: "))
        self.assertIn("1061", str(error))


class ProcessorServiceTests(ServiceCase):
    def test_listens_on_loopback_where_nothing_else_is_said(self) -> None:
        self.start(self.make(processor_tap))
        self.assertEqual(
            [(port, where) for port, _, _, where in self.reactor.tcpServers],
            [(1059, "127.0.0.1"), (1071, "127.0.0.1")],
        )

    def test_a_unix_socket_is_for_its_owner_alone(self) -> None:
        self.start(self.make(processor_tap, "--listen", "unix:/run/x.sock", "-l", "tcp:9059"))
        ((path, _, _, mode, _),) = self.reactor.unixServers
        self.assertEqual((path, mode), ("/run/x.sock", 0o600))
        self.assertEqual(self.tcp_ports(), [9059])

    def test_a_full_queue_of_one_manager_does_not_stop_a_server_from_being_read(self) -> None:
        self.assertGreater(HOP.in_flight, 10 * QUEUE_LIMIT)

    def test_a_mistake_ends_the_start_with_one_line(self) -> None:
        path = self.configuration("[processor]\nlisten = 1059")
        error = self.assertRaises(SystemExit, self.make, processor_tap, "--config", path)
        self.assertEqual(
            str(error),
            f"configuration: {path}:2: processor.listen: expected a list of texts, got 1059",
        )

    def test_one_file_serves_both_halves(self) -> None:
        path = self.configuration(
            """
            [server]
            processor = "tcp:127.0.0.1:9059"
            [processor]
            listen = ["tcp:9059"]
            simulated_lab = true
            """
        )
        self.start(self.make(processor_tap, "--config", path))
        self.start(self.make(server_tap, "--config", path))
        self.assertEqual(self.reactor.tcpClients[0][:2], ("127.0.0.1", 9059))

    def test_two_services_in_one_folder_have_pid_files_of_their_own(self) -> None:
        options = server_tap.Options()
        options.parent = {"pidfile": "twistd.pid"}
        options.parseOptions([])
        self.assertEqual(options.parent["pidfile"], "pychron-server.pid")
        options.parent = {"pidfile": "mine.pid"}
        options.parseOptions([])
        self.assertEqual(options.parent["pidfile"], "mine.pid")
        options.parent = {"pidfile": "twistd.pid"}
        options.parseOptions(["--check"])
        self.assertEqual(options.parent["pidfile"], "")

    def test_a_check_opens_no_journal(self) -> None:
        # The service that is checked may run, and have it open.
        folder = self.enterContext(tempfile.TemporaryDirectory())
        journal = pathlib.Path(folder) / "lab.journal"
        path = self.configuration(f'[journal]\nfile = "{journal.as_posix()}"')
        for tap in (server_tap, processor_tap):
            with redirect_stdout(io.StringIO()):
                error = self.assertRaises(SystemExit, self.make, tap, "--config", path, "--check")
            self.assertEqual((error.code, list(journal.parent.iterdir())), (0, []))

    def test_a_check_of_the_server_reads_the_processors_part_too(self) -> None:
        path = self.configuration("[server]\nprocessor = 'unix:/x'\n[procesor]\n")
        self.make(server_tap, "--config", path)
        error = self.assertRaises(SystemExit, self.make, server_tap, "--config", path, "--check")
        self.assertIn("procesor: no such key is known", str(error))
        path = self.configuration("[server]\nprocessor = 'unix:/x'\n")
        with redirect_stdout(io.StringIO()):
            error = self.assertRaises(
                SystemExit, self.make, server_tap, "--config", path, "--check"
            )
        self.assertEqual(error.code, 0)


class PluginTests(SynchronousTestCase):
    def test_twistd_lists_every_service(self) -> None:
        makers = {maker.tapname: maker for maker in getPlugins(IServiceMaker)}
        for name in ("pychron-server", "pychron-processor", "pychron-qtegra"):
            self.assertEqual(makers[name].options.name, name)
            self.assertTrue(makers[name].description)

    def test_every_own_type_has_its_factory(self) -> None:
        types: list[str] = []
        for factory in own_factories():
            verifyObject(IRequestHandlerFactory, factory)
            types += factory.request_types
        self.assertEqual(
            types,
            [
                "System",
                "Extractionline",
                "Hardware",
                "CO2",
                "Diode",
                "Synrad",
                "UV",
                "Spectrometer",
                "test",
            ],
        )

    def test_a_handler_whose_manager_is_missing_says_so(self) -> None:
        @implementer(IRequestHandlerFactory)
        class Broken:
            request_types = ("Furnace", "Oven")

            def build(self, hardware: Any) -> Any:
                raise ManagerUnavailableError("furnace")

        handlers = handlers_for(IdleHardware(), [Broken()])
        self.assertEqual(set(handlers), {"Furnace", "Oven"})
        self.assertRaises(ManagerUnavailableError, handlers["Oven"].prepare, "Heat", "")

    def test_a_type_that_is_there_is_built(self) -> None:
        @implementer(IRequestHandlerFactory)
        class Working:
            request_types = ("Furnace",)

            def build(self, hardware: Any) -> Any:
                return ScriptedHandler()

        handlers = handlers_for(IdleHardware(), [Working()])
        verifyObject(IRequestHandler, handlers["Furnace"])


class GateFromConfigTests(SynchronousTestCase):
    def test_the_built_in_laboratory_answers_the_seeds_own_example(self) -> None:
        clock = Clock()
        gate = gate_from_config(*laboratory_from(None), clock, Metrics())
        reply = gate.process_server_request("System", "Open V", "127.0.0.1")
        clock.advance(0.3)
        self.assertEqual(self.successResultOf(reply), "OK")
        state = gate.process_server_request("System", "GetIndicatorState V", "127.0.0.1")
        self.assertEqual(state, "True")


class EndpointTests(SynchronousTestCase):
    def test_defaults_are_added_to_what_is_not_said(self) -> None:
        self.assertEqual(with_defaults("tcp:1061"), "tcp:1061:backlog=1024")
        self.assertEqual(with_defaults("tcp:1061:backlog=500"), "tcp:1061:backlog=500")
        self.assertEqual(with_defaults("unix:/x"), "unix:/x:backlog=1024:mode=600")
        self.assertEqual(with_defaults("unix:/x:mode=660"), "unix:/x:mode=660:backlog=1024")
        self.assertEqual(
            with_defaults(r"tcp:1:interface=\:\:1"), r"tcp:1:interface=\:\:1:backlog=1024"
        )
        self.assertEqual(with_defaults("tls:whatever"), "tls:whatever")

    def test_a_system_without_unix_sockets_says_so(self) -> None:
        elsewhere: Any = Clock()
        for use in (
            lambda: client_endpoint("unix:/x", elsewhere),
            lambda: stream_service("unix:/x", Factory(), elsewhere, Metrics()),
        ):
            error = self.assertRaises(ValueError, use)
            self.assertIn("no unix sockets; use tcp: on loopback", str(error))

    def test_a_client_endpoint_is_twisteds_own(self) -> None:
        self.assertIsInstance(client_endpoint("unix:/x", MemoryReactorClock()), UNIXClientEndpoint)
