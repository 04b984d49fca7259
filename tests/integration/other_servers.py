"""Servers that are not ours, in threads of the test: originals, and ones that misbehave."""

from __future__ import annotations

import datetime
import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"

#: From a line to what is sent back: bytes, each so many seconds after the one before.
Answer = Callable[[str], Iterable[tuple[float, bytes]]]


def tag_of(line: str) -> str:
    """The head with which a reply to this line begins: its number, where it has one."""
    if not line.startswith("@id="):
        return ""
    return line.partition(" ")[0].partition(";")[0] + " "


def command_of(line: str) -> str:
    return line.partition(" ")[2] if line.startswith("@") else line


class OtherServer:
    """Answers lines; ``closes`` its connections after each answer.

    ``commands`` are all that came, ``answered`` those whose answers have left.
    """

    def __init__(self, kind: str, answer: Answer, folder: Path, closes: bool = False) -> None:
        self.commands: list[str] = []
        self.answered: list[str] = []
        self._answer = answer
        self._closes = closes
        self._context = make_context(folder) if kind == "tls" else None
        self._connections: list[socket.socket] = []
        self._stops = False
        if kind == "unix":
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.bind(str(folder / "other.sock"))
            self.endpoint = f"unix:{folder}/other.sock"
        else:
            style = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
            self._socket = socket.socket(socket.AF_INET, style)
            self._socket.bind((HOST, 0))
            self.endpoint = f"{kind}:{HOST}:{self._socket.getsockname()[1]}"
        if kind == "tls":
            self.endpoint += f":trustRoots={folder}"
        if kind != "udp":
            self._socket.listen()
        self._threads: list[threading.Thread] = []
        self._start(self._datagrams if kind == "udp" else self._accept)

    def close(self) -> None:
        self._stops = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._connections.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        # ValueError where it was closed meanwhile.
        with suppress(OSError, ValueError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._connections.append(connection)
            # A TLS connection that two threads use at once mixes its records up.
            alone = threading.Lock()

            def send(reply: bytes) -> None:
                with alone:
                    connection.sendall(reply)

            while data := _received(connection, alone):
                for line in data.decode(errors="replace").split("\r")[:-1]:
                    self._start(self._reply, line, send, connection)

    def _datagrams(self) -> None:
        with suppress(OSError):
            while True:
                data, peer = self._socket.recvfrom(65536)

                def send(reply: bytes, peer: tuple[str, int] = peer) -> None:
                    self._socket.sendto(reply, peer)

                self._start(self._reply, data.decode().rstrip("\r"), send, None)

    def _reply(
        self, line: str, send: Callable[[bytes], object], connection: socket.socket | None
    ) -> None:
        self.commands.append(command_of(line))
        with suppress(OSError):
            for pause, reply in self._answer(line):
                threading.Event().wait(pause)
                if not self._stops:
                    send(reply)
        self.answered.append(command_of(line))
        if self._closes and connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def _received(connection: socket.socket, alone: threading.Lock) -> bytes:
    """What has come; ``alone`` is held only while it is read, and not while nothing comes."""
    while True:
        if not (isinstance(connection, ssl.SSLSocket) and connection.pending()):
            select.select([connection], [], [])
        with alone:
            connection.setblocking(False)
            try:
                return connection.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            finally:
                connection.setblocking(True)


def make_context(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that it signed itself; ``folder`` holds it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    root, secret = folder / "lab.pem", folder / "lab.key"
    root.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root, secret)
    return context
