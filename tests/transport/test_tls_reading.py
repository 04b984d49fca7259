"""Which certificates are trusted as authorities, and what is said where none can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.tls.reading import read_roots, root_files

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
        for content in (b"", certificate("leaf", "lab", ca=None)):
            roots = self.file(content or b"-----BEGIN CERTIFICATE-----\n")
            error = self.assertRaises(ValueError, read_roots, roots)
            self.assertIn("holds no certificate", str(error))

    def test_only_those_that_are_valid_now_are_trusted(self) -> None:
        valid = certificate("valid", "valid", ca=True)
        old = certificate("old", "old", ca=True, begin=NOW - 9 * DAY)
        young = certificate("young", "young", ca=True, begin=NOW + DAY)
        self.assertEqual(self.trusted(self.file(old, valid, young)), ["valid"])
        for each in (old, young):
            self.assertRaises(ValueError, read_roots, self.file(each))

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
