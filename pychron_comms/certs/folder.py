"""The folder of a laboratory's authority: ``ca.pem`` and ``ca.key``, and a pair for each name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pychron_comms.certs.authority import Authority, Key, hosts_of, new_key, parse_hosts
from pychron_comms.transport.peer_identity import is_name
from pychron_comms.transport.tls.reading import pem, read_certificates, read_identity

#: The name of the authority's own files.
CA = "ca"


@dataclass(frozen=True)
class Entry:
    """One certificate of the folder."""

    name: str
    certificate: x509.Certificate

    @property
    def hosts(self) -> list[str]:
        return [str(host.value) for host in hosts_of(self.certificate)]

    @property
    def expires(self) -> datetime:
        return self.certificate.not_valid_after_utc

    def left(self, now: datetime) -> timedelta:
        return self.expires - now


class Folder:
    """Every method raises ValueError or OSError. ``now`` bears a time zone."""

    def __init__(self, path: Path, now: datetime) -> None:
        self._path = path
        self._now = now

    def init(self, name: str, years: int) -> None:
        """Make the folder and the authority; one that is there already stays."""
        for file in (self._key(CA), self._pem(CA)):
            if file.exists():
                raise ValueError(f"{file} is there already, and an authority is never overwritten")
        authority = Authority.new(name, years, self._now)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self._key(CA), _key_pem(authority.key), 0o600)
        _write(self._pem(CA), pem([authority.certificate]), 0o644)

    def issue(self, name: str, hosts: Sequence[str], days: int) -> list[Path]:
        """A new certificate and its key: the files that were made."""
        checked_name(name)
        for file in (self._pem(name), self._key(name)):
            if file.exists():
                raise ValueError(f"{file} is there already; renew makes a certificate again")
        names = parse_hosts(hosts)
        key = new_key()
        certificate = self._authority().issue(name, names, key.public_key(), days, self._now)
        _write(self._key(name), _key_pem(key), 0o600)
        _write(self._pem(name), pem([certificate]), 0o644)
        return [self._pem(name), self._key(name)]

    def renew(self, name: str, days: int, new: bool) -> Entry:
        """The same name and hosts for so many days from now; the same key, or a new one.

        The key that stays need not be here: it may have moved to the computer that it is for.
        """
        old = self.entry(name).certificate
        key = new_key() if new else None
        public = old.public_key() if key is None else key.public_key()
        certificate = self._authority().issue(name, hosts_of(old), public, days, self._now)
        if key is not None:
            _write(self._key(name), _key_pem(key), 0o600)
        _write(self._pem(name), pem([certificate]), 0o644)
        return Entry(name, certificate)

    def names(self) -> list[str]:
        """Of all certificates but the authority's."""
        if not self._pem(CA).exists():
            raise ValueError(f"{self._path}: there is no {CA}.pem in it; init makes an authority")
        names = {file.stem for file in self._path.glob("*.pem")}
        return sorted(name for name in names - {CA} if is_name(name))

    def entry(self, name: str) -> Entry:
        return Entry(name, read_certificates(self._pem(name))[0])

    def _authority(self) -> Authority:
        identity = read_identity(self._pem(CA), self._key(CA))
        if not isinstance(identity.key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self._key(CA)}: not a key that init made")
        return Authority(identity.chain[0], identity.key)

    def _pem(self, name: str) -> Path:
        return self._path / f"{name}.pem"

    def _key(self, name: str) -> Path:
        return self._path / f"{name}.key"


def checked_name(name: str) -> str:
    """ValueError for what can be no file's name everywhere, and no name in rules and logs."""
    if not is_name(name) or name.strip(".-") != name:
        expected = "1 to 64 letters, digits, dashes, dots, underscores; no address, and not 'local'"
        raise ValueError(f"{name!r} is no name for a certificate: {expected}")
    if name.lower() == CA:
        raise ValueError(f"{name!r} is the authority's own name")
    return name


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(file: Path, data: bytes, mode: int) -> None:
    """All of it or nothing, and never readable for more than ``mode`` says."""
    # A temporary file of Python's is its owner's alone from the first moment.
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(data)
            output.flush()
            os.fsync(output.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, file)
    except OSError:
        os.unlink(temporary)
        raise
