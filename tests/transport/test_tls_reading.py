"""Which certificates are trusted as authorities, and what is said where none can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.certs.folder import Folder
from pychron_comms.transport.tls.reading import pem, read_identity, read_roots, root_files
from tests.certs.test_certs import scratch

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    subject: str, issuer: str, *, ca: bool | None, begin: datetime = NOW - DAY
) -> bytes:
    """Valid for two days; ``ca`` is what it says of itself, None for nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + 2 * DAY)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


class RootTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def file(self, *certificates: bytes, name: str = "roots.pem") -> Path:
        file = self.folder / name
        file.write_bytes(b"".join(certificates))
        return file

    def trusted(self, roots: Path) -> list[str]:
        return [each.subject.rfc4514_string().removeprefix("CN=") for each in read_roots(roots)]

    def test_trust_goes_to_authorities_and_to_who_has_signed_its_own(self) -> None:
        authority = certificate("lab", "world", ca=True)
        for subject, issuer, ca, is_trusted in (
            ("own", "own", None, True),
            ("own", "own", False, True),
            ("leaf", "lab", None, False),
            ("leaf", "lab", False, False),
            ("between", "lab", True, True),
        ):
            roots = self.file(authority, certificate(subject, issuer, ca=ca))
            expected = ["lab", subject] if is_trusted else ["lab"]
            self.assertEqual(self.trusted(roots), expected, (subject, ca))

    def test_one_at_least_must_be_an_authority(self) -> None:
        for content, why in (
            (b"-----BEGIN CERTIFICATE-----\n", "holds no certificate in PEM form"),
            (b"my thesis", "holds no certificate in PEM form"),
            (
                certificate("leaf", "lab", ca=None),
                "holds no certificate of an authority in PEM form",
            ),
        ):
            roots = self.file(content)
            error = self.assertRaises(ValueError, read_roots, roots)
            self.assertEqual(str(error), f"{roots}: {why}")

    def test_only_those_that_are_valid_now_are_trusted(self) -> None:
        valid = certificate("valid", "valid", ca=True)
        old = certificate("old", "old", ca=True, begin=NOW - 9 * DAY)
        young = certificate("young", "young", ca=True, begin=NOW + DAY)
        self.assertEqual(self.trusted(self.file(old, valid, young)), ["valid"])
        expired = f"has expired on {NOW - 7 * DAY:%Y-%m-%d}"
        begins = f"is not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC"
        for each, why in ((old, expired), (young, begins)):
            file = self.file(each)
            error = self.assertRaises(ValueError, read_roots, file)
            self.assertEqual(str(error), f"{file}: {why}")

    def test_several_are_written_one_behind_the_other(self) -> None:
        one, two = certificate("a", "a", ca=True), certificate("b", "b", ca=True)
        self.assertEqual(pem(read_roots(self.file(one, two))), one + two)

    def test_of_a_folder_all_files_in_pem_are_read_in_order(self) -> None:
        for file in ("b.pem", "a.PEM", "c.txt"):
            self.file(certificate(file[0], file[0], ca=True), name=file)
        self.file(b"a key, for instance", name="d.pem")
        self.assertEqual(self.trusted(self.folder), ["a", "b"])

    def test_a_folder_that_cannot_be_read_says_why(self) -> None:
        def unreadable(path: Path) -> None:
            raise PermissionError(13, "Permission denied")

        self.patch(Path, "iterdir", unreadable)
        error = self.assertRaises(ValueError, root_files, self.folder)
        self.assertEqual(str(error), f"{self.folder}: cannot be read: Permission denied")


class IdentityTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = scratch(self)
        folder = Folder(self.path, NOW)
        folder.init("lab", 1)
        self.certificate, self.key = folder.issue("server", ["lab-pc"], 30)
        _, self.other = folder.issue("other", [], 30)

    def refused(self, key: Path) -> str:
        return str(self.assertRaises(ValueError, read_identity, self.certificate, key))

    def private(self, data: bytes) -> Path:
        file = self.path / "a.key"
        file.touch(0o600)
        file.write_bytes(data)
        return file

    def test_a_certificate_and_its_key(self) -> None:
        identity = read_identity(self.certificate, self.key)
        self.assertEqual(pem(identity.chain), self.certificate.read_bytes())

    def test_both_in_one_file(self) -> None:
        file = self.private(self.certificate.read_bytes() + self.key.read_bytes())
        self.assertEqual(len(read_identity(file, None).chain), 1)

    def test_a_key_of_another_certificate(self) -> None:
        why = f"{self.other}: not the key of the certificate {self.certificate}"
        self.assertEqual(self.refused(self.other), why)

    def test_what_is_no_key(self) -> None:
        for data in (b"my thesis", self.certificate.read_bytes()):
            file = self.private(data)
            self.assertEqual(self.refused(file), f"{file}: holds no private key in PEM form")

    def test_a_key_that_is_locked(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        locked = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
        file = self.private(locked)
        why = f"{file}: the key is locked by a passphrase, which is not asked"
        self.assertEqual(self.refused(file), why)
