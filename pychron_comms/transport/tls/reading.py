"""Certificates, keys and trusted authorities from files; each mistake is one clear line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from pychron_comms.config.private_files import check_private

_KEY_MARK = b"PRIVATE KEY-----"


@dataclass(frozen=True)
class Identity:
    """Who shows itself: its certificate, those between it and the authority, and its key."""

    chain: Sequence[x509.Certificate]
    key: PrivateKeyTypes


def read_identity(certificate: Path, key: Path | None = None) -> Identity:
    """From PEM files; without ``key``, the certificate's own file holds the key too.

    ValueError, in one line, for files that are missing or garbage, a key that others can read or
    that is another certificate's, and a certificate that has expired or is not valid yet.
    """
    if key is None and _KEY_MARK not in _content(certificate):
        raise ValueError(f"{certificate}: holds no private key; privateKey=FILE says where it is")
    chain = read_certificates(certificate)
    private = _read_key(key or certificate)
    _check_time(certificate, chain[0])
    if _public(chain[0].public_key()) != _public(private.public_key()):
        raise ValueError(f"{key or certificate}: not the key of the certificate {certificate}")
    return Identity(chain, private)


def read_certificates(file: Path) -> list[x509.Certificate]:
    """All that the PEM file holds, one at least. Raises ValueError."""
    content = _content(file)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise ValueError(f"{file}: holds no certificate in PEM form") from None


def read_roots(roots: Path) -> list[x509.Certificate]:
    """The authorities that the PEM file, or the ``.pem`` files of the folder, hold: one at least.

    Other certificates beside them are passed over: trust goes to authorities alone. ValueError
    where there is none, or none that is valid now.
    """
    found = [
        each
        for file in root_files(roots)
        for each in (read_certificates(file) if file == roots else _some_certificates(file))
        if _is_authority(each)
    ]
    if not found:
        raise ValueError(f"{roots}: holds no certificate of an authority in PEM form")
    now = datetime.now(UTC)
    valid = [each for each in found if each.not_valid_before_utc <= now <= each.not_valid_after_utc]
    if not valid:
        _check_time(roots, found[0])
    return valid


def root_files(roots: Path) -> list[Path]:
    """The file itself, or the ``.pem`` files of the folder. Raises ValueError."""
    if not roots.is_dir():
        return [roots]
    try:
        return sorted(file for file in roots.iterdir() if file.suffix.lower() == ".pem")
    except OSError as error:
        raise ValueError(f"{roots}: cannot be read: {error.strerror}") from None


def pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def _some_certificates(file: Path) -> list[x509.Certificate]:
    """Those of a file in a folder, which may hold something else; a key, for instance."""
    return read_certificates(file) if b"BEGIN CERTIFICATE" in _content(file) else []


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        # A server that has signed its own is an authority for itself.
        return certificate.issuer == certificate.subject
    return constraints.value.ca or certificate.issuer == certificate.subject


def _read_key(file: Path) -> PrivateKeyTypes:
    check_private(file)
    content = _content(file)
    try:
        return load_pem_private_key(content, password=None)
    except TypeError:
        raise ValueError(f"{file}: the key is locked by a passphrase, which is not asked") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"{file}: holds no private key in PEM form") from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(f"{file}: cannot be read: {error.strerror}") from None


def _check_time(file: Path, certificate: x509.Certificate) -> None:
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        raise ValueError(f"{file}: has expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        begin = certificate.not_valid_before_utc
        raise ValueError(f"{file}: is not valid before {begin:%Y-%m-%d %H:%M} UTC")


def _public(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
