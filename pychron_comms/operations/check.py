"""``pychron-lab check``: everything that a start builds, of both processes."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.operations.findings import BROKEN, GOOD, WARNING, Finding
from pychron_comms.operations.laboratory import DEFAULT_FILE, load
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from

NO_HARDWARE = 'lab = "default" at the top of the file brings the built-in laboratory'

_SECTIONS = ("extraction_line", "laser", "device", "spectrometer", "manager")


def check(file: Path | None, clock: IReactorTime) -> list[Finding]:
    """What is wrong with a file; nothing listens, nothing moves, no journal is opened."""
    if file is not None and not file.exists():
        mend = f"pychron-lab init --config {file} writes one"
        return [Finding("configuration", BROKEN, f"{file} is not there", mend)]
    try:
        laboratory = load(file)
        table = None if file is None else Table.load(file)
        gate_from_config(*laboratory_from(table), clock, Metrics(), only_check=True)
    except (ConfigError, ValueError) as error:
        return [Finding("configuration", BROKEN, str(error), "edit that line, then check again")]
    if table is None:
        return [built_in(": no mistakes found")]
    findings = [Finding("configuration", GOOD, f"{laboratory.name}: no mistakes found")]
    if not _has_hardware(table):
        text = "no hardware is configured: commands get 007 or 008"
        findings.append(Finding("hardware", WARNING, text, NO_HARDWARE))
    return findings


def built_in(told: str = "") -> Finding:
    """That no file's laboratory is looked at; ``told`` is added."""
    text = f"no {DEFAULT_FILE} is in {Path.cwd()}; this is about the built-in laboratory{told}"
    return Finding("configuration", GOOD, text, "pychron-lab init writes one for your own")


def _has_hardware(table: Table) -> bool:
    return (
        "lab" in table
        or table.table("processor").flag("simulated_lab", False)
        or any(section in table for section in _SECTIONS)
    )
