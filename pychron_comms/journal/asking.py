"""The options by which records are asked for, and the records that they mean."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from typing import TypeAlias

from pychron_comms.config.here import LABORATORY, built_in_journal, file_here
from pychron_comms.journal.file_journal import read_both
from pychron_comms.journal.files import journal_files
from pychron_comms.journal.filters import EVENTS, Filter
from pychron_comms.journal.index import Index, UnusableError
from pychron_comms.journal.moments import moment, zone_named
from pychron_comms.journal.table import Entries, Entry

#: The exit status of a command that did what was asked.
FINE = 0

#: What ``argparse`` gives to add subcommands to.
Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_TEXTS = ("event", "who", "type", "target", "key", "outcome", "slower_than")


def add_file(parser: argparse.ArgumentParser) -> None:
    """FILE; None where it is left out: ``journal_here`` is meant."""
    help_text = f"default: the journal of {LABORATORY} in this folder"
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help=help_text)


def journal_here() -> Path:
    """The journal of the laboratory in this folder; without one, of the built-in one that runs.

    Errors: ValueError where there is none.
    """
    named = file_here("journal")
    if named == "":
        raise ValueError(
            f"{LABORATORY} here has no journal: what is asked is written nowhere; [journal] with "
            'file = "lab.journal" begins one. For another give its FILE'
        )
    found = built_in_journal() if named is None else Path(named)
    if found is None:
        raise ValueError(
            f"which journal? No {LABORATORY} is here, no built-in laboratory runs: give its FILE"
        )
    return found


def add_options(parser: argparse.ArgumentParser) -> None:
    """FILE, and what narrows it."""
    add_file(parser)
    add = parser.add_argument
    add("--since", metavar="TIME", help="2026-03-02T18:00, or so long ago: 90m, 1h, 2d")
    add("--until", metavar="TIME", help="before that time")
    add("--who", "--sender", metavar="S", help="only what this sender asked")
    add("--type", metavar="T", help="only of this request type: System, CO2 ...")
    add("--target", metavar="T", help="only what names this part: A, bone ...")
    add("--event", choices=EVENTS, metavar="E", help="only such: begin, end, refused, claim ...")
    add("--outcome", type=_outcome, metavar="O", help="only with this reply: ok, error, or a code")
    add("--slower-than", type=_seconds, metavar="S", help="only what took more seconds")
    add("--key", metavar="K", help="only the command with this key")
    add("--zone", default="local", metavar="Z", help="of the times: UTC, Europe/Berlin; local")


def wanted(given: argparse.Namespace) -> tuple[Filter, tzinfo | None]:
    """What the options say. Errors: ValueError, one line."""
    zone = zone_named(given.zone)
    now = time.time()

    def micros(text: str | None) -> int | None:
        return None if text is None else round(moment(text, now, zone) * 1e6)

    rest = {name: getattr(given, name) for name in _TEXTS}
    return Filter(since=micros(given.since), until=micros(given.until), **rest), zone


def find(path: Path, asked: Filter) -> Iterator[Entry]:
    """By time; from the index where there is one, else from the files.

    Where nothing names the part that is asked for, all of the request type of that name. Errors:
    ValueError where there is no journal, OSError.
    """
    files_of(path)
    return _find_or_all_of_its_type(path, asked)


def _find_or_all_of_its_type(path: Path, asked: Filter) -> Iterator[Entry]:
    has_found = False
    for entry in _find(path, asked):
        has_found = True
        yield entry
    whole = asked.of_a_whole_type
    if whole is not None and not has_found:
        yield from _find(path, whole)


def _find(path: Path, asked: Filter) -> Iterator[Entry]:
    index = _index(path) if asked.is_narrow else None
    if index is None:
        return _in_files(path, asked)
    return _in_index(index, asked)


def files_of(path: Path) -> list[Path]:
    """Oldest first. Errors: ValueError where there is none."""
    files = journal_files(path)
    if not files:
        where = "`pychron-lab status` says where the journal is"
        raise ValueError(f"{path}: there is no such file; {where}")
    return files


def _index(path: Path) -> Index | None:
    try:
        index = Index(path)
        index.catch_up()
    except UnusableError:
        return None
    return index


def _in_index(index: Index, asked: Filter) -> Iterator[Entry]:
    with closing(index):
        yield from index.find(asked)


def _in_files(path: Path, asked: Filter) -> Iterator[Entry]:
    found = Entries().of(record.values for record in read_both(path))
    return (entry for entry in found if asked.matches(entry.facts))


def _outcome(text: str) -> str:
    if text in {"ok", "error"} or text.isdecimal():
        return text
    raise argparse.ArgumentTypeError(f"{text}: ok, error, or the number of an error")


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: no number of seconds") from None
