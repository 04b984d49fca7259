"""Both ends of a TLS connection, in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, IOPump, connect
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.certs.folder import Folder
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.tls.contexts import ClientContexts, ServerContexts, TLSFiles
from pychron_comms.transport.tls.listening import TLSFactory
from pychron_comms.wire.grammar import Request
from tests.certs.test_certs import scratch
from tests.listening import connections

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
        self.metrics = Metrics()
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
            ServerContexts(files or self.files(HOST)),
            Factory.forProtocol(self._made),
            self.clock,
            self.metrics,
        )

    def _made(self) -> WhoAmI:
        self.server = WhoAmI(connections(self.clock))
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
