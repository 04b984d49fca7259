"""TLS as an endpoint string asks for it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path


def context_from(options: Mapping[str, str]) -> ssl.SSLContext:
    """A context that checks the server's certificate and name.

    ``trustRoots`` is a folder of ``.pem`` files, trusted instead of what the system trusts;
    ``certificate`` and ``privateKey`` are files that say who this client is. Raises OSError and
    ``ssl.SSLError`` for files that cannot be used, ValueError for a folder without any.
    """
    roots = options.get("trustRoots")
    if roots is None:
        context = ssl.create_default_context()
    else:
        context = ssl.create_default_context(cadata=_certificates(Path(roots)))
    certificate = options.get("certificate")
    if certificate is not None:
        context.load_cert_chain(certificate, options.get("privateKey"))
    return context


def _certificates(folder: Path) -> str:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".pem")
    if not files:
        raise ValueError(f"trustRoots={folder}: no .pem file in it")
    return "\n".join(file.read_text() for file in files)
