"""When certificates run out: what metrics and the state stream are told of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.certs.folder import Folder
from pychron_comms.interfaces import Reading, Severity
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.tls.contexts import TLSFiles
from pychron_comms.transport.tls.expiry import DAY, Certificates
from tests.certs.test_certs import scratch

MADE = datetime(2026, 3, 1, tzinfo=UTC)


class ExpiryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = scratch(self)
        self.folder = Folder(self.path, MADE)
        self.folder.init("A lab", 10)
        self.folder.issue("lab-server", ["lab-pc"], 90)
        self.now = MADE.timestamp()
        self.metrics = Metrics()

    def file(self, name: str) -> Path:
        return self.path / name

    def certificates(self, listener: str = "", client: str = "") -> Certificates:
        return Certificates([listener], [client], self.metrics, lambda: self.now)

    def listener(self, name: str = "lab-server") -> str:
        return (
            f"tls:1061:certificate={self.file(name)}.pem:privateKey={self.file(name)}.key"
            f":trustRoots={self.file('ca')}.pem"
        )

    def readings(self, certificates: Certificates) -> dict[str, Reading]:
        return {each.path.rpartition("/")[2]: each for each in certificates.readings()}

    def test_days_that_are_left_of_each_and_of_the_authority(self) -> None:
        found = self.readings(self.certificates(self.listener()))
        self.assertEqual(set(found), {"lab-server.pem", "ca.pem"})
        own = found["lab-server.pem"]
        self.assertEqual((own.value, own.unit, own.severity), (90, "days", Severity.OK))
        self.assertGreater(found["ca.pem"].value, 3000)

    def test_a_folder_of_authorities_that_cannot_be_read_is_told_elsewhere(self) -> None:
        def broken(files: TLSFiles) -> list[Path]:
            raise ValueError("cannot be read")

        self.patch(TLSFiles, "all", broken)
        client = f"tls:lab:1061:trustRoots={self.path}"
        self.assertEqual(self.readings(self.certificates(client=client)), {})
        self.assertEqual(set(self.readings(self.certificates(self.listener()))), {"lab-server.pem"})

    def test_soon_it_is_minor_then_major_and_then_invalid(self) -> None:
        certificates = self.certificates(self.listener())
        for days, severity, reason in (
            (75, Severity.OK, ""),
            (77, Severity.MINOR, "it runs out soon"),
            (87, Severity.MINOR, "it runs out soon"),
            (88, Severity.MAJOR, "it runs out soon"),
            (90, Severity.MAJOR, "it runs out soon"),
            (91, Severity.INVALID, "it has run out"),
        ):
            self.now = MADE.timestamp() + days * DAY
            found = self.readings(certificates)["lab-server.pem"]
            self.assertEqual((found.value, found.severity), (90 - days, severity))
            self.assertEqual((found.reason, found.unit), (reason, "days"))

    def test_a_renewed_one_is_seen_and_one_that_is_gone_is_not_known(self) -> None:
        certificates = self.certificates(self.listener())
        self.now += 80 * DAY
        self.assertEqual(self.readings(certificates)["lab-server.pem"].value, 10)
        later = Folder(self.path, datetime.fromtimestamp(self.now, UTC))
        later.renew("lab-server", 90, new=False)
        self.assertEqual(self.readings(certificates)["lab-server.pem"].value, 90)
        self.file("lab-server.pem").unlink()
        found = self.readings(certificates)["lab-server.pem"]
        self.assertEqual((found.value, found.severity), (None, Severity.INVALID))
        self.assertIn("cannot be read", found.reason)

    def test_one_that_cannot_be_read_has_no_days(self) -> None:
        certificates = self.certificates(self.listener())
        self.file("lab-server.pem").write_text("nothing")
        found = self.readings(certificates)["lab-server.pem"]
        self.assertEqual(
            (found.value, found.unit, found.severity), (None, "days", Severity.INVALID)
        )
        self.assertIn("holds no certificate", found.reason)

    def test_a_client_shows_its_own(self) -> None:
        client = self.listener().replace("tls:", "tls:lab-pc:")
        found = self.readings(self.certificates(client=client))
        self.assertEqual(found["lab-server.pem"].value, 90)

    def test_files_of_one_name_are_told_apart(self) -> None:
        other = scratch(self)
        Folder(other, MADE).init("Another", 1)
        strings = self.listener().replace(f"{self.file('ca')}", f"{other / 'ca'}")
        certificates = Certificates(
            [self.listener(), strings], ["tcp:1059"], self.metrics, lambda: self.now
        )
        paths = [each.path for each in certificates.readings()]
        ca = f"road/certificate/{str(other).lstrip('/')}/ca.pem"
        self.assertEqual(paths, ["road/certificate/lab-server.pem", "road/certificate/ca.pem", ca])
        self.assertEqual(sum("//" in path for path in paths), 0)

    def test_a_folder_of_authorities_that_cannot_be_read_hides_no_other(self) -> None:
        certificates = self.certificates(self.listener())

        def unreadable(files: TLSFiles) -> None:
            raise ValueError("roots: cannot be read: Permission denied")

        self.patch(TLSFiles, "all", unreadable)
        self.assertEqual(set(self.readings(certificates)), {"lab-server.pem"})

    def test_prometheus_is_told_when(self) -> None:
        self.certificates(self.listener())
        until = self.now + 90 * DAY
        line = (
            "pychron_comms_certificate_expiry_timestamp_seconds"
            f'{{file="{self.file("lab-server.pem")}"}}'
        )
        found = [each for each in self.metrics.text().splitlines() if each.startswith(line)]
        self.assertEqual(len(found), 1)
        self.assertAlmostEqual(float(found[0].split()[-1]), until, delta=60)

    def test_what_is_not_tls_has_none(self) -> None:
        certificates = self.certificates("tcp:1061", "unix:hop.sock")
        self.assertEqual(list(certificates.readings()), [])
