"""The processor's line protocol and settings."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config import ConfigError, Table
from pychron_comms.errors import SecurityError
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.settings import (
    DEFAULT_LISTEN,
    ProcessorSettings,
    default_laboratory,
    laboratory_from,
)
from pychron_comms.wire import WireOptions
from tests.doubles import ScriptedGate

LOOPBACK = IPv4Address("TCP", "127.0.0.1", 50000)
STRANGER = IPv4Address("TCP", "10.0.0.9", 50000)


class CommandProcessorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.gate = ScriptedGate(Open="OK")
        self.factory = CommandProcessorFactory(
            self.gate, frozenset({"local", "127.0.0.1"}), WireOptions(), Clock()
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

    def test_a_server_says_who_asked_and_how_long_that_one_waits(self) -> None:
        reply = self.ask(b"@id=4;from=10.0.0.1;within=0.5 System|Open V\r\n", UNIXAddress(None))
        self.assertEqual(reply, b"@id=4 OK\r\n")
        self.assertEqual(self.gate.requests, [("System", "Open V", "10.0.0.1", 0.5)])

    def test_a_stranger_is_not_believed_who_it_asks_for(self) -> None:
        self.ask(b"@id=4;from=10.0.0.1 System|Open V\r\n", STRANGER)
        self.assertEqual(self.gate.requests, [("System", "Open V", "10.0.0.9", None)])

    def test_a_line_without_a_type_gets_206(self) -> None:
        self.assertEqual(
            self.ask(b"Open V\r\n"),
            b"ERROR 206 : malformed request: Type|command is wanted, as in System|Open V\r\n",
        )

    def test_the_log_knows_it_by_name(self) -> None:
        self.assertEqual(self.factory.logPrefix(), "CommandProcessor")


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
                "lab.toml: access.hosts: expected addresses, networks or 192.168.1.*"
            )
        )

    def test_beside_a_simulated_laboratory_no_other_is_described(self) -> None:
        text = "[processor]\nsimulated_lab = true\n[extraction_line]\n"
        self.assertRaises(ConfigError, self.read, text)

    def test_the_built_in_laboratory_is_a_configuration_like_any(self) -> None:
        self.assertIn("laser", default_laboratory())
