"""TLS between a listener and its clients, in memory: who is let in, and under what name."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, IOPump, connect
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.certs.folder import Folder
from pychron_comms.transport.endpoints import client_endpoint, listening_service
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.tls.contexts import ClientContexts, ServerContexts, TLSFiles
from pychron_comms.transport.tls.listening import HANDSHAKE_TIME, TLSFactory
from pychron_comms.transport.tls.reading import read_certificates, read_identity
from pychron_comms.wire.grammar import Request
from tests.certs.test_certs import scratch

HOST = "lab-pc"
CLIENT = IPv4Address("TCP", "10.0.0.5", 50000)
SERVER = IPv4Address("TCP", "10.0.0.1", 1061)


class WhoAmI(CommandLineReceiver):
    """Answers every line with the name of who sent it; ``wait`` is never answered."""

    made: WhoAmI
    lost: Failure | None = None

    def answer(self, request: Request) -> str | Deferred[str]:
        return Deferred() if request.command == "wait" else self.sender

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason
        super().connectionLost(reason)


@implementer(IHandshakeListener)
class Client(Protocol):
    """Keeps what it gets; says ``first`` as soon as the handshake is done, on its side."""

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.received = b""
        self.lost: Failure | None = None

    def handshakeCompleted(self) -> None:
        if self.first:
            self.transport.write(self.first)  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason


class ClientFactory(TLSMemoryBIOFactory):
    # Twisted's own gathers what is written until the reactor's next turn.
    protocol = TLSMemoryBIOProtocol


@implementer(IOpenSSLClientConnectionCreator)
class AnyContext:
    def __init__(self, context: SSL.Context) -> None:
        self.context = context

    def clientConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        return SSL.Connection(self.context, None)


class TLSCase(SynchronousTestCase):
    """A laboratory's authority; ``self.server`` is the protocol inside, once something connects."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.path = self.authority("lab")
        self.folder(self.path).issue(HOST, [HOST], 365)
        self.folder(self.path).issue("server", [HOST, "10.0.0.1"], 365)
        self.folder(self.path).issue("alice", [], 365)
        self.server: WhoAmI
        self.logged: list[str] = []
        globalLogPublisher.addObserver(self._observe)  # type: ignore[arg-type]
        self.addCleanup(globalLogPublisher.removeObserver, self._observe)  # type: ignore[arg-type]

    def _observe(self, event: dict[str, Any]) -> None:
        if event.get("log_format"):
            self.logged.append(str(event["log_format"]).format(**event))

    def folder(self, path: Path, ago: timedelta = timedelta(0)) -> Folder:
        return Folder(path, datetime.now(UTC) - ago)

    def authority(self, name: str) -> Path:
        path = scratch(self)
        self.folder(path).init(name, 10)
        return path

    def files(self, name: str, path: Path | None = None, roots: bool = True) -> TLSFiles:
        path = path or self.path
        authority = self.path / "ca.pem" if roots else None
        return TLSFiles(path / f"{name}.pem", path / f"{name}.key", authority)

    def listener(self, files: TLSFiles | None = None) -> TLSFactory:
        return TLSFactory(
            ServerContexts(files or self.files(HOST)), Factory.forProtocol(self._made), self.clock
        )

    def _made(self) -> WhoAmI:
        self.server = WhoAmI(WireOptions(), self.clock)
        return self.server

    def connect_client(
        self, listener: TLSFactory, files: TLSFiles, first: bytes = b"whoami\r\n"
    ) -> tuple[Client, IOPump]:
        client = Client(first)
        contexts = ClientContexts(HOST, files)
        factory = ClientFactory(contexts, True, Factory.forProtocol(lambda: client), self.clock)
        return client, self.join(listener, factory.buildProtocol(None))

    def join(self, listener: TLSFactory, client: Any, pump: bool = True) -> IOPump:
        server: Any = listener.buildProtocol(CLIENT)
        server_end = FakeTransport(server, True, hostAddress=SERVER, peerAddress=CLIENT)
        client_end = FakeTransport(client, False, hostAddress=CLIENT, peerAddress=SERVER)
        joined = connect(server, server_end, client, client_end)
        if pump:
            joined.flush()
        return joined

    def assert_refused(self, client: Client) -> None:
        self.assertEqual(client.received, b"")
        self.assertIsNotNone(client.lost)
        self.assertIsNotNone(self.server.lost)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class AdmissionTests(TLSCase):
    def test_who_shows_a_certificate_has_its_name(self) -> None:
        client, _ = self.connect_client(self.listener(), self.files("alice"))
        self.assertEqual(client.received, b"alice@10.0.0.5\r\n")

    def test_without_roots_anybody_is_served_and_has_no_name(self) -> None:
        listener = self.listener(self.files(HOST, roots=False))
        for files in (TLSFiles(roots=self.path), self.files("alice")):
            client, _ = self.connect_client(listener, files)
            self.assertEqual(client.received, b"10.0.0.5\r\n")

    def test_who_shows_none_gets_nothing(self) -> None:
        client, _ = self.connect_client(self.listener(), TLSFiles(roots=self.path))
        self.assert_refused(client)
        self.assertEqual(
            self.logged,
            ["TLS with 10.0.0.5 did not come about: peer did not return a certificate"],
        )

    def test_who_shows_another_authoritys_gets_nothing(self) -> None:
        other = self.authority("other")
        self.folder(other).issue("alice", [], 365)
        client, _ = self.connect_client(self.listener(), self.files("alice", other))
        self.assert_refused(client)

    def test_who_shows_an_expired_one_gets_nothing(self) -> None:
        client = self.connect_expired()
        self.assert_refused(client)
        self.assertIn("certificate", self.logged[-1])

    def connect_expired(self) -> Client:
        self.folder(self.path, timedelta(days=9)).issue("gone", [], 8)
        files = self.files("gone")
        assert files.certificate is not None
        assert files.key is not None
        # Our own client would not even start with it.
        self.assertRaises(ValueError, ClientContexts, HOST, files)
        context = SSL.Context(SSL.TLS_METHOD)
        context.use_certificate_file(str(files.certificate))
        context.use_privatekey_file(str(files.key))
        return self.connect_context(context)

    def connect_context(self, context: SSL.Context, listener: TLSFactory | None = None) -> Client:
        """A client that shows, and checks, what it likes."""
        client = Client(b"whoami\r\n")

        factory = ClientFactory(
            AnyContext(context), True, Factory.forProtocol(lambda: client), self.clock
        )
        self.join(listener or self.listener(), factory.buildProtocol(None))
        return client

    def test_a_server_that_is_another_is_not_spoken_to(self) -> None:
        self.folder(self.path).issue("other", ["other"], 365)
        client, _ = self.connect_client(self.listener(self.files("other")), self.files("alice"))
        self.assertEqual((client.received, client.lost is None), (b"", False))

    def test_a_certificate_signed_by_a_certificate_is_nobodys(self) -> None:
        # Whoever owns a certificate must not become an authority by it.
        alice = read_identity(self.path / "alice.pem", self.path / "alice.key")
        now = datetime.now(UTC)
        forged = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "boss")]))
            .issuer_name(alice.chain[0].subject)
            .public_key(alice.key.public_key())  # type: ignore[arg-type]
            .serial_number(7)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(alice.key, SHA256())  # type: ignore[arg-type]
        )
        context = SSL.Context(SSL.TLS_METHOD)
        boss = scratch(self)
        (chain,) = read_certificates(self.path / "alice.pem")
        boss.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (forged, chain)))
        context.use_certificate_chain_file(str(boss))
        context.use_privatekey_file(str(self.path / "alice.key"))
        self.assert_refused(self.connect_context(context))

    def test_a_name_that_is_none_is_dropped_before_its_first_line(self) -> None:
        for name in (
            "a|b",
            "alice@10.0.0.9",
            "a b",
            "a;id=7",
            "élan",
            "x\r\nOpen A",
            "local",
            "10.0.0.1",
        ):
            self.logged.clear()
            client = self.connect_named(name)
            self.assertEqual(client.received, b"")
            self.assertIsNotNone(self.server.lost)
            self.assertIn("dropped 10.0.0.5: a certificate with the name", self.logged[0])

    def connect_named(self, *names: str) -> Client:
        ca = read_identity(self.path / "ca.pem", self.path / "ca.key")
        key = read_identity(self.path / "alice.pem", self.path / "alice.key").key
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca.chain[0].subject)
            .public_key(key.public_key())  # type: ignore[arg-type]
            .serial_number(7)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(ca.key, SHA256())  # type: ignore[arg-type]
        )
        file = scratch(self)
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        context = SSL.Context(SSL.TLS_METHOD)
        context.use_certificate_file(str(file))
        context.use_privatekey_file(str(self.path / "alice.key"))
        return self.connect_context(context)

    def test_no_name_and_two_names_are_none(self) -> None:
        for names in ((), ("alice", "bob")):
            self.assertEqual(self.connect_named(*names).received, b"")
            self.assertIsNotNone(self.server.lost)

    def test_a_name_of_the_right_letters_is_taken(self) -> None:
        self.assertEqual(self.connect_named("Lab_1.a-b").received, b"Lab_1.a-b@10.0.0.5\r\n")

    def test_tls_older_than_1_2_is_refused(self) -> None:
        for version, served in ((SSL.TLS1_1_VERSION, False), (SSL.TLS1_2_VERSION, True)):
            contexts = ServerContexts(self.files(HOST))
            context = SSL.Context(SSL.TLS_METHOD)
            # OpenSSL's own caution would refuse it too, and hide what is tested.
            for each in (contexts._context.get(), context):
                each.set_cipher_list(b"ALL:@SECLEVEL=0")
            context.set_min_proto_version(SSL.TLS1_VERSION)
            context.set_max_proto_version(version)
            context.use_certificate_file(str(self.path / "alice.pem"))
            context.use_privatekey_file(str(self.path / "alice.key"))
            factory = TLSFactory(contexts, Factory.forProtocol(self._made), self.clock)
            client = self.connect_context(context, factory)
            self.assertEqual(client.received, b"alice@10.0.0.5\r\n" if served else b"")

    def test_plain_text_gets_nothing(self) -> None:
        plain = Client()
        pump = self.join(self.listener(), plain)
        plain.transport.write(b"whoami\r\n")  # type: ignore[union-attr]
        pump.flush()
        self.assertNotIn(b"10.0.0.5", plain.received)
        self.assertIsNotNone(self.server.lost)
        self.assertEqual(len(self.logged), 1)

    def test_a_session_is_not_resumed(self) -> None:
        # Resumed, it would be trusted without a look at the certificate.
        context = ssl.create_default_context(cafile=str(self.path / "ca.pem"))
        context.load_cert_chain(self.path / "alice.pem", self.path / "alice.key")
        listener = self.listener()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version = context.maximum_version = version
            first = BlockingClient(context, None)
            self.join(listener, first)
            self.assertEqual(first.received, b"alice@10.0.0.5\r\n")
            second = BlockingClient(context, first.tls.session)
            self.join(listener, second)
            self.assertEqual(second.received, b"alice@10.0.0.5\r\n")
            self.assertFalse(second.tls.session_reused)


class BlockingClient(Protocol):
    """Python's own TLS, as scripts and notebooks speak it."""

    def __init__(self, context: ssl.SSLContext, session: ssl.SSLSession | None) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming, self.outgoing, server_hostname=HOST, session=session
        )
        self.received = b""

    def connectionMade(self) -> None:
        self.work()

    def dataReceived(self, data: bytes) -> None:
        self.incoming.write(data)
        self.work()

    def work(self) -> None:
        try:
            # It returns at once when the handshake is done.
            begins = self.tls.version() is None
            self.tls.do_handshake()
            if begins:
                self.tls.write(b"whoami\r\n")
            self.received += self.tls.read()
        except ssl.SSLWantReadError:
            pass
        if self.outgoing.pending:
            self.transport.write(self.outgoing.read())  # type: ignore[union-attr]


class EndTests(TLSCase):
    def pass_time(self, seconds: float, pump: IOPump) -> None:
        self.clock.advance(seconds)
        pump.flush()

    def test_a_handshake_that_never_comes_is_ended(self) -> None:
        silent = Client()
        pump = self.join(self.listener(), silent)
        self.pass_time(HANDSHAKE_TIME - 0.1, pump)
        self.assertIsNone(self.server.lost)
        self.pass_time(0.2, pump)
        self.assertIsNotNone(self.server.lost)
        self.assertEqual(self.logged, ["TLS with 10.0.0.5 did not come about: it took too long"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_handshake_a_byte_at_a_time_is_ended_in_the_same_time(self) -> None:
        slow = Client()
        pump = self.join(self.listener(), slow)
        for byte in b"\x16\x03\x01\x02\x00\x01":
            slow.transport.write(bytes([byte]))  # type: ignore[union-attr]
            pump.flush()
            self.pass_time(HANDSHAKE_TIME / 5, pump)
        self.assertIsNotNone(self.server.lost)

    def test_the_time_is_the_handshakes_alone(self) -> None:
        client, pump = self.connect_client(self.listener(), self.files("alice"))
        self.pass_time(10 * HANDSHAKE_TIME, pump)
        self.assertIsNone(self.server.lost)
        self.assertIsNone(client.lost)

    def test_the_time_is_configurable(self) -> None:
        contexts = ServerContexts(self.files(HOST))
        factory = Factory.forProtocol(self._made)
        listener = TLSFactory(contexts, factory, self.clock, handshake_time=1.0)
        self.pass_time(1.1, self.join(listener, Client()))
        self.assertIsNotNone(self.server.lost)

    def test_a_client_that_does_not_end_its_side_is_cut_off(self) -> None:
        _, pump = self.connect_client(self.listener(), self.files("alice"))
        # It answers nothing more.
        pump.clientIO.protocol = Protocol()
        self.server.transport.unregisterProducer()
        self.server.transport.loseConnection()
        pump.flush()
        self.assertIsNone(self.server.lost)
        self.pass_time(HANDSHAKE_TIME + 0.1, pump)
        self.assertIsNotNone(self.server.lost)

    def test_a_socket_that_is_just_closed_is_an_end_and_no_failure(self) -> None:
        # Python's clients close so; taken for a reset, their last reply would be kept for a copy.
        self.connect_client(self.listener(), self.files("alice"))
        self.server.transport.connectionLost(Failure(ConnectionDone()))
        lost = self.server.lost
        assert lost is not None
        self.assertTrue(lost.check(ConnectionDone), lost)


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
        service = listening_service(description, Factory.forProtocol(self._made), self.reactor)
        service.privilegedStartService()
        self.addCleanup(service.stopService)
        return self.reactor.tcpServers[-1]

    def assert_mistake(self, call: Callable[[], object], expected: str) -> None:
        error = self.assertRaises(ValueError, call)
        self.assertIn(expected, str(error))
        self.assertNotIn("\n", str(error))

    def assert_no_listener(self, description: str, expected: str) -> None:
        self.assert_mistake(
            lambda: listening_service(description, Factory(), self.reactor), expected
        )

    def assert_no_client(self, description: str, expected: str) -> None:
        self.assert_mistake(lambda: client_endpoint(description, self.reactor), expected)

    def test_a_listener_takes_port_interface_and_backlog(self) -> None:
        port, _, backlog, interface = self.listen(f"tls:1061:{self.named}")
        self.assertEqual((port, backlog, interface), (1061, 128, ""))
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
