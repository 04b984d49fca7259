"""What the server is put together from: each part is given what it needs, and asked at its time."""

from __future__ import annotations

import io
import os
import pathlib
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from twisted.application.service import Service
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.logger import capturedLogs, formatEvent
from twisted.python import usage

from pychron_comms.errors import PychronCommunicationError
from pychron_comms.history import recorder, thread
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor import assembly
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.server import service, tap
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

    def test_at_a_listener_for_looking_nobody_does_more(self) -> None:
        path = self.configuration(
            """
            [server]
            processor = "unix:/x"
            launch = ["/bin/true"]
            [[server.listener]]
            type = "System"
            listen = ["tcp:9061"]
            role = "observe"
            """
        )
        self.start(self.make(tap, "--config", path, "--http", "off"))
        client, transport = self.client(9061)
        client.dataReceived(b"RemoteLaunch\r")
        self.assertIn(b"127.0.0.1 may only look", transport.value())

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


class Stuck:
    """What serves a listener, and neither answers nor ends."""

    in_flight = 1
    open = 1

    def __init__(self) -> None:
        self.told: list[str] = []

    def close_listeners(self) -> Deferred[None]:
        self.told.append("close listeners")
        return Deferred()

    def take_no_more(self) -> None:
        self.told.append("take no more")

    def close_connections(self) -> None:
        self.told.append("close connections")

    def abort(self) -> None:
        self.told.append("abort")


class StopTests(ServiceCase):
    """Whatever hangs is named in the log, and the stop goes on."""

    def stopped(self, *arguments: str) -> list[str]:
        server = self.make(tap, "--listen", "System=tcp:9061", "--http", "off", *arguments)
        server.privilegedStartService()
        server.startService()
        stuck = Stuck()
        server._servers = [stuck]
        self.patch(server._alarms, "disownServiceParent", Deferred)
        self.patch(server._ways, "stopService", Deferred)
        self.patch(server._status_page, "stopService", Deferred)
        if server._local is not None:
            self.patch(server._local, "stopService", Deferred)
        with capturedLogs() as events:
            stopped = server.stopService()
            self.reactor.pump([0.05] * 600)
        self.successResultOf(stopped)
        self.assertEqual(
            stuck.told, ["close listeners", "take no more", "close connections", "abort"]
        )
        told = [str(formatEvent(each)) for each in events]
        return [each.partition(";")[0] for each in told if "not over in" in each]

    def test_with_a_processor_elsewhere(self) -> None:
        self.assertEqual(
            self.stopped("--processor", "unix:/x"),
            [
                "the listeners: not over in 0.25 s",
                "the alarms: not over in 0.25 s",
                "commands in flight: not over in 4 s",
                "the way to the processors: not over in 0.5 s",
                "unread replies: not over in 1 s",
                "the status page: not over in 0.25 s",
            ],
        )

    def test_with_the_hardware_here(self) -> None:
        self.assertEqual(
            self.stopped(),
            [
                "the listeners: not over in 0.25 s",
                "the alarms: not over in 0.25 s",
                "the gate to the hardware: not over in 24.2 s",
                "the way to the processors: not over in 0.5 s",
                "unread replies: not over in 1 s",
                "the status page: not over in 0.25 s",
            ],
        )


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

    def test_what_acts_is_logged_where_the_command_line_says_so(self) -> None:
        for flags, logged in ((["--commands"], True), ([], False)):
            made: list[object] = []
            self.patch(service, "ServedCommandLog", made.append)
            self.make(tap, "--processor", "unix:/x", "--listen", "System=tcp:9061", *flags)
            self.assertEqual(made, [self.reactor] if logged else [])

    def test_so_is_what_acts_at_hardware_that_is_in_the_same_process(self) -> None:
        made: list[bool] = []

        def noting(hardware: Any, *arguments: Any, **options: Any) -> Any:
            made.append(hardware.commands)
            return gate_from_config(hardware, *arguments, **options)

        self.patch(assembly, "gate_from_config", noting)
        for flags in ((), ("--commands",)):
            self.make(tap, "--listen", "System=tcp:9061", *flags)
        self.assertEqual(made, [False, True])

    def test_the_file_names_what_is_kept_of_alarms_and_of_the_past(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())).as_posix()
        path = self.configuration(
            "[server]\nprocessor = 'unix:/x'\n"
            f'[alarms.journal]\nfile = "{folder}/alarms.journal"\n'
            f'[history]\nfile = "{folder}/history.db"\n'
        )
        recorders: list[Any] = []

        class Recorder(Service):
            def __init__(self, settings: Any, *arguments: Any, **options: Any) -> None:
                recorders.append(settings.file)

        def noting(module: Any, kind: str) -> Callable[..., Any]:
            part = getattr(module, kind)

            def note(*arguments: Any) -> Any:
                given.append((kind, *arguments))
                return part(*arguments)

            return note

        given: list[tuple[Any, ...]] = []
        self.patch(recorder, "HistoryRecorder", Recorder)
        for module, kind in ((service, "JournalSearch"), (thread, "OneThread")):
            self.patch(module, kind, noting(module, kind))
        server = self.make(tap, "--config", path)
        self.assertIn("alarms", server._status_page.searches)
        self.assertEqual(recorders, [f"{folder}/history.db"])
        self.assertEqual(
            given,
            [
                ("JournalSearch", f"{folder}/alarms.journal", self.reactor),
                ("OneThread", "history", self.reactor),
            ],
        )

    def test_copies_are_known_where_replies_are_kept_for_any_time_at_all(self) -> None:
        kept: list[bool] = []
        reports = service.DeliveryReports

        def note(*arguments: Any, **options: Any) -> Any:
            kept.append(options["keeps"])
            return reports(*arguments, **options)

        self.patch(service, "DeliveryReports", note)
        for seconds in (0, 0.1):
            path = self.configuration(
                f"[server]\nprocessor = 'unix:/x'\nkeep_replies = {seconds}\n"
            )
            self.make(tap, "--config", path)
        self.assertEqual(kept, [False, True])

    def test_who_may_only_look_by_the_file_may_not_launch_either(self) -> None:
        launchers: list[tuple[Any, ...]] = []
        self.patch(service, "Launcher", lambda *arguments: launchers.append(arguments))
        path = self.configuration(
            "[server]\nprocessor = 'unix:/x'\nlaunch = ['sh']\n"
            "[access.roles]\nbob = 'observe'\nalice = 'operate'\n"
        )
        self.make(tap, "--config", path)
        ((command, _, roles),) = launchers
        told = [roles.role_of(f"{name}@10.0.0.1") for name in ("bob", "alice")]
        self.assertEqual((command, told), (["sh"], ["observe", "operate"]))

    def test_what_the_command_line_says_of_the_page_counts_more_than_the_file(self) -> None:
        path = self.configuration("[server]\nprocessor = 'unix:/x'\n[http]\nserver = 'tcp:9070'\n")
        for words, port in (([], 9070), (["--http", "tcp:9071"], 9071)):
            self.reactor.tcpServers.clear()
            self.start(self.make(tap, "--config", path, "--listen", "System=tcp:9061", *words))
            self.assertEqual(sorted(each for each, *_ in self.reactor.tcpServers), [9061, port])

    def test_a_supervisor_that_started_it_is_told_of_it(self) -> None:
        supervision = Supervision()
        asked: list[tuple[Any, ...]] = []

        def from_environment(*arguments: Any) -> Any:
            asked.append(arguments)
            return supervision

        self.patch(tap.Supervision, "from_environment", from_environment)
        self.make(tap, "--processor", "unix:/x")
        self.assertEqual(asked, [(os.environ, os.getpid(), self.reactor)])
        self.assertTrue(callable(supervision.status))

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
