"""``pychron-journal show``, ``follow`` and ``index``: what happened, for a person."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TextIO

from pychron_comms.journal.asking import (
    FINE,
    Subcommands,
    add_file,
    add_options,
    files_of,
    find,
    wanted,
)
from pychron_comms.journal.follow import Follower
from pychron_comms.journal.index import Index, index_path
from pychron_comms.journal.table import (
    HEADING,
    Entries,
    counted,
    json_line,
    table_line,
    table_lines,
)

# Seconds between two looks at the file.
_LOOK_EVERY = 0.25


def add_to(below: Subcommands) -> None:
    """The three subcommands."""
    show = below.add_parser("show", help="list its records, oldest first")
    add_options(show)
    show.add_argument("--json", action="store_true", help="each as it stands in the file")
    show.add_argument("--follow", action="store_true", help="then what comes, until Ctrl-C")
    show.set_defaults(run=_show)
    follow = below.add_parser("follow", help="list what comes, until Ctrl-C")
    add_options(follow)
    follow.add_argument("--json", action="store_true", help="each as it stands in the file")
    follow.set_defaults(run=_what_comes)
    index = below.add_parser("index", help="make or catch up FILE.index: show then answers at once")
    add_file(index)
    index.set_defaults(run=_index)


def _show(given: argparse.Namespace, out: TextIO) -> int:
    if given.follow:
        return _follow(given, out, with_what_is_there=True)
    asked, zone = wanted(given)
    found = find(given.file, asked)
    if given.json:
        return _write(map(json_line, found), out)
    lines = table_lines(found, zone)
    first = next(lines, "")
    if not first:
        _check_is_journal(given.file)
        first = "no record fits what was asked"
    return _write(chain((HEADING, first), lines), out)


def _check_is_journal(file: Path) -> None:
    """Raises ValueError."""
    with file.open("rb") as opened:
        start = opened.read(1)
    # A record is a JSON object, and a journal that has none yet is empty.
    if start not in (b"", b"{"):
        raise ValueError(f"{file} is no journal: it does not begin with a record")


def _what_comes(given: argparse.Namespace, out: TextIO) -> int:
    return _follow(given, out, with_what_is_there=given.since is not None)


def _follow(given: argparse.Namespace, out: TextIO, *, with_what_is_there: bool) -> int:
    asked, zone = wanted(given)
    files_of(given.file)
    line = json_line if given.json else partial(table_line, zone=zone)
    known = Entries()
    if not given.json:
        _write([HEADING], out)
    # Ctrl-C is how it ends.
    with closing(Follower(given.file)) as follower, suppress(KeyboardInterrupt):
        if with_what_is_there:
            there = find(given.file, asked)
            _write(map(json_line, there) if given.json else table_lines(there, zone), out)
        missed = 0
        while True:
            new = [entry for entry in known.of(follower.new()) if asked.matches(entry.facts)]
            if follower.missed > missed:
                _tell_of_missed(follower.missed - missed)
                missed = follower.missed
            _write(map(line, new), out)
            out.flush()
            time.sleep(_LOOK_EVERY)
    return FINE


def _tell_of_missed(count: int) -> None:
    # Not among the records: a program reads these.
    sys.stderr.write(
        f"pychron-journal: {counted(count, 'record')} not told: dropped with old files before this "
        "could read them; [journal] keep says how many files stay\n"
    )


def _index(given: argparse.Namespace, out: TextIO) -> int:
    files_of(given.file)
    with closing(Index(given.file, make=True)) as index:
        count = index.catch_up()
    out.write(f"{index_path(given.file)}: {counted(count, 'record')} more\n")
    return FINE


def _write(lines: Iterable[str], out: TextIO) -> int:
    for line in lines:
        out.write(line + "\n")
    return FINE
