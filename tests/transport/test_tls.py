"""TLS: who is let in, and how its connections end."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import CertificateOptions
from twisted.python.failure import Failure
from twisted.test.iosim import IOPump

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import PERIOD
from pychron_comms.transport.tls.contexts import ClientContexts, ServerContexts, TLSFiles, _options
from pychron_comms.transport.tls.listening import HANDSHAKE_TIME, TLSFactory
from pychron_comms.transport.tls.reading import read_certificates, read_identity
from tests.certs.test_certs import scratch
from tests.transport.tls_case import HOST, AnyContext, Client, ClientFactory, TLSCase


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

    def test_who_tries_a_hundred_times_does_not_fill_the_log(self) -> None:
        listener = self.listener()
        for _ in range(100):
            self.connect_client(listener, TLSFiles(roots=self.path))
        self.assertEqual(len(self.logged), 1)
        self.clock.advance(PERIOD)
        self.assertEqual(self.logged[1:], ["99 more lines about 10.0.0.5 were not written"])
        self.assertIn("pychron_comms_log_lines_withheld_total 99", self.metrics.text())

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
            factory = TLSFactory(
                contexts, Factory.forProtocol(self._made), self.clock, self.metrics
            )
            client = self.connect_context(context, factory)
            self.assertEqual(client.received, b"alice@10.0.0.5\r\n" if served else b"")

    def test_a_client_takes_no_older_tls_either_whether_it_has_a_certificate_or_not(self) -> None:
        for files in (self.files("alice"), TLSFiles(roots=self.path)):
            identity = files.identity()
            context = CertificateOptions(**_options(identity)).getContext()
            refused = context.set_options(0)
            for version in (SSL.OP_NO_TLSv1, SSL.OP_NO_TLSv1_1):
                self.assertTrue(refused & version)
            self.assertFalse(refused & SSL.OP_NO_TLSv1_2)

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
        listener = TLSFactory(contexts, factory, self.clock, Metrics(), handshake_time=1.0)
        self.pass_time(1.1, self.join(listener, Client()))
        self.assertIsNotNone(self.server.lost)

    def test_who_is_closed_at_once_without_tls_is_so_with_it(self) -> None:
        class Full(Factory):
            def buildProtocol(self, addr: object) -> None:
                return None

        listener = TLSFactory(ServerContexts(self.files(HOST)), Full(), self.clock, Metrics())
        self.assertIsNone(listener.buildProtocol(None))

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
