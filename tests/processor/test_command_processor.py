"""The processor's line protocol and settings."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import SecurityError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.settings import (
    DEFAULT_LISTEN,
    ProcessorSettings,
    default_laboratory,
    laboratory_from,
)
from pychron_comms.transport.connections import HELD, UNASKED
from tests.doubles import ScriptedGate
from tests.listening import connections, one_turn

LOOPBACK = IPv4Address("TCP", "127.0.0.1", 50000)
STRANGER = IPv4Address("TCP", "10.0.0.9", 50000)


class CommandProcessorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.gate = ScriptedGate(Open="OK")
        self.clock = Clock()
        self.connections = connections(self.clock)
        self.factory = CommandProcessorFactory(
            self.gate,
            frozenset({"local", "127.0.0.1"}),
            self.connections,
            metrics=Metrics(),
            stream=StateStream("s1", self.clock.seconds),
        )

    def ask(self, line: bytes, peer: Any = LOOPBACK) -> bytes:
        processor = self.factory.buildProtocol(peer)
        transport = StringTransport(peerAddress=peer)
        processor.makeConnection(transport)
        processor.dataReceived(line)
        return transport.value()

    def test_a_person_types_type_and_command(self) -> None:
        self.assertEqual(self.ask(b"System|Open V\r\n"), b"OK\r\n")
        self.assertEqual(self.gate.requests, [("System", "Open V", "127.0.0.1", None)])

    def test_so_many_as_a_client_has_in_flight_wait_for_no_turn_with_a_journal(self) -> None:
        run = self.gate.process_server_request

        def written_down(*asked: Any) -> Any:
            self.clock.rightNow += 0.00014
            return run(*asked)

        self.gate.process_server_request = written_down  # type: ignore[method-assign]
        lines = [b"@id=%d;from=10.0.0.7 System|Open V\r\n" % number for number in range(1, 201)]
        self.ask(b"".join(lines[:64]))
        self.assertEqual(len(self.gate.requests), 64)
        # More do.
        self.ask(b"".join(lines[64:]))
        self.assertLess(len(self.gate.requests), 64 + 100)

    def test_what_makes_safe_is_taken_while_it_stops_and_nothing_else(self) -> None:
        self.gate.answers["Close"] = "OK"
        self.connections.refuse_commands()
        self.assertEqual(self.ask(b"@id=7 System|Close V\r\n"), b"@id=7 OK\r\n")
        self.assertIn(b"@id=8 ERROR 209", self.ask(b"@id=8 System|Open V\r\n"))
        self.assertIn(b"ERROR 209", self.ask(b"Close V\r\n"))
        self.assertIn(b"ERROR 2", self.ask(b"@id= \xff\r\n"))

    def test_a_server_may_search_the_journal(self) -> None:
        self.assertEqual(self.ask(b'@id=4 Journal {"who":"x"}\r\n'), b'@id=4 found {"who":"x"}\r\n')
        self.assertIn(b"ERROR 206", self.ask(b"@id=4 Journal {}\r\n", STRANGER))

    def test_a_server_says_who_asked_and_how_long_that_one_waits(self) -> None:
        reply = self.ask(b"@id=4;from=10.0.0.1;within=0.5 System|Open V\r\n", UNIXAddress(None))
        self.assertEqual(reply, b"@id=4 OK\r\n")
        self.assertEqual(self.gate.requests, [("System", "Open V", "10.0.0.1", 0.5)])

    def test_a_stranger_is_not_believed_who_it_asks_for(self) -> None:
        self.ask(b"@id=4;from=10.0.0.1 System|Open V\r\n", STRANGER)
        self.assertEqual(self.gate.requests, [("System", "Open V", "10.0.0.9", None)])

    def test_nor_by_which_connection_of_a_server_it_came(self) -> None:
        for line in (b"@id=4;trace=c1.5 System|Open V\r\n", b"@id=4;ask=c1.5 System|Open V\r\n"):
            self.ask(line, STRANGER)
            context = self.gate.context[-1]
            self.assertEqual((context.trace, context.ask), ("", ""))

    def age(self, sent: str, peer: Any = LOOPBACK) -> float:
        self.clock.advance(100)
        self.ask(f"@id=4;from=10.0.0.1;sent={sent} System|Open V\r\n".encode(), peer)
        return self.gate.context[-1].age

    def test_a_command_that_was_long_on_its_way_is_as_old(self) -> None:
        self.assertEqual(self.age("97.5"), 2.5)

    def test_what_came_without_delay_has_no_age(self) -> None:
        self.assertEqual(self.age("99.99"), 0.0)

    def test_another_clock_than_ours_tells_nothing(self) -> None:
        for sent in ("100.5", "nan", "soon", "-4000"):
            self.clock.rightNow = 0.0
            self.assertEqual(self.age(sent), 0.0, sent)

    def test_neither_does_another_computers(self) -> None:
        self.assertEqual(self.age("97.5", STRANGER), 0.0)

    def test_what_a_server_elsewhere_sends_is_as_old_as_it_was_held_up(self) -> None:
        peer = IPv4Address("TCP", "10.0.0.7", 50000)
        self.assertEqual(self.ages(peer, trusted="10.0.0.7"), [0.0, 3.0])
        self.assertEqual(self.ages(peer, trusted="10.0.0.8"), [0.0, 0.0])

    def ages(self, peer: IPv4Address, trusted: str) -> list[float]:
        """Of two commands, where the second came 3 s later than it should."""
        self.gate.context.clear()
        factory = CommandProcessorFactory(
            self.gate,
            frozenset({trusted}),
            self.connections,
            metrics=Metrics(),
            stream=StateStream("s1", self.clock.seconds),
        )
        processor = factory.buildProtocol(peer)
        processor.makeConnection(StringTransport(peerAddress=peer))
        for left, seconds in ((900.0, 1.0), (901.0, 4.0)):
            self.clock.advance(seconds)
            line = f"@id=4;from=10.0.0.1;left={left};ask=a.1;silent=0 System|Open V\r\n"
            processor.dataReceived(line.encode())
        return [round(each.age, 2) for each in self.gate.context]

    def test_a_line_without_a_type_gets_206(self) -> None:
        self.assertEqual(
            self.ask(b"Open V\r\n"),
            b"ERROR 206 : malformed request: Type|command is wanted, as in System|Open V\r\n",
        )

    def test_the_log_knows_it_by_name(self) -> None:
        self.assertEqual(self.factory.logPrefix(), "CommandProcessor")


class SessionTests(SynchronousTestCase):
    """Connections as the gate knows them, and what a server tells of its clients."""

    def setUp(self) -> None:
        self.gate = ScriptedGate(Open="OK")
        self.clock = Clock()
        self.factory = CommandProcessorFactory(
            self.gate,
            frozenset({"local", "127.0.0.1"}),
            connections(self.clock),
            metrics=Metrics(),
            stream=StateStream("s1", self.clock.seconds),
        )

    def connect(self, peer: Any = LOOPBACK) -> Any:
        processor = self.factory.buildProtocol(peer)
        self.transport = StringTransport(peerAddress=peer)
        processor.makeConnection(self.transport)
        return processor

    def session(self, line: bytes, peer: Any = LOOPBACK) -> str:
        self.connect(peer).dataReceived(line)
        return self.gate.context[-1].session

    def test_each_connection_is_a_session(self) -> None:
        self.assertEqual(self.session(b"System|Open V\r\n"), "connection-1")
        self.assertEqual(self.session(b"System|Open V\r\n", STRANGER), "connection-2")

    def test_that_of_a_server_gives_no_way(self) -> None:
        """The leases of its clients would end with it."""
        self.assertEqual(self.connect().worth, HELD)
        self.assertEqual(self.connect(STRANGER).worth, UNASKED)

    def test_a_servers_client_is_a_session_within_the_servers(self) -> None:
        line = b"@id=1;from=10.0.0.1;session=abc System|Open V\r\n"
        self.assertEqual(self.session(line), "connection-1/abc")

    def test_a_strangers_word_for_a_session_or_a_sender_is_not_believed(self) -> None:
        line = b"@id=1;from=10.0.0.1;session=../connection-1 System|Open V\r\n"
        self.assertEqual(self.session(line, STRANGER), "connection-1")
        self.assertEqual(self.gate.requests[0][2], "10.0.0.9")

    def test_who_a_server_asks_for_without_a_session_has_none(self) -> None:
        self.assertEqual(self.session(b"@id=1;from=10.0.0.1 System|Open V\r\n"), "")

    def test_key_and_role_go_to_the_gate_whoever_says_them(self) -> None:
        for peer in (LOOPBACK, STRANGER):
            self.session(b"@key=a%20b;role=observe System|Open V\r\n", peer)
            self.assertEqual(self.gate.context[-1][1:3], ("a b", "observe"))

    def test_a_role_that_is_none_is_206(self) -> None:
        self.connect().dataReceived(b"@role=king System|Open V\r\n")
        self.assertTrue(self.transport.value().startswith(b"ERROR 206 : malformed request: role"))
        self.assertEqual(self.gate.requests, [])

    def test_gone_ends_a_session_within_this_connection_only(self) -> None:
        processor = self.connect()
        processor.dataReceived(b"@id=1 Gone abc\r\n")
        self.assertEqual(self.gate.sessions, ["connection-1/abc"])
        self.assertEqual(self.transport.value(), b"@id=1 OK\r\n")

    def test_forget_is_for_the_request_of_that_id_of_this_connection(self) -> None:
        first, second = self.connect(), self.connect()
        first.dataReceived(b"@id=7 System|Move\r\n")
        second.dataReceived(b"@id=7 System|Stay\r\n")
        self.transport = first.transport
        first.dataReceived(b"@id=8 Forget 7\r\n")
        self.assertEqual(self.transport.value(), b"@id=8 OK\r\n")
        self.assertEqual(self.gate.forgotten, self.gate.waiting[:1])

    def test_forgetting_what_is_answered_or_was_never_asked_is_nothing(self) -> None:
        processor = self.connect()
        processor.dataReceived(b"@id=7 System|Move\r\n")
        self.gate.waiting[0].callback("OK")
        for number in (b"7", b"99", b"", b"x"):
            processor.dataReceived(b"@id=8 Forget " + number + b"\r\n")
        self.assertEqual(self.gate.forgotten, [])

    def test_a_server_says_by_which_ask_of_a_connection_it_came_and_what_was_read(self) -> None:
        processor = self.connect()
        processor.dataReceived(b"@id=1;from=10.0.0.1;ask=c.3;silent=1.25 System|Move\r\n")
        processor.dataReceived(b"@id=2 Taken c.1 c.3\r\n@id=3 Taken\r\n")
        self.assertEqual([(each.ask, each.silent) for each in self.gate.context], [("c.3", 1.25)])
        self.assertEqual(self.gate.taken, ["c.1", "c.3"])
        self.assertEqual(self.transport.value(), b"@id=2 OK\r\n@id=3 OK\r\n")

    def flood(self, more: bytes) -> list[str]:
        """Who asks the gate next, when a thousand of one client have come, and ``more``."""
        processor = self.connect()
        line = b"@id=%d;from=10.0.0.1 System|Open V\r\n"
        processor.dataReceived(b"".join(line % number for number in range(1, 1000)) + more)
        self.gate.requests.clear()
        one_turn(self.clock)
        return [sender for _, _, sender, _ in self.gate.requests]

    def test_one_clients_many_commands_hold_up_anothers_by_one(self) -> None:
        for more, sender in (
            (b"@id=1000;from=10.0.0.2 System|Open V\r\n", "10.0.0.2"),
            (b"@id=1000;from= test|echo\r\n", ""),
        ):
            self.assertIn(sender, self.flood(more))

    def test_one_clients_flood_of_what_makes_safe_holds_up_anothers_by_little(self) -> None:
        """A server passes on a thousand at once: all were done before anything else, in 100 ms."""
        self.gate.answers["Close"] = "OK"
        processor = self.connect()
        processor.dataReceived(b"".join(
            b"@id=%d;from=10.0.0.1 System|Close A\r\n" % number for number in range(1000)
        ) + b"@id=1000;from=10.0.0.2 System|Close B\r\n")  # fmt: skip
        self.assertLess(len(self.gate.requests), 200)
        one_turn(self.clock)
        self.assertIn(("System", "Close B", "10.0.0.2", None), self.gate.requests)
        self.assertLess(len(self.gate.requests), 400)
        self.clock.pump([0] * 40)
        self.assertEqual(len(self.gate.requests), 1001)
        self.assertEqual(self.transport.value().count(b" OK\r\n"), 1001)

    def many(self, count: int) -> bytes:
        """Commands of one client, every other of which makes safe what the last one did not."""
        words = b"Open", b"Close"
        return b"".join(
            b"@id=%d;from=10.0.0.1 System|%b V\r\n" % (number, words[number % 2])
            for number in range(count)
        )

    def test_what_makes_safe_is_done_once_where_it_has_its_turn_soon(self) -> None:
        """It would be done again behind what it went ahead of, and what comes next wait longer."""
        self.gate.answers["Close"] = "OK"
        self.connect().dataReceived(self.many(200))
        self.assertLess(len(self.gate.requests), 200)
        self.clock.pump([0] * 20)
        self.assertEqual(len(self.gate.requests), 200)
        self.assertEqual(self.transport.value().count(b" OK\r\n"), 200)

    def goes_ahead_of(self, more: bytes) -> bool:
        """Whether what makes safe is done at once that came behind these."""
        self.gate.answers["Close"] = "OK"
        self.gate.requests.clear()
        self.processor = self.connect()
        self.processor.dataReceived(more + b"@id=9999;from=10.0.0.2 System|Close B\r\n")
        return ("System", "Close B", "10.0.0.2", None) in self.gate.requests

    def test_it_goes_ahead_where_it_has_not(self) -> None:
        self.assertFalse(self.goes_ahead_of(self.many(200)))
        self.clock.pump([0] * 20)
        self.assertTrue(self.goes_ahead_of(self.many(800)))
        # There are others before it now.
        self.assertTrue(self.goes_ahead_of(self.many(10)))

    def test_it_does_where_nobody_knows_how_long_the_others_take(self) -> None:
        answer = self.gate.process_server_request

        def slow(*arguments: Any) -> Any:
            self.clock.rightNow += 0.003
            return answer(*arguments)

        self.gate.process_server_request = slow  # type: ignore[method-assign]
        self.assertTrue(self.goes_ahead_of(self.many(60)))

    def test_it_does_as_soon_as_there_is_no_turn_for_it(self) -> None:
        """All was to have its turn soon, when as many waited for their replies as may."""
        self.assertFalse(self.goes_ahead_of(b"@id=1;from=10.0.0.1 System|Move\r\n" * 300))
        self.clock.pump([0] * 20)
        self.assertIn(("System", "Close B", "10.0.0.2", None), self.gate.requests)
        self.assertLess(len(self.gate.waiting), 300)
        self.processor.dataReceived(b"@id=1;from=10.0.0.1 System|Close C\r\n")
        self.assertIn(("System", "Close C", "10.0.0.1", None), self.gate.requests)

    def test_the_end_of_ones_connection_holds_up_nobody_and_comes_behind_what_he_asked(
        self,
    ) -> None:
        gone = b"@id=1000;from=10.0.0.%d Gone abc\r\n"
        self.assertIn(
            "10.0.0.2", self.flood(gone % 3 + b"@id=1001;from=10.0.0.2 System|Open V\r\n")
        )
        self.assertEqual(self.gate.sessions, ["connection-1/abc"])
        self.flood(gone % 1)
        self.assertEqual(self.gate.sessions, ["connection-1/abc"])
        self.clock.pump([0] * 20)
        self.assertEqual(self.gate.sessions, ["connection-1/abc", "connection-2/abc"])

    def test_a_line_of_the_servers_own_keeps_its_place_among_all(self) -> None:
        self.flood(b"@id=1000 Gone abc\r\n")
        self.assertEqual(self.gate.sessions, [])
        self.clock.pump([0] * 20)
        self.assertEqual(self.gate.sessions, ["connection-1/abc"])

    def test_that_replies_were_read_is_known_before_what_waits(self) -> None:
        self.flood(b"@id=1000 Taken c.3\r\n")
        self.assertEqual(self.gate.taken, ["c.3"])

    def test_of_anybody_else_it_is_not_believed(self) -> None:
        for peer, tags in ((STRANGER, b"from=10.0.0.1;"), (LOOPBACK, b"")):
            processor = self.connect(peer)
            processor.dataReceived(b"@id=1;" + tags + b"ask=c.3;silent=9 System|Move\r\n")
        self.connect(STRANGER).dataReceived(b"@id=2 Taken c.3\r\n")
        self.assertEqual([(each.ask, each.silent) for each in self.gate.context], [("", 0.0)] * 2)
        self.assertEqual(self.gate.taken, [])

    def test_a_stranger_neither_forgets_nor_ends_sessions(self) -> None:
        processor = self.connect(STRANGER)
        processor.dataReceived(b"@id=7 System|Move\r\nForget 7\r\nGone abc\r\n")
        self.assertEqual((self.gate.forgotten, self.gate.sessions), ([], []))
        self.assertEqual(self.transport.value().count(b"ERROR 206"), 2)

    def test_a_peer_that_sends_no_more_has_no_session_whatever_it_still_waits_for(self) -> None:
        processor = self.connect()
        processor.dataReceived(b"@id=1 System|Move\r\n")
        processor.readConnectionLost()
        self.assertEqual(self.gate.sessions, ["connection-1"])
        self.gate.waiting[0].callback("OK")
        self.assertEqual(self.transport.value(), b"@id=1 OK\r\n")

    def test_the_end_of_a_connection_ends_its_session_and_what_waits(self) -> None:
        processor = self.connect()
        processor.dataReceived(b"@id=1 System|Move\r\n@id=2 System|Turn\r\n")
        self.gate.waiting[0].callback("OK")
        processor.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.gate.sessions, ["connection-1"])
        self.assertEqual(self.gate.forgotten, self.gate.waiting[1:])


class SettingsTests(SynchronousTestCase):
    def read(self, text: str, *listen: str) -> tuple[ProcessorSettings, Table]:
        return laboratory_from(Table.parse(text, "lab.toml"), listen)

    def test_without_a_configuration_the_simulated_laboratory_is_served(self) -> None:
        settings, laboratory = laboratory_from(None)
        self.assertEqual(settings.listen, list(DEFAULT_LISTEN))
        self.assertIn("extraction_line", laboratory)

    def test_a_configuration_may_ask_for_the_simulated_laboratory(self) -> None:
        _, laboratory = self.read("[processor]\nsimulated_lab = true")
        self.assertIn("extraction_line", laboratory)
        _, laboratory = self.read("")
        self.assertNotIn("extraction_line", laboratory)

    def test_the_command_line_comes_before_the_file(self) -> None:
        settings, _ = self.read('[processor]\nlisten = ["tcp:1"]')
        self.assertEqual(settings.listen, ["tcp:1"])
        settings, _ = self.read('[processor]\nlisten = ["tcp:1"]', "tcp:2")
        self.assertEqual(list(settings.listen), ["tcp:2"])

    def test_hosts_systems_and_trust_are_read(self) -> None:
        settings, _ = self.read(
            """
            [access]
            hosts = ["10.0.0.*"]
            [processor]
            trust = ["10.0.0.2"]
            systems = { pychron = "10.0.0.1" }
            """
        )
        self.assertRaises(SecurityError, settings.hosts.admit, "11.0.0.1")
        self.assertEqual(settings.trust, ["10.0.0.2"])
        self.assertEqual(settings.systems, {"pychron": "10.0.0.1"})

    def test_a_host_that_is_none_is_a_mistake(self) -> None:
        error = self.assertRaises(ConfigError, self.read, '[access]\nhosts = ["all"]')
        self.assertTrue(
            str(error).startswith(
                "lab.toml:2: access.hosts: expected addresses, networks or 192.168.1.*"
            )
        )

    def test_beside_a_simulated_laboratory_no_other_is_described(self) -> None:
        text = "[processor]\nsimulated_lab = true\n[extraction_line]\n"
        self.assertRaises(ConfigError, self.read, text)

    def test_the_built_in_laboratory_is_a_configuration_like_any(self) -> None:
        self.assertIn("laser", default_laboratory())
