"""``pychron-journal``: shows a journal to a person, and checks that nobody has changed it.

The exit status is 0 for fine, 1 where tampering was found, 2 for what cannot be read.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TextIO

from pychron_comms.config.private_files import read_secret
from pychron_comms.journal.file_journal import read_both
from pychron_comms.journal.files import journal_files, read_tail, refused_path
from pychron_comms.journal.record import time_text
from pychron_comms.journal.table import (
    HEADING,
    Entry,
    counted,
    entries,
    json_line,
    printable,
    table_line,
)
from pychron_comms.journal.verify import Head, Report, verify

FINE = 0
TAMPERED = 1
UNREADABLE = 2

_HEAD = re.compile(r"([1-9][0-9]*):([0-9a-f]{64})")
_EPILOG = """\
FILE stands for itself, for the older FILE.1, FILE.2 ... beside it, and for FILE.refused ..., which
tells what was refused.

examples:
  pychron-journal show lab.journal --since 2026-03-02T18:00 --sender 10.0.0.5
  pychron-journal head lab.journal
  pychron-journal verify lab.journal --secret journal.secret --head 4711:9f...c2

exit status: 0 fine, 1 tampering found, 2 it cannot be read, or a mistake in the call
"""


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """``out``: where to write; standard output unless given."""
    given = _parser().parse_args(argv)
    try:
        return int(given.run(given, _tolerant(out or sys.stdout)))
    except KeyboardInterrupt:
        return UNREADABLE
    except BrokenPipeError:
        # Who read has had enough; what is flushed at exit must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except OSError as error:
        return _complain(f"{error.filename or ''}: {error.strerror or error}")
    except ValueError as error:
        return _complain(str(error))


def _show(given: argparse.Namespace, out: TextIO) -> int:
    _files(given.file)
    found = entries(record.values for record in read_both(given.file))
    lines = map(json_line if given.json else table_line, _wanted(found, given))
    for line in lines if given.json else chain((HEADING,), lines):
        out.write(line + "\n")
    return FINE


def _wanted(found: Iterator[Entry], given: argparse.Namespace) -> Iterator[Entry]:
    since = given.since or ""
    for entry in found:
        if (
            str(entry.values["at"]) >= since
            and given.event in (None, entry.values["event"])
            and given.sender in (None, entry.about.get("sender"))
        ):
            yield entry


def _verify(given: argparse.Namespace, out: TextIO) -> int:
    if given.head is not None and len(given.files) > 1:
        raise ValueError("--head is of one journal: give one FILE")
    secret = read_secret(given.secret) if given.secret else b""
    status = FINE
    for file in given.files:
        status = max(status, _verify_one(file, _files(file), secret, given.head, out))
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
    for torn in report.torn:
        out.write(f"{printable(str(torn))}\n")
    findings = report.findings
    if report.records and not report.fitting:
        out.write(f"{file}: not one record fits: is this its secret, or has it none?\n")
        findings = findings[:1]
    for finding in findings:
        out.write(f"{printable(str(finding))}\n")
    said = counted(len(report.findings), "finding") if report.findings else "nothing was changed"
    out.write(f"{file}: {counted(report.records, 'record')}, {said}\n")


def _head(given: argparse.Namespace, out: TextIO) -> int:
    for file in reversed(_files(given.file)):
        last = read_tail(file).last
        if last is not None:
            out.write(f"{last.number}:{last.hash}\n")
            return FINE
    raise ValueError(f"{given.file}: it holds no record")


def _files(file: Path) -> list[Path]:
    files = journal_files(file)
    if not files:
        raise ValueError(f"{file}: there is no such file")
    return files


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pychron-journal",
        description="Read and check a journal.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    below = parser.add_subparsers(required=True, metavar="show | verify | head")
    show = below.add_parser("show", help="list its records, oldest first")
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("--since", type=_time, metavar="TIME", help="ISO 8601; UTC")
    show.add_argument("--event", metavar="E", help="only such records: begin, end, refused ...")
    show.add_argument("--sender", metavar="S", help="only what this sender asked")
    show.add_argument("--json", action="store_true", help="each as it stands in the file")
    show.set_defaults(run=_show)
    check = below.add_parser("verify", help="find what was changed")
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")
    check.add_argument("--secret", metavar="FILE", help="the one that the configuration names")
    check.add_argument("--head", type=_head_text, metavar="N:HASH", help="must still be there")
    check.set_defaults(run=_verify)
    head = below.add_parser("head", help="number and hash of the last record, for --head")
    head.add_argument("file", type=Path, metavar="FILE")
    head.set_defaults(run=_head)
    return parser


def _time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: no time such as 2026-03-02T18:00") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return time_text(moment.timestamp())


def _head_text(text: str) -> Head:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: not as pychron-journal head prints it")
    return Head(int(found[1]), found[2])


def _tolerant(out: TextIO) -> TextIO:
    """What the terminal's encoding cannot say must not end the listing."""
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="backslashreplace")
    return out


def _complain(text: str) -> int:
    sys.stderr.write(f"pychron-journal: {text}\n")
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
