"""When the certificates that a process uses run out: in its metrics, and as items to be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pychron_comms.interfaces import Reading, Severity
from pychron_comms.observability.metrics import Metrics, Sample
from pychron_comms.transport.tls.contexts import TLSFiles
from pychron_comms.transport.tls.reading import read_certificates
from pychron_comms.transport.tls.renewed import state_of
from pychron_comms.transport.tls.strings import parse_client, parse_listener

#: Where the items are, each named as its file.
PATH = "road/certificate"

DAY = 86400.0

#: Days before it runs out from which a certificate should be, and must be, made anew.
SOON, NOW = 14, 3


class _Read(NamedTuple):
    """``state`` tells whether the file has changed since; ``until`` is Unix time in seconds."""

    state: object
    until: float
    trouble: str


class Certificates:
    """Those of TLS listeners and clients, given as their endpoint strings; others have none.

    The authorities that are trusted are among them. A file is read again when it has changed.
    ``now`` is Unix time in seconds. Raises ValueError for a string ``tls:`` that is none.
    """

    def __init__(
        self,
        listeners: Iterable[str],
        clients: Iterable[str],
        metrics: Metrics,
        now: Callable[[], float],
    ) -> None:
        self._now = now
        self._given = [
            *(parse_listener(each).files for each in listeners if _is_tls(each)),
            *(parse_client(each).files for each in clients if _is_tls(each)),
        ]
        self._read: dict[Path, _Read] = {}
        metrics.table(
            "pychron_comms_certificate_expiry_timestamp_seconds",
            "When a certificate runs out.",
            self._samples,
        )

    def readings(self) -> Iterator[Reading]:
        """The days that are left of each."""
        named: set[str] = set()
        for file in self._files():
            # Two files of one name are told apart by their folders.
            name = file.name if file.name not in named else str(file).lstrip("/")
            named.add(name)
            yield self._reading(f"{PATH}/{name}", self._looked_at(file))

    def _reading(self, path: str, read: _Read) -> Reading:
        if read.trouble:
            return Reading(path, None, "days", severity=Severity.INVALID, reason=read.trouble)
        days = int((read.until - self._now()) // DAY)
        if days < 0:
            return Reading(path, days, "days", severity=Severity.INVALID, reason="it has run out")
        if days < SOON:
            severity = Severity.MAJOR if days < NOW else Severity.MINOR
            return Reading(path, days, "days", severity=severity, reason="it runs out soon")
        return Reading(path, days, "days")

    def _samples(self) -> Iterator[Sample]:
        for file in self._files():
            read = self._looked_at(file)
            if not read.trouble:
                yield {"file": str(file)}, read.until

    def _files(self) -> Iterable[Path]:
        return dict.fromkeys(file for given in self._given for file in _certificates(given))

    def _looked_at(self, file: Path) -> _Read:
        state, read = state_of(file), self._read.get(file)
        if read is None or read.state != state:
            read = self._read[file] = _read(file, state)
        return read


def _is_tls(description: str) -> bool:
    return description.startswith("tls:")


def _certificates(files: TLSFiles) -> list[Path]:
    try:
        return [file for file in files.all() if file != files.key]
    except ValueError:
        # A folder of authorities that cannot be read: whoever connects is told.
        return [] if files.certificate is None else [files.certificate]


def _read(file: Path, state: object) -> _Read:
    try:
        # With those between it and the authority: the first that runs out ends it.
        ends = [each.not_valid_after_utc for each in read_certificates(file)]
    except ValueError as error:
        return _Read(state, 0.0, str(error))
    return _Read(state, min(ends).timestamp(), "")
