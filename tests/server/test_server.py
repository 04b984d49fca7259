"""The server's room: the dispatcher, its two kinds of connection, launching, settings, services."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import (
    InvalidCommandError,
    LaunchError,
    MalformedRequestError,
    NotPermittedError,
    PychronCommunicationError,
    SecurityError,
)
from pychron_comms.handlers.factories import own_commands
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.hosts import HostRule
from pychron_comms.safeguards.roles import EVERYONE_OPERATES, Roles
from pychron_comms.server import messaging_handler
from pychron_comms.server.command_log import ServedCommandLog
from pychron_comms.server.command_server import RemoteCommandServer
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.resend.command_catalogue import Declarations
from pychron_comms.server.settings import (
    DEFAULT_PORTS,
    ListenerSettings,
    ServerSettings,
    parse_listener,
    read_server_settings,
)
from pychron_comms.transport.options import ConnectionLimits, WireOptions
from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import parse_request
from tests.doubles import ScriptedRepeater, UnaskedCatalogue, reports_to
from tests.listening import connections, shared


class ProcessReactor:
    """Keeps what it was asked to start."""

    def __init__(self) -> None:
        self.started: list[tuple[str, list[str]]] = []
        self.protocols: list[Any] = []
        self.refuses = False

    def spawnProcess(self, protocol: Any, path: str, args: list[str], env: object) -> Any:
        if self.refuses:
            raise OSError("no more processes")
        self.started.append((path, args))
        self.protocols.append(protocol)
        protocol.pid = 4711
        return protocol


class Transport(StringTransport):
    def getHandle(self) -> None:
        """No socket."""


class DeskCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.repeater = ScriptedRepeater()
        self.processes = ProcessReactor()
        self.clock = Clock()
        self.hosts = HostRule([])
        self.roles = EVERYONE_OPERATES
        self.reports = reports_to(self.repeater, self.clock)

    def dispatcher(
        self,
        request_type: str = "System",
        launch: list[str] | None = None,
        declared: Declarations | None = None,
        log: ServedCommandLog | None = None,
        places: Mapping[str, str] = MappingProxyType({}),
    ) -> RequestDispatcher:
        launcher = Launcher(launch or [], self.processes, self.roles)  # type: ignore[arg-type]
        return RequestDispatcher(
            request_type,
            self.repeater,
            UnaskedCatalogue(self.repeater, self.clock, declared),
            self.reports,
            launcher=launcher,
            hosts=self.hosts,
            stream=StateStream("s1", lambda: 0.0),
            metrics=Metrics(),
            types={"System", "CO2"},
            places=places,
            log=log,
        )

    def ask(self, dispatcher: RequestDispatcher, line: str) -> Any:
        return dispatcher.answer(parse_request(line), "10.0.0.1", Passing(self.reports))


class DeskTests(DeskCase):
    def test_a_bound_listener_gives_its_type_to_each_command(self) -> None:
        self.ask(self.dispatcher(), "Open A")
        self.assertEqual(self.repeater.requests, [("System", "Open A", "10.0.0.1", None)])

    def test_the_askers_time_travels_on(self) -> None:
        self.ask(self.dispatcher(), "@within=0.5 Open A")
        self.assertEqual(self.repeater.requests, [("System", "Open A", "10.0.0.1", 0.5)])

    def test_a_bound_listener_takes_its_own_type_spelled_out(self) -> None:
        self.ask(self.dispatcher(), "System|Open A")
        self.assertEqual(self.repeater.requests, [("System", "Open A", "10.0.0.1", None)])

    def test_a_bound_listener_refuses_another_type(self) -> None:
        error = self.assertRaises(NotPermittedError, self.ask, self.dispatcher(), "CO2|Enable")
        self.assertEqual(str(error), "not permitted: CO2 commands; here System is served")
        self.assertEqual(self.repeater.requests, [])

    def test_and_says_where_that_is_served(self) -> None:
        for places, line, where in (
            ({"CO2": "tcp:1063", "*": "tcp:1060"}, "CO2|Enable", ", and CO2 at tcp:1063"),
            ({"*": "tcp:1060"}, "CO2|Enable", ", and CO2 at tcp:1060"),
            ({"*": "tcp:1060"}, "Bogus|Enable", ""),
        ):
            dispatcher = self.dispatcher(places=places)
            error = self.assertRaises(NotPermittedError, self.ask, dispatcher, line)
            self.assertEqual(str(error).partition("System is served")[2], where)

    def test_a_command_of_other_types_is_told_where_they_are_served(self) -> None:
        places = {"CO2": "tcp:1067", "*": "tcp:1060"}
        cases = (
            ("System", "Enable", "; it is a command of CO2, UV", "CO2 (tcp:1067), UV (tcp:1060)"),
            ("*", "System|Enable", "; it is a command of CO2", "CO2"),
            ("System", "CO2 Enable", "; it is a request type: CO2", "CO2 (tcp:1067)"),
            ("System", "Bogus", "", ""),
        )
        for listener, line, told, where in cases:
            said = f"invalid command: it{told[: told.find('CO2')]}{where}"
            reply = self.ask(self.dispatcher(listener, places=places), line)
            self.repeater.waiting.pop().errback(InvalidCommandError("it", told))
            error = self.failureResultOf(reply, InvalidCommandError).value
            self.assertEqual(str(error), said)
            reply = self.ask(self.dispatcher(listener, places=places), line)
            # As a processor elsewhere says it.
            self.repeater.waiting.pop().callback(f"ERROR 003 : invalid command: it{told}")
            self.assertEqual(self.successResultOf(reply), f"ERROR 003 : {said}")

    def test_an_open_listener_takes_the_type_from_the_line(self) -> None:
        self.ask(self.dispatcher("*"), "CO2|Enable")
        self.assertEqual(self.repeater.requests, [("CO2", "Enable", "10.0.0.1", None)])

    def test_help_at_an_open_listener_lists_the_types(self) -> None:
        self.assertEqual(
            self.ask(self.dispatcher("*"), "Help"),
            "request types: CO2 System -- write Type|command; System|Help lists a type's commands",
        )
        self.ask(self.dispatcher("*"), "System|Help")
        self.ask(self.dispatcher(), "Help")
        asked = [(request[0], request[1]) for request in self.repeater.requests]
        self.assertEqual(asked, [("System", "Help"), ("System", "Help")])

    def test_what_a_person_types_there_keeps_its_code_and_says_what_to_type(self) -> None:
        for word in ("help", "?", "quit"):
            error = self.assertRaises(MalformedRequestError, self.ask, self.dispatcher("*"), word)
            self.assertIn("Help lists the types; to leave telnet, press Ctrl-]", str(error))
        error = self.assertRaises(MalformedRequestError, self.ask, self.dispatcher("*"), "Open A")
        self.assertEqual(
            str(error), "malformed request: Type|command is wanted here, as in System|Open A"
        )

    def test_an_open_listener_wants_a_type(self) -> None:
        error = self.assertRaises(MalformedRequestError, self.ask, self.dispatcher("*"), "Open A")
        self.assertIn("Type|command is wanted here, as in System|Open A", str(error))

    def test_help_about_a_type_says_where_that_is(self) -> None:
        ask = self.dispatcher("*")
        for line, example in (
            ("Help CO2", "CO2|Help"),
            ("Help me out", "System|Help me out"),
            ("CO2 SetX 3", "CO2|SetX 3"),
            ("CO2", "System|CO2"),
        ):
            error = self.assertRaises(MalformedRequestError, self.ask, ask, line)
            self.assertTrue(str(error).endswith(f"as in {example}"), str(error))

    def test_pychron_ready_is_answered_by_a_round_trip(self) -> None:
        reply = self.ask(self.dispatcher(), "PychronReady")
        self.assertNoResult(reply)
        self.repeater.tests[0].callback(None)
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.repeater.requests, [])

    def test_pychron_ready_fails_where_the_processor_is_down(self) -> None:
        reply = self.ask(self.dispatcher("*"), "PychronReady")
        self.repeater.tests[0].errback(PychronCommunicationError("there", "gone"))
        self.failureResultOf(reply, PychronCommunicationError)

    def test_a_computer_that_is_not_listed_gets_nothing_done(self) -> None:
        self.hosts = HostRule(["10.0.0.2"])
        dispatcher = self.dispatcher(launch=["sh"])
        for line in ("Open A", "PychronReady", "RemoteLaunch", "@id=1 GetError"):
            self.assertRaises(SecurityError, self.ask, dispatcher, line)
        self.assertEqual((self.repeater.requests, self.repeater.tests), ([], []))
        self.assertEqual(self.processes.started, [])


class LaunchTests(DeskCase):
    def test_nothing_is_launched_where_nothing_is_configured(self) -> None:
        error = self.assertRaises(NotPermittedError, self.ask, self.dispatcher(), "RemoteLaunch")
        self.assertIn("no program to launch is configured", str(error))
        self.assertEqual(self.processes.started, [])

    def test_the_configured_program_is_launched_and_never_repeated(self) -> None:
        dispatcher = self.dispatcher(launch=["sh", "-c", "true"])
        self.assertEqual(self.ask(dispatcher, "RemoteLaunch"), "OK")
        ((path, arguments),) = self.processes.started
        self.assertTrue(path.endswith("/sh"))
        self.assertEqual((arguments, self.repeater.requests), (["sh", "-c", "true"], []))

    def test_arguments_of_a_client_are_not_taken(self) -> None:
        self.ask(self.dispatcher(launch=["sh"]), "RemoteLaunch rm -rf /")
        self.assertEqual(self.processes.started, [])

    def test_no_second_one_is_launched_while_the_first_runs(self) -> None:
        dispatcher = self.dispatcher(launch=["sh"])
        self.ask(dispatcher, "RemoteLaunch")
        self.assertEqual(self.ask(dispatcher, "RemoteLaunch"), "OK")
        self.assertEqual(len(self.processes.started), 1)
        self.processes.protocols[0].processEnded(Failure(ProcessDone(0)))
        self.ask(dispatcher, "RemoteLaunch")
        self.assertEqual(len(self.processes.started), 2)

    def test_a_program_that_is_not_there_gets_212(self) -> None:
        dispatcher = self.dispatcher(launch=["no-such-program-anywhere"])
        error = self.assertRaises(LaunchError, self.ask, dispatcher, "RemoteLaunch")
        self.assertEqual(str(error), "could not launch no-such-program-anywhere: no such program")

    def test_a_program_that_cannot_be_started_gets_212(self) -> None:
        self.processes.refuses = True
        dispatcher = self.dispatcher(launch=["sh"])
        error = self.assertRaises(LaunchError, self.ask, dispatcher, "RemoteLaunch")
        self.assertIn("sh", str(error))

    def test_who_may_only_look_launches_nothing(self) -> None:
        """Finding C9 of issue 12: on f156da4 each of these did."""
        self.roles = Roles({"alice": "operate", "bob": "observe"}, others="observe")
        dispatcher = self.dispatcher(launch=["sh"])
        for line, sender in (
            ("RemoteLaunch", "bob@10.0.0.1"),
            ("RemoteLaunch", "10.0.0.1"),
            ("@id=1 RemoteLaunch", "10.0.0.1"),
            ("@role=observe RemoteLaunch", "alice@10.0.0.1"),
        ):
            request = parse_request(line)
            self.assertRaises(
                NotPermittedError, dispatcher.answer, request, sender, Passing(self.reports)
            )
        self.assertRaises(
            SecurityError,
            dispatcher.answer,
            parse_request("RemoteLaunch"),
            "eve@10.0.0.1",
            Passing(self.reports),
        )
        self.assertEqual(self.processes.started, [])
        alice = dispatcher.answer(
            parse_request("RemoteLaunch"), "alice@10.0.0.1", Passing(self.reports)
        )
        self.assertEqual((alice, len(self.processes.started)), ("OK", 1))


class MakesSafeTests(DeskCase):
    def test_a_line_is_looked_at_without_being_asked(self) -> None:
        dispatcher = self.dispatcher(declared=own_commands())
        for line in (b"Close A", b"@id=1;key=k Close A", b"System|Close A", b'{"command":"Close"}'):
            self.assertTrue(dispatcher.makes_safe(line), line)
        for line in (b"Open A", b"Closed A", b"@id Close A", b"", b"\xff", b"Open " + b"A" * 999):
            self.assertFalse(dispatcher.makes_safe(line), line)
        self.assertEqual(self.repeater.requests, [])

    def test_at_an_open_listener_by_the_type_that_it_names(self) -> None:
        dispatcher = self.dispatcher("*", declared=own_commands())
        self.assertTrue(dispatcher.makes_safe(b"CO2|Disable"))
        self.assertTrue(dispatcher.makes_safe(b"CO2|SetLaserPower 0"))
        self.assertFalse(dispatcher.makes_safe(b"CO2|SetLaserPower 5"))
        self.assertFalse(dispatcher.makes_safe(b"System|Disable"))
        self.assertFalse(dispatcher.makes_safe(b"Disable"))


class MessagingHandlerTests(DeskCase):
    def test_of_each_client_a_little_is_read_at_a_time(self) -> None:
        read: list[object] = []
        self.patch(messaging_handler, "read_bit_by_bit", read.append)
        factory = MessagingFactory(self.dispatcher(), connections(Clock()))
        transports = [Transport(), Transport()]
        for each in transports:
            factory.buildProtocol(None).makeConnection(each)
        self.assertEqual(read, transports)

    def test_a_clients_line_goes_to_the_repeater_and_its_reply_back(self) -> None:
        factory = MessagingFactory(self.dispatcher(), connections(Clock()))
        handler = factory.buildProtocol(None)
        transport = Transport()
        handler.makeConnection(transport)
        handler.dataReceived(b"Open A\r")
        self.assertEqual(self.repeater.requests, [("System", "Open A", "192.168.1.1", None)])
        self.repeater.waiting[0].callback("OK")
        self.assertEqual(transport.value(), b"OK\r\n")
        self.assertEqual(factory.logPrefix(), "RemoteCommandServer for System")


class SettingsTests(SynchronousTestCase):
    def read(self, text: str) -> ServerSettings:
        table = Table.parse(text, "lab.toml")
        settings = read_server_settings(table.table("server"))
        table.finish()
        return settings

    def assert_mistake(self, text: str, message: str) -> None:
        error = self.assertRaises(ConfigError, self.read, text)
        self.assertEqual(str(error), message)

    def test_the_ports_that_laboratories_know_are_the_default_tcp_and_udp(self) -> None:
        listeners = self.read("").listeners
        self.assertEqual(
            [listener.request_type for listener in listeners], list(DEFAULT_PORTS.values())
        )
        self.assertEqual(
            listeners[1].listen, ["tcp:1061:interface=127.0.0.1", "udp:1061:interface=127.0.0.1"]
        )

    def test_a_listener_may_say_what_those_who_come_by_it_may(self) -> None:
        lines = '[[server.listener]]\ntype = "System"\nlisten = ["tcp:1061"]\n'
        qtegra = '[[server.listener]]\ntype = "Spectrometer"\nkind = "qtegra"\nlisten = ["tcp:1"]\n'
        for listener in (lines, qtegra):
            self.assertEqual(self.read(listener).listeners[0].role, "")
            settings = self.read(f'{listener}role = "observe"')
            self.assertEqual(settings.listeners[0].role, "observe")
            self.assertRaises(ConfigError, self.read, f'{listener}role = "watch"')

    def test_everything_can_be_said(self) -> None:
        settings = self.read(
            """
            [server]
            processor = "unix:/run/a.sock"
            launch = ["pychron", "--experiment"]
            keep_replies = 2.5
            [server.routes]
            CO2 = "tcp:laser-pc:1059"
            [[server.listener]]
            type = "System"
            listen = ["tcp:1061"]
            line_length = 1000
            in_flight = 2
            stall = 5
            connections = 20
            connections_per_host = 4
            idle = 60
            close_after_reply = true
            unterminated_after = 0.05
            frame = "L4,-,C4"
            """
        )
        self.assertEqual(
            settings,
            ServerSettings(
                processor="unix:/run/a.sock",
                launch=["pychron", "--experiment"],
                keep_replies=2.5,
                routes={"CO2": "tcp:laser-pc:1059"},
                listeners=[
                    ListenerSettings(
                        request_type="System",
                        listen=["tcp:1061"],
                        options=WireOptions(
                            line_length=1000,
                            in_flight=2,
                            stall=5.0,
                            close_after_reply=True,
                            unterminated_after=0.05,
                            frame=FrameFormat(4),
                            limits=ConnectionLimits(
                                connections=20, connections_per_host=4, idle=60.0
                            ),
                        ),
                    )
                ],
            ),
        )

    def test_mistakes_name_file_key_and_what_was_expected(self) -> None:
        self.assert_mistake(
            '[[server.listener]]\ntype = "System"\nlisten = ["tcp:1"]\nframe = "X"',
            "lab.toml:4: server.listener[0].frame: expected a message frame such as L4,-,C4, "
            "got 'X'",
        )
        self.assert_mistake(
            "[server]\nlaunch = 3",
            "lab.toml:2: server.launch: expected a list of texts, got 3",
        )

    def test_what_is_not_said_of_a_listener_has_its_default(self) -> None:
        (listener,) = self.read('[[server.listener]]\ntype = "UV"\nlisten = ["tcp:1"]').listeners
        self.assertEqual(listener.options, WireOptions())

    def test_a_listener_on_the_command_line(self) -> None:
        self.assertEqual(
            parse_listener("System=tcp:1061:interface=127.0.0.1"),
            ListenerSettings(request_type="System", listen=["tcp:1061:interface=127.0.0.1"]),
        )

    def test_a_listener_on_the_command_line_that_is_none(self) -> None:
        for text in ("tcp:1061", "System=1061", "tcp:1061:interface=127.0.0.1"):
            self.assertRaises(ValueError, parse_listener, text)


class CommandServerTests(DeskCase):
    def serve(self, *listen: str) -> MemoryReactorClock:
        reactor = MemoryReactorClock()
        settings = ListenerSettings(request_type="System", listen=listen)
        service = RemoteCommandServer(settings, self.dispatcher(), reactor, shared(reactor))
        service.privilegedStartService()
        service.startService()
        return reactor

    def test_listens_at_every_endpoint_with_a_backlog(self) -> None:
        reactor = self.serve("tcp:1061:interface=127.0.0.1", "tcp:2061")
        self.assertEqual(
            [(port, backlog, interface) for port, _, backlog, interface in reactor.tcpServers],
            [(1061, 1024, "127.0.0.1"), (2061, 1024, "")],
        )

    def test_datagrams_have_their_own_form(self) -> None:
        reactor = _UDPReactor()
        settings = ListenerSettings(
            request_type="System", listen=["udp:1061:interface=127.0.0.1", "udp:2061"]
        )
        service = RemoteCommandServer(settings, self.dispatcher(), reactor, shared(reactor))
        service.privilegedStartService()
        self.assertEqual(reactor.ports, [(1061, "127.0.0.1"), (2061, "")])

    def test_a_datagram_form_that_is_none_is_a_mistake(self) -> None:
        error = self.assertRaises(ValueError, self.serve, "udp:soon")
        self.assertIn("expected udp:PORT or udp:PORT:interface=ADDRESS", str(error))


class _UDPReactor(MemoryReactorClock):
    def __init__(self) -> None:
        super().__init__()
        self.ports: list[tuple[int, str]] = []

    def listenUDP(
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> Any:
        self.ports.append((port, interface))
        return Deferred()
