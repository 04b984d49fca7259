"""TLS: certificates that are renewed, and endpoint strings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent

from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.endpoints import client_endpoint
from pychron_comms.transport.schemes import stream_service
from pychron_comms.transport.tls.contexts import ClientContexts, TLSFiles
from pychron_comms.transport.tls.listening import TLSFactory
from pychron_comms.transport.tls.reading import read_certificates
from pychron_comms.transport.tls.renewed import Renewed
from tests.certs.test_certs import scratch
from tests.transport.tls_case import HOST, SERVER, Client, ClientFactory, TLSCase


class RenewalTests(TLSCase):
    def serial(self, listener: TLSFactory) -> int:
        """Of the certificate that a client is shown."""
        client, _ = self.connect_client(listener, self.files("alice"))
        shown = client.transport.getPeerCertificate()  # type: ignore[union-attr]
        return int(shown.get_serial_number())

    def test_a_renewed_certificate_is_shown_to_the_next_client(self) -> None:
        listener = self.listener()
        before = self.serial(listener)
        self.assertEqual(self.serial(listener), before)
        self.folder(self.path).renew(HOST, 365, new=True)
        after = self.serial(listener)
        self.assertNotEqual(after, before)
        self.assertEqual(after, read_certificates(self.path / f"{HOST}.pem")[0].serial_number)

    def test_what_has_changed_once_is_read_once(self) -> None:
        file = self.path / "roots"
        file.write_text("a")
        read: list[str] = []
        renewed = Renewed(lambda: [file], lambda: read.append(file.read_text()) or len(read))
        self.assertEqual([renewed.get(), renewed.get(), read], [1, 1, ["a"]])
        file.write_text("longer")
        self.assertEqual([renewed.get(), renewed.get(), read], [2, 2, ["a", "longer"]])
        file.unlink()
        self.assertRaises(OSError, renewed.get)
        self.assertEqual(renewed.get(), 2)

    def test_each_file_that_was_read_anew_is_named_in_the_log(self) -> None:
        files = [self.path / "one", self.path / "two"]
        renewed = Renewed(lambda: files, lambda: None)
        files[0].write_text("a")
        with capturedLogs() as logs:
            renewed.get()
        told = [formatEvent(each) for each in logs]
        self.assertEqual(told, [f"changed files are used: {files[0]}, {files[1]}"])

    def test_a_renewal_that_is_half_done_ends_nothing(self) -> None:
        listener = self.listener()
        before = self.serial(listener)
        key = self.path / f"{HOST}.key"
        own = key.read_bytes()
        key.write_bytes((self.path / "alice.key").read_bytes())
        self.assertEqual(self.serial(listener), before)
        self.assertIn("not the key of the certificate", self.logged[0])
        key.write_bytes(own)
        self.assertEqual(self.serial(listener), before)

    def test_an_authority_that_is_added_to_the_folder_is_trusted(self) -> None:
        roots = scratch(self)
        roots.mkdir()
        (roots / "one.pem").write_bytes((self.path / "ca.pem").read_bytes())
        # What is no certificate is passed over in a folder.
        (roots / "another.pem").write_text("nothing")
        own = self.files(HOST)
        listener = self.listener(TLSFiles(own.certificate, own.key, roots))
        other = self.authority("other")
        self.folder(other).issue("bob", [], 365)
        client, _ = self.connect_client(listener, self.files("bob", other))
        self.assertEqual(client.received, b"")
        (roots / "two.pem").write_bytes((other / "ca.pem").read_bytes())
        client, _ = self.connect_client(listener, self.files("bob", other))
        self.assertEqual(client.received, b"bob@10.0.0.5\r\n")

    def test_a_client_shows_its_renewed_certificate_when_it_connects_again(self) -> None:
        contexts = ClientContexts(HOST, self.files("alice"))
        listener = self.listener()

        def shown() -> int:
            factory = ClientFactory(contexts, True, Factory.forProtocol(Client), self.clock)
            self.join(listener, factory.buildProtocol(None))
            return int(self.server.transport.getPeerCertificate().get_serial_number())

        before = shown()
        self.folder(self.path).renew("alice", 365, new=False)
        self.assertNotEqual(shown(), before)


class StringTests(TLSCase):
    def setUp(self) -> None:
        super().setUp()
        self.reactor: Any = MemoryReactorClock()
        self.own = self.path / HOST
        self.named = f"certificate={self.own}.pem:privateKey={self.own}.key"

    def listen(self, description: str) -> Any:
        service = stream_service(
            description, Factory.forProtocol(self._made), self.reactor, Metrics()
        )
        service.privilegedStartService()
        self.addCleanup(service.stopService)
        return self.reactor.tcpServers[-1]

    def assert_mistake(self, call: Callable[[], object], expected: str) -> None:
        error = self.assertRaises(ValueError, call)
        self.assertIn(expected, str(error))
        self.assertNotIn("\n", str(error))

    def assert_no_listener(self, description: str, expected: str) -> None:
        self.assert_mistake(
            lambda: stream_service(description, Factory(), self.reactor, Metrics()), expected
        )

    def assert_no_client(self, description: str, expected: str) -> None:
        self.assert_mistake(lambda: client_endpoint(description, self.reactor), expected)

    def test_a_listener_takes_port_interface_and_backlog(self) -> None:
        port, _, backlog, interface = self.listen(f"tls:1061:{self.named}")
        self.assertEqual((port, backlog, interface), (1061, 1024, ""))
        port, _, backlog, interface = self.listen(
            f"tls:0:interface=127.0.0.1:backlog=5:{self.named}"
        )
        self.assertEqual((port, backlog, interface), (0, 5, "127.0.0.1"))
        *_, interface = self.listen(rf"tls:0:interface=\:\:1:{self.named}")
        self.assertEqual(interface, "::1")

    def test_what_listens_speaks_tls_and_asks_for_a_certificate(self) -> None:
        _, factory, *_ = self.listen(f"tls:1061:{self.named}:trustRoots={self.path}/ca.pem")
        client, _ = self.connect_client(factory, self.files("alice"))
        self.assertEqual(client.received, b"alice@10.0.0.5\r\n")
        client, _ = self.connect_client(factory, TLSFiles(roots=self.path))
        self.assertEqual(client.received, b"")

    def test_a_listener_tells_each_mistake_in_one_line(self) -> None:
        for description, expected in (
            ("tls:1061", "expected tls:PORT:certificate=FILE:privateKey=FILE"),
            (f"tls:{self.named}", "expected tls:PORT:certificate=FILE"),
            (f"tls:ssh:{self.named}", "port is a number from 0 to 65535"),
            (f"tls:65536:{self.named}", "port is a number from 0 to 65535"),
            (f"tls:1:2:{self.named}", "expected tls:PORT:certificate=FILE"),
            (f"tls:1:backlog=x:{self.named}", "backlog is a number"),
            (f"tls:1:{self.named}:trustRoot=x", "there is no option 'trustRoot' of tls:"),
            (f"tls:1:{self.named}:trustRoots=", "expected tls:PORT"),
            (f"tls:1:privateKey={self.own}.key", "expected tls:PORT"),
            (f"tls:1:certificate={self.own}.pem", "holds no private key; privateKey=FILE says"),
            (f"tls:1:{self.named}:trustRoots=/nowhere", "/nowhere: cannot be read: No such file"),
            (f"tls:1:{self.named}:trustRoots={self.own}.pem", "no certificate of an authority"),
        ):
            self.assert_no_listener(description, expected)

    def test_a_listener_takes_no_key_that_others_can_read(self) -> None:
        Path(f"{self.own}.key").chmod(0o640)
        self.assert_no_listener(f"tls:1:{self.named}", f"{self.own}.key: others can read it")

    def test_a_client_tells_each_mistake_in_one_line(self) -> None:
        for description, expected in (
            ("tls:lab", "expected tls:HOST:PORT"),
            ("tls:lab:1:2:3", "expected tls:HOST:PORT"),
            ("tls:lab:x", "port is a number from 0 to 65535"),
            ("tls:lab:1:timeout=x", "timeout is a number from 0 to 3600"),
            ("tls:lab:1:caCertsDir=/x", "there is no option 'caCertsDir' of tls:"),
            (f"tls:lab:1:privateKey={self.own}.key", "wants certificate=FILE beside it"),
            ("tls:lab:1:trustRoots=/nowhere", "/nowhere: cannot be read: No such file"),
            ("tls:lab:1:certificate=/a:privateKey=/b", "/a: cannot be read: No such file"),
        ):
            self.assert_no_client(description, expected)

    def test_a_client_takes_no_key_that_others_can_read(self) -> None:
        Path(f"{self.own}.key").chmod(0o604)
        self.assert_no_client(f"tls:lab:1:{self.named}", f"{self.own}.key: others can read it")

    def test_a_clients_endpoint_shows_its_certificate_and_checks_the_servers(self) -> None:
        for roots, served in ((f"{self.path}/ca.pem", True), (str(self.path), True), ("", False)):
            description = f"tls:10.0.0.1:1061:{self.named}"
            if roots:
                description += f":trustRoots={roots}"
            client = self.dial(description, self.listener(self.files("server")))
            self.assertEqual(self.server.sender, "lab-pc@10.0.0.5" if served else "10.0.0.5")
            self.assertEqual(client.lost is None, served)

    def test_a_client_may_reach_the_server_by_way_of_another_endpoint(self) -> None:
        below = r"endpoint=unix\:/run/tunnel"
        client_endpoint(f"tls:lab:1061:{below}", self.reactor).connect(Factory())
        (address, *_), *_ = self.reactor.unixClients
        self.assertEqual(address, "/run/tunnel")
        self.assertEqual(self.reactor.tcpClients, [])

    def test_unix_sockets_are_not_everywhere(self) -> None:
        why = "'unix:/run/lab': this system has no unix sockets; use tcp: on loopback"
        error = self.assertRaises(ValueError, client_endpoint, "unix:/run/lab", Clock())
        self.assertEqual(str(error), why)

    def dial(self, description: str, listener: TLSFactory) -> Client:
        client = Client()
        factory = Factory.forProtocol(lambda: client)
        client_endpoint(description, self.reactor).connect(factory)
        # HostnameEndpoint looks an address up before it connects, and tries it a moment later.
        self.reactor.advance(1)
        _, port, plain, *_ = self.reactor.tcpClients.pop()
        self.assertEqual(port, 1061)
        self.join(listener, plain.buildProtocol(SERVER))
        return client
