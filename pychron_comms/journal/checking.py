"""``pychron-journal verify`` and ``head``: whether anybody has changed it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TextIO

from pychron_comms.config.private_files import read_secret
from pychron_comms.journal.asking import FINE, Subcommands, add_file, files_of, journal_here
from pychron_comms.journal.files import journal_files, read_tail, refused_path
from pychron_comms.journal.table import counted, printable
from pychron_comms.journal.verify import Head, Report, verify

TAMPERED = 1

_HEAD = re.compile(r"([1-9][0-9]*):([0-9a-f]{64})")


def add_to(below: Subcommands) -> None:
    """The two subcommands."""
    check = below.add_parser("verify", help="find what was changed")
    check.add_argument("files", type=Path, nargs="*", metavar="FILE")
    check.add_argument("--secret", metavar="FILE", help="the one that the configuration names")
    check.add_argument("--head", type=_head_text, metavar="N:HASH", help="must still be there")
    check.set_defaults(run=_verify)
    head = below.add_parser("head", help="number and hash of the last record, for --head")
    add_file(head)
    head.set_defaults(run=_head)


def _verify(given: argparse.Namespace, out: TextIO) -> int:
    if given.head is not None and len(given.files) > 1:
        raise ValueError("--head is of one journal: give one FILE")
    secret = read_secret(given.secret) if given.secret else b""
    status = FINE
    for file in given.files or [journal_here()]:
        status = max(status, _verify_one(file, files_of(file), secret, given.head, out))
        refused = refused_path(file)
        if files := [each for each in journal_files(refused) if each.stat().st_size]:
            status = max(status, _verify_one(refused, files, secret, None, out))
    return status


def _verify_one(
    file: Path, files: list[Path], secret: bytes, head: Head | None, out: TextIO
) -> int:
    report = verify(files, secret, head)
    _tell(file, report, out)
    return TAMPERED if report.findings else FINE


def _tell(file: Path, report: Report, out: TextIO) -> None:
    for told in (*report.torn, *report.broken_off):
        out.write(f"{printable(str(told))}\n")
    findings = report.findings
    if report.records and not report.fitting:
        out.write(f"{file}: not one record fits: is this its secret, or has it none?\n")
        findings = findings[:1]
    for finding in findings:
        out.write(f"{printable(str(finding))}\n")
    said = counted(len(report.findings), "finding") if report.findings else "nothing was changed"
    out.write(f"{file}: {counted(report.records, 'record')}, {said}\n")


def _head(given: argparse.Namespace, out: TextIO) -> int:
    for file in reversed(files_of(given.file)):
        last = read_tail(file).last
        if last is not None:
            out.write(f"{last.number}:{last.hash}\n")
            return FINE
    raise ValueError(f"{given.file}: it holds no record")


def _head_text(text: str) -> Head:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: not as pychron-journal head prints it")
    return Head(int(found[1]), found[2])
