"""How TLS is spoken with the certificates of files: 1.2 or newer, and nothing weak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from zope.interface import implementer

from pychron_comms.transport.tls.reading import Identity, pem, read_identity, read_roots, root_files
from pychron_comms.transport.tls.renewed import Renewed

# Who is there stays who it was at the handshake. And many clients just close their socket: that is
# the end of a connection, and no failure of it. (Twisted resumes no session, unless it is asked.)
_SERVER_OPTIONS = getattr(SSL, "OP_NO_RENEGOTIATION", 0) | getattr(
    SSL, "OP_IGNORE_UNEXPECTED_EOF", 0
)


@dataclass(frozen=True)
class TLSFiles:
    """``key`` is None where the certificate's file holds it; ``roots`` is a file or a folder."""

    certificate: Path | None = None
    key: Path | None = None
    roots: Path | None = None

    def all(self) -> Iterator[Path]:
        """Raises ValueError for a folder that cannot be read."""
        yield from (file for file in (self.certificate, self.key) if file is not None)
        if self.roots is not None:
            yield from root_files(self.roots)

    def identity(self) -> Identity | None:
        return None if self.certificate is None else read_identity(self.certificate, self.key)


@implementer(IOpenSSLServerConnectionCreator)
class ServerContexts:
    """With ``roots`` a client must show a certificate of theirs. Raises ValueError."""

    def __init__(self, files: TLSFiles) -> None:
        self._context = Renewed(files.all, lambda: _server_context(files))

    def serverConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        return SSL.Connection(self._context.get())


@implementer(IOpenSSLClientConnectionCreator)
class ClientContexts:
    """The server must show a certificate for ``host``, of the roots or of those that the system
    trusts. Raises ValueError."""

    def __init__(self, host: str, files: TLSFiles) -> None:
        self._creator = Renewed(files.all, lambda: _client_creator(host, files))

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        return self._creator.get().clientConnectionForTLS(tlsProtocol)


def _server_context(files: TLSFiles) -> SSL.Context:
    identity = files.identity()
    if identity is None:
        raise ValueError("a TLS listener wants certificate=FILE and privateKey=FILE")
    options = _options(identity)
    if files.roots is not None:
        options |= {"trustRoot": _trust(files.roots)}
    context = CertificateOptions(**options).getContext()
    context.set_options(_SERVER_OPTIONS)
    return context


def _client_creator(host: str, files: TLSFiles) -> IOpenSSLClientConnectionCreator:
    identity = files.identity()
    roots = None if files.roots is None else _trust(files.roots)
    return optionsForClientTLS(host, roots, extraCertificateOptions=_options(identity))


def _options(identity: Identity | None) -> dict[str, Any]:
    options: dict[str, Any] = {"raiseMinimumTo": TLSVersion.TLSv1_2}
    if identity is not None:
        own, *between = identity.chain
        options |= {"certificate": own, "privateKey": identity.key, "extraCertChain": between}
    return options


def _trust(roots: Path) -> Any:
    return trustRootFromCertificates(Certificate.loadPEM(pem([root])) for root in read_roots(roots))
