"""TLS as an endpoint string asks for it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path


def context_from(options: Mapping[str, str]) -> ssl.SSLContext:
    """A context that checks the server's certificate and name.

    ``trustRoots`` is a PEM file or a folder of ``.pem`` files, trusted instead of what the system
    trusts; ``certificate`` and ``privateKey`` are files that say who this client is, the second
    where the first does not hold the key too. Raises ValueError for files that cannot be used,
    and for a key that others can read.
    """
    # Brings cryptography along, which no other endpoint needs.
    from pychron_comms.transport.tls.reading import pem, read_identity, read_roots  # noqa: PLC0415

    roots, certificate = options.get("trustRoots"), options.get("certificate")
    key = options.get("privateKey")
    if key is not None and certificate is None:
        raise ValueError(f"privateKey={key}: of no use without certificate=FILE")
    trusted = None if roots is None else pem(read_roots(Path(roots))).decode()
    context = ssl.create_default_context(cadata=trusted)
    if certificate is not None:
        read_identity(Path(certificate), None if key is None else Path(key))
        context.load_cert_chain(certificate, key)
    return context
