"""A laboratory's own authority: makes certificates for its computers and people; no files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: Validity begins so much before now: the clocks of a laboratory differ.
EARLIER = timedelta(minutes=5)

_YEAR = timedelta(days=365.25)
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*\.?")

Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Authority:
    """What signs: its certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @classmethod
    def new(cls, name: str, years: int, now: datetime) -> Authority:
        """ValueError for a name that is empty or has more than 64 characters."""
        key = new_key()
        subject = _subject(name)
        builder = (
            _builder(subject, key.public_key(), now, now + years * _YEAR)
            .issuer_name(subject)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
            )
        )
        return cls(builder.sign(key, SHA256()), key)

    def issue(
        self,
        name: str,
        hosts: Sequence[x509.GeneralName],
        public_key: CertificatePublicKeyTypes,
        days: int,
        now: datetime,
    ) -> x509.Certificate:
        """One for a server, of those hosts, and for a client of that name.

        It lives no longer than the authority; ValueError where that has expired.
        """
        end = self.certificate.not_valid_after_utc
        if now >= end:
            raise ValueError(f"the authority has expired on {end:%Y-%m-%d}; init makes a new one")
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = (
            _builder(_subject(name), public_key, now, min(now + timedelta(days=days), end))
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        return builder.sign(self.key, SHA256())


def parse_hosts(hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Addresses and DNS names, each once. Raises ValueError."""
    return list(dict.fromkeys(_host(host) for host in hosts))


def hosts_of(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(found.value)


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        pass
    try:
        name = text.lower() if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        name = ""
    # What looks like an address and is none would be no name that anybody can have.
    if len(name) > 253 or not _HOST_NAME.fullmatch(name) or re.fullmatch(r"[\d.]+", name):
        raise ValueError(f"{text!r} is neither a host name nor an address")
    return x509.DNSName(name)


def _subject(name: str) -> x509.Name:
    if not 1 <= len(name) <= 64:
        raise ValueError(f"{name!r}: a name has 1 to 64 characters")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, public_key: CertificatePublicKeyTypes, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before((now - EARLIER).astimezone(UTC))
        .not_valid_after(end.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
