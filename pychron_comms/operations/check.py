"""``pychron-lab check``: everything that a start builds, of both processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pychron_comms.config.mistakes import MOST, all_mistakes
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.operations.findings import BROKEN, GOOD, WARNING, Finding, built_in
from pychron_comms.operations.laboratory import Laboratory, described, has_hardware, load
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.server.service import RemoteHardwareServer

NO_HARDWARE = 'lab = "default" at the top of the file brings the built-in laboratory'


def check(file: Path | None, reactor: Any) -> list[Finding]:
    """What is wrong with a file; nothing listens, nothing moves, no journal is opened."""
    if file is not None and not file.exists():
        mend = f"pychron-lab init --config {file} writes one"
        return [Finding("configuration", BROKEN, f"{file} is not there", mend)]
    try:
        table = None if file is None else Table.load(file)
        laboratory = _build(file, table, reactor)
    except ConfigError as error:
        return _told(all_mistakes(error, lambda table: _build(file, table, reactor)))
    except ValueError as error:
        text = str(error) if file is None else _with_its_line(file, str(error))
        return _told([text])
    if table is None:
        return [built_in(": no mistakes found")]
    findings = [Finding("configuration", GOOD, f"{file}: no mistakes found")]
    if not (has_hardware(table) or laboratory.is_servers_alone):
        text = "no hardware is configured: commands get 007 or 008"
        findings.append(Finding("hardware", WARNING, text, NO_HARDWARE))
    return findings


def _told(mistakes: Sequence[object]) -> list[Finding]:
    """One finding for each; the last says what to do."""
    *others, last = (str(each) for each in mistakes)
    mend = "edit these lines, then check again" if others else "edit that line, then check again"
    if len(mistakes) == MOST:
        mend = f"edit these lines, then check again: these are the first {MOST}"
    return [
        *(Finding("configuration", BROKEN, each) for each in others),
        Finding("configuration", BROKEN, last, mend),
    ]


def _build(file: Path | None, table: Table | None, reactor: Any) -> Laboratory:
    """Both halves. Raises ConfigError, and ValueError for what names no key: a certificate."""
    laboratory = load(None) if file is None or table is None else described(file, table)
    server = laboratory.server
    gate = gate_from_config(*laboratory_from(table), reactor, Metrics(), only_check=True)
    # A journal is opened by the one process that writes it.
    server = replace(server, alarms=replace(server.alarms, journal=None))
    RemoteHardwareServer(server, None if server.processor else gate, reactor, Metrics())
    return laboratory


def _with_its_line(file: Path, mistake: str) -> str:
    """The line of the file that holds what the mistake begins with."""
    subject = mistake.partition(": ")[0]
    lines = file.read_text("utf-8").splitlines()
    found = next((number for number, line in enumerate(lines, 1) if subject in line), None)
    return f"{file}: {mistake}" if found is None else f"{file}:{found}: {mistake}"
