"""Certificates: the authority, its folder, the tool, and how files are read."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from unittest import skipUnless

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.certs.authority import Authority, hosts_of, new_key, parse_hosts
from pychron_comms.certs.folder import Folder
from pychron_comms.certs.tool import main
from pychron_comms.transport.tls.reading import read_identity, read_roots
from pychron_comms.transport.tls.renewed import Renewed

_POSIX = skipUnless(os.name == "posix", "modes of files are POSIX's")


def now() -> datetime:
    return datetime.now(UTC)


def scratch(case: SynchronousTestCase) -> Path:
    """A path where nothing is yet, and nothing is left: keys must not lie about."""
    folder = tempfile.mkdtemp()
    case.addCleanup(shutil.rmtree, folder)
    return Path(folder) / "scratch"


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


class AuthorityTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = now()
        self.authority = Authority.new("A lab", 10, self.now)

    def issue(self, *hosts: str, days: int = 365) -> x509.Certificate:
        key = new_key().public_key()
        return self.authority.issue("alice", parse_hosts(hosts), key, days, self.now)

    def test_the_authority_signs_certificates_and_nothing_below_it_does(self) -> None:
        extensions = self.authority.certificate.extensions
        constraints = extensions.get_extension_for_class(x509.BasicConstraints)
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        self.assertEqual((constraints.critical, constraints.value.ca), (True, True))
        self.assertEqual(constraints.value.path_length, 0)
        self.assertEqual((usage.critical, usage.value.key_cert_sign), (True, True))
        self.assertFalse(usage.value.digital_signature)

    def test_a_certificate_serves_servers_and_clients_and_signs_nothing(self) -> None:
        extensions = self.issue().extensions
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        self.assertEqual(
            set(usage), {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
        )
        self.assertFalse(extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
        self.assertFalse(extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign)

    def test_a_certificate_names_the_key_of_its_authority(self) -> None:
        issued, own = self.issue(), self.authority.certificate
        issued.verify_directly_issued_by(own)
        named = issued.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        known = own.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        self.assertEqual(named.value.key_identifier, known.value.digest)

    def test_keys_are_of_p_256(self) -> None:
        key = self.authority.certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        self.assertEqual(key.curve.name, "secp256r1")

    def test_validity_begins_minutes_ago_and_ends_in_so_many_days(self) -> None:
        issued = self.issue(days=7)
        begun = self.now - issued.not_valid_before_utc
        self.assertTrue(timedelta(minutes=2) < begun < timedelta(minutes=10), begun)
        left = issued.not_valid_after_utc - self.now
        self.assertTrue(timedelta(days=6.99) < left <= timedelta(days=7), left)

    def test_nothing_outlives_its_authority(self) -> None:
        issued = self.issue(days=36500)
        self.assertEqual(issued.not_valid_after_utc, self.authority.certificate.not_valid_after_utc)

    def test_an_authority_that_has_expired_issues_nothing(self) -> None:
        self.now += timedelta(days=4000)
        error = self.assertRaises(ValueError, self.issue)
        self.assertIn("the authority has expired on", str(error))

    def test_hosts_are_names_and_addresses(self) -> None:
        names = hosts_of(self.issue("Lab-PC", "*.lab.example", "10.0.0.5", "fe80::1", "lab-pc"))
        self.assertEqual(
            names,
            [
                x509.DNSName("lab-pc"),
                x509.DNSName("*.lab.example"),
                x509.IPAddress(ip_address("10.0.0.5")),
                x509.IPAddress(ip_address("fe80::1")),
            ],
        )

    def test_a_name_beyond_ascii_is_written_as_dns_has_it(self) -> None:
        self.assertEqual(parse_hosts(["käse.example"]), [x509.DNSName("xn--kse-qla.example")])

    def test_what_is_neither_name_nor_address_is_refused(self) -> None:
        for host in ("", "a b", "10.0.0", "10.0.0.0/8", "a..b", "-a", "lab:1061", "é" * 70):
            error = self.assertRaises(ValueError, parse_hosts, [host])
            self.assertIn("neither a host name nor an address", str(error))


class FolderCase(SynchronousTestCase):
    """A folder of an authority, and the tool at work in it."""

    def setUp(self) -> None:
        self.path = scratch(self)
        Folder(self.path, now()).init("A lab", 10)

    def aged(self, name: str, left: float, *hosts: str) -> None:
        """A certificate for a year that has so many days left."""
        Folder(self.path, now() - timedelta(days=365 - left)).issue(name, hosts, 365)

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.path / f"{name}.pem").read_bytes())

    def run_tool(self, command: str, *arguments: str) -> tuple[int, str, str]:
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                status = main([command, str(self.path), *arguments])
            except SystemExit as end:
                status = int(str(end.code))
        return status, out.getvalue(), errors.getvalue()

    def assert_refused(self, text: str, command: str, *arguments: str) -> None:
        status, out, errors = self.run_tool(command, *arguments)
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertIn(text, errors)


class InitTests(FolderCase):
    def test_the_authority_has_the_laboratorys_name_and_years(self) -> None:
        self.path /= "another"
        status, _, _ = self.run_tool("init", "--name", "Lab of rocks", "--years", "2")
        made = self.certificate("ca")
        (name,) = made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        years = (made.not_valid_after_utc - now()) / timedelta(days=365.25)
        self.assertEqual((status, name.value, round(years, 2)), (0, "Lab of rocks", 2.0))

    def test_an_authority_is_never_overwritten(self) -> None:
        before = (self.path / "ca.key").read_bytes(), (self.path / "ca.pem").read_bytes()
        self.assert_refused("never overwritten", "init")
        (self.path / "ca.key").unlink()
        self.assert_refused("never overwritten", "init")
        self.assertEqual((self.path / "ca.pem").read_bytes(), before[1])

    @_POSIX
    def test_keys_are_their_owners_alone(self) -> None:
        self.run_tool("issue", "alice")
        self.assertEqual([mode(self.path / f"{name}.key") for name in ("ca", "alice")], [0o600] * 2)
        self.assertEqual(mode(self.path / "alice.pem"), 0o644)

    def test_a_name_without_end_is_refused(self) -> None:
        self.path /= "another"
        self.assert_refused("1 to 64 characters", "init", "--name", "x" * 65)
        self.assertFalse(self.path.exists())


class IssueTests(FolderCase):
    def test_makes_a_certificate_and_its_key(self) -> None:
        status, out, _ = self.run_tool("issue", "lab-pc", "--host", "lab-pc", "--host", "10.0.0.5")
        identity = read_identity(self.path / "lab-pc.pem", self.path / "lab-pc.key")
        self.assertEqual((status, out.count("made")), (0, 2))
        self.assertEqual(
            hosts_of(identity.chain[0]),
            [x509.DNSName("lab-pc"), x509.IPAddress(ip_address("10.0.0.5"))],
        )
        identity.chain[0].verify_directly_issued_by(self.certificate("ca"))

    def test_names_that_lead_elsewhere_are_refused(self) -> None:
        for name in ("../alice", "a/b", "a\\b", ".alice", "", "a b", "a@b", "x" * 65, "alice."):
            self.assert_refused("is no name for a certificate", "issue", f"{name}")
        self.assert_refused("the authority's own name", "issue", "CA")
        self.assertEqual({each.name for each in self.path.iterdir()}, {"ca.pem", "ca.key"})

    def test_a_name_that_is_trusted_as_an_address_is_refused(self) -> None:
        for name in ("local", "Local", "127.0.0.1", "10.0"):
            self.assert_refused("no address, and not 'local'", "issue", name)

    def test_a_certificate_that_is_there_stays(self) -> None:
        self.run_tool("issue", "alice")
        before = self.certificate("alice")
        self.assert_refused("is there already", "issue", "alice")
        self.assertEqual(self.certificate("alice"), before)

    def test_a_host_that_is_none_makes_nothing(self) -> None:
        self.assert_refused("neither a host name", "issue", "alice", "--host", "a b")
        self.assertFalse((self.path / "alice.key").exists())

    def test_a_folder_without_an_authority_is_refused(self) -> None:
        self.path /= "nowhere"
        self.assert_refused("ca.pem: cannot be read: No such file", "issue", "alice")

    @_POSIX
    def test_an_authoritys_key_that_others_can_read_is_refused(self) -> None:
        (self.path / "ca.key").chmod(0o644)
        self.assert_refused("others can read it", "issue", "alice")

    def test_a_command_line_that_is_none_ends_with_2(self) -> None:
        for arguments in (["alice", "--days", "0"], ["alice", "--days", "soon"], []):
            self.assertEqual(self.run_tool("issue", *arguments)[0], 2)


class RenewTests(FolderCase):
    def test_what_is_about_to_expire_is_made_again_and_the_rest_stays(self) -> None:
        self.aged("old", 5, "lab-pc", "10.0.0.5")
        self.aged("young", 200)
        before = self.certificate("old"), self.certificate("young")
        status, out, _ = self.run_tool("renew")
        after = self.certificate("old"), self.certificate("young")
        self.assertEqual(status, 0)
        self.assertIn("old renewed: expires", out)
        self.assertRegex(out, r"young stays: (199|200) days left")
        self.assertGreater(after[0].not_valid_after_utc, now() + timedelta(days=364))
        self.assertEqual(after[1], before[1])

    def test_name_hosts_and_key_are_kept(self) -> None:
        self.aged("old", 5, "lab-pc", "10.0.0.5")
        before = self.certificate("old")
        self.run_tool("renew")
        after = self.certificate("old")
        self.assertNotEqual(after.serial_number, before.serial_number)
        self.assertEqual(after.subject, before.subject)
        self.assertEqual(hosts_of(after), hosts_of(before))
        self.assertEqual(after.public_key(), before.public_key())
        read_identity(self.path / "old.pem", self.path / "old.key")

    def test_a_key_that_has_moved_to_its_computer_is_not_missed(self) -> None:
        self.aged("old", 5)
        (self.path / "old.key").unlink()
        self.assertEqual(self.run_tool("renew")[0], 0)
        self.assertFalse((self.path / "old.key").exists())

    def test_a_new_key_is_made_where_it_is_wanted(self) -> None:
        self.aged("old", 5)
        before = self.certificate("old")
        self.run_tool("renew", "--new-key")
        self.assertNotEqual(self.certificate("old").public_key(), before.public_key())
        read_identity(self.path / "old.pem", self.path / "old.key")

    def test_only_those_that_are_named_are_renewed(self) -> None:
        self.aged("a", 5)
        self.aged("b", 5)
        before = self.certificate("b")
        self.run_tool("renew", "a")
        self.assertEqual(self.certificate("b"), before)

    def test_within_says_how_early(self) -> None:
        self.aged("old", 5)
        before = self.certificate("old")
        self.run_tool("renew", "--within", "4")
        self.assertEqual(self.certificate("old"), before)
        self.run_tool("renew", "--within", "6")
        self.assertNotEqual(self.certificate("old"), before)

    def test_one_that_is_garbage_keeps_no_other_from_it(self) -> None:
        (self.path / "broken.pem").write_text("garbage")
        self.aged("old", 5)
        status, out, errors = self.run_tool("renew")
        self.assertEqual(status, 1)
        self.assertIn("old renewed", out)
        self.assertIn("broken.pem: holds no certificate", errors)
        self.assertEqual(errors.count("\n"), 1)

    def test_a_name_that_leads_elsewhere_is_refused(self) -> None:
        self.assert_refused("is no name for a certificate", "renew", "../alice")
        self.assert_refused("the authority's own name", "renew", "ca")

    def test_a_disk_that_takes_nothing_leaves_the_old_one_whole(self) -> None:
        self.aged("old", 5)
        before = (self.path / "old.pem").read_bytes()

        def full(handle: int) -> None:
            raise OSError(28, "No space left on device")

        self.patch(os, "fsync", full)
        self.assertEqual(self.run_tool("renew")[0], 1)
        self.assertEqual((self.path / "old.pem").read_bytes(), before)
        self.assertEqual([each.name for each in self.path.glob(".*")], [])


class ListTests(FolderCase):
    def test_tells_names_hosts_and_what_is_about_to_expire(self) -> None:
        self.aged("soon", 5.5, "lab-pc", "10.0.0.5")
        self.aged("gone", -1.5)
        self.aged("young", 200.5)
        status, out, _ = self.run_tool("list")
        rows = [line.split() for line in out.splitlines()[1:]]
        self.assertEqual(status, 0)
        self.assertEqual([row[0] for row in rows], ["ca", "gone", "soon", "young"])
        self.assertEqual([row[4:] for row in rows], [[], ["EXPIRED"], ["soon"], []])
        self.assertEqual(rows[2][1], "lab-pc,10.0.0.5")
        self.assertEqual(rows[2][3], "5")
        self.assertEqual(rows[3][1:4:2], ["-", "200"])

    def test_a_folder_without_an_authority_is_refused(self) -> None:
        self.path /= "nowhere"
        self.assert_refused("there is no ca.pem in it", "list")


class PackageTests(FolderCase):
    def test_a_missing_package_is_named_in_one_line(self) -> None:
        for name in list(sys.modules):
            if name.startswith("pychron_comms.certs.") and not name.endswith(".tool"):
                self.patch_module(name)
        # What is None there cannot be imported.
        missing: dict[str, object] = {"cryptography": None, "cryptography.x509": None}
        for name in missing:
            self.addCleanup(sys.modules.__setitem__, name, sys.modules[name])
            sys.modules[name] = None  # type: ignore[assignment]
        self.assert_refused("pip install cryptography", "list")

    def patch_module(self, name: str) -> None:
        self.addCleanup(sys.modules.__setitem__, name, sys.modules.pop(name))


class ReadingTests(FolderCase):
    def setUp(self) -> None:
        super().setUp()
        for name in ("alice", "bob"):
            Folder(self.path, now()).issue(name, [], 365)
        self.pem, self.key = self.path / "alice.pem", self.path / "alice.key"

    def assert_mistake(self, expected: str, certificate: Path, key: Path | None) -> None:
        error = self.assertRaises(ValueError, read_identity, certificate, key)
        self.assertIn(expected, str(error))
        self.assertNotIn("\n", str(error))

    def test_a_missing_file_is_named(self) -> None:
        absent = self.path / "absent"
        self.assert_mistake(f"{absent}: cannot be read: No such file", absent, self.key)
        self.assert_mistake(f"{absent}: cannot be read: No such file", self.pem, absent)

    def test_garbage_is_named(self) -> None:
        broken = self.path / "broken"
        broken.write_text("garbage")
        broken.chmod(0o600)
        self.assert_mistake(f"{broken}: holds no certificate in PEM form", broken, self.key)
        self.assert_mistake(f"{broken}: holds no private key in PEM form", self.pem, broken)
        broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.assert_mistake(f"{broken}: holds no certificate in PEM form", broken, self.key)

    def test_another_certificates_key_is_refused(self) -> None:
        other = self.path / "bob.key"
        self.assert_mistake(f"{other}: not the key of the certificate {self.pem}", self.pem, other)

    @_POSIX
    def test_a_key_that_others_can_read_is_refused(self) -> None:
        self.key.chmod(0o644)
        self.assert_mistake(f"{self.key}: others can read it (mode 0644)", self.pem, self.key)

    def test_a_locked_key_is_refused_and_no_passphrase_asked(self) -> None:
        self.key.write_bytes(
            new_key().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
            )
        )
        self.assert_mistake("locked by a passphrase", self.pem, self.key)

    def test_a_certificate_out_of_its_time_is_refused(self) -> None:
        self.aged("gone", -1)
        self.assert_mistake(
            "gone.pem: has expired on", self.path / "gone.pem", self.path / "gone.key"
        )
        Folder(self.path, now() + timedelta(days=1)).issue("early", [], 365)
        early = self.path / "early.pem"
        self.assert_mistake("early.pem: is not valid before", early, self.path / "early.key")

    def test_one_file_may_hold_certificate_and_key(self) -> None:
        self.assert_mistake("privateKey=FILE says where it is", self.pem, None)
        both = self.path / "both"
        both.write_bytes(self.pem.read_bytes() + self.key.read_bytes())
        both.chmod(0o600)
        self.assertEqual(read_identity(both).chain, read_identity(self.pem, self.key).chain)

    def test_roots_are_a_file_or_the_authorities_of_a_folder(self) -> None:
        own = [self.certificate("ca")]
        self.assertEqual(read_roots(self.path / "ca.pem"), own)
        # Trusting the folder of the authority trusts none of the others in it.
        self.assertEqual(read_roots(self.path), own)

    def test_what_is_no_authority_is_no_root(self) -> None:
        empty = self.path / "empty"
        empty.mkdir()
        for roots in (self.pem, empty):
            error = self.assertRaises(ValueError, read_roots, roots)
            self.assertEqual(
                str(error), f"{roots}: holds no certificate of an authority in PEM form"
            )

    def test_an_authority_that_has_expired_is_no_root(self) -> None:
        old = scratch(self)
        Folder(old, now() - timedelta(days=800)).init("Old lab", 1)
        error = self.assertRaises(ValueError, read_roots, old / "ca.pem")
        self.assertIn("ca.pem: has expired on", str(error))
        # Beside the one that follows it, it does no harm.
        (self.path / "old.pem").write_bytes((old / "ca.pem").read_bytes())
        self.assertEqual(read_roots(self.path), [self.certificate("ca")])


class RenewedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.file = scratch(self)
        self.write("one")
        self.reads = 0

    def write(self, text: str) -> None:
        """As a tool that renews does: a new file under the old name."""
        other = self.file.with_suffix(".new")
        other.write_text(text)
        other.replace(self.file)

    def read(self) -> str:
        self.reads += 1
        text = self.file.read_text()
        if text == "broken":
            raise ValueError(f"{self.file}: it is broken")
        return text

    def test_files_are_read_again_only_when_they_have_changed(self) -> None:
        renewed = Renewed(lambda: [self.file], self.read)
        self.assertEqual([renewed.get(), renewed.get(), self.reads], ["one", "one", 1])
        self.write("two")
        self.assertEqual([renewed.get(), renewed.get(), self.reads], ["two", "two", 2])

    def test_what_was_made_stays_while_the_files_are_wrong(self) -> None:
        renewed = Renewed(lambda: [self.file], self.read)
        self.write("broken")
        self.assertEqual([renewed.get(), renewed.get(), self.reads], ["one", "one", 2])
        self.write("three")
        self.assertEqual(renewed.get(), "three")

    def test_a_file_that_is_gone_for_a_moment_does_no_harm(self) -> None:
        def read() -> str:
            try:
                return self.read()
            except OSError:
                raise ValueError("it is gone") from None

        renewed = Renewed(lambda: [self.file], read)
        self.file.unlink()
        self.assertEqual(renewed.get(), "one")
        self.write("two")
        self.assertEqual(renewed.get(), "two")

    def test_a_mistake_at_the_beginning_is_the_makers(self) -> None:
        self.write("broken")
        self.assertRaises(ValueError, Renewed, lambda: [self.file], self.read)
