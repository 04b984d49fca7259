"""``pychron-history``: what was recorded of the laboratory's numbers: a list, a picture, a table.

The exit status is 0 for done, 2 for what cannot be read or a mistake in the call.
"""

from __future__ import annotations

import argparse
import csv
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from pychron_comms.config.here import LABORATORY, file_here
from pychron_comms.config.table import ConfigError
from pychron_comms.history.picture import draw
from pychron_comms.history.store import HistoryStore, Series
from pychron_comms.journal.moments import local, moment
from pychron_comms.observability.state.patterns import matcher
from pychron_comms.process.arguments import Parser
from pychron_comms.process.completion import add_completion
from pychron_comms.process.extras import install_command
from pychron_comms.process.terminal import write_no_more

DONE, FAILED = 0, 2

#: Curves of one picture, each in a panel of its own.
MOST = 12

_EPILOG = """\
examples:
  pychron-history list
  pychron-history plot 'device/gc/*' --since 12h --out night.png
  pychron-history export lab.history device/gc/IG --since 2026-03-02T18:00 > IG.csv

In the folder of a laboratory FILE may be left out: that of lab.toml is meant.
"""


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    given = parser().parse_args(argv)
    try:
        given.file, given.patterns = _file_and_patterns(given.words)
        with closing(HistoryStore(given.file, only_read=True)) as store:
            return int(given.run(store, given, out or sys.stdout))
    except ModuleNotFoundError:
        return _complain(f"a picture needs matplotlib: {install_command('matplotlib')}")
    except BrokenPipeError:
        write_no_more()
        return DONE
    except sqlite3.Error as error:
        return _complain(f"{given.file}: {error}")
    except (ValueError, OSError, ConfigError) as error:
        return _complain(str(error))


def _file_and_patterns(words: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """The first word is the file where there is such a one, or no laboratory here names its own.

    Errors: ValueError, ConfigError.
    """
    is_given = bool(words) and Path(words[0]).is_file()
    named = "" if is_given else file_here("history")
    if named == "" and not words:
        raise ValueError(
            f"{LABORATORY} here has no history: no number is kept; [history] with "
            'file = "lab.history" begins one. For another give its FILE'
        )
    if not named and not words:
        raise ValueError(f"which file? No {LABORATORY} is here: give its FILE")
    file, patterns = (Path(named), words) if named else (Path(words[0]), words[1:])
    if not file.exists():
        raise ValueError(f"{file}: there is no such file; [history] says where it is written")
    return file, patterns


def _list(store: HistoryStore, given: argparse.Namespace, out: TextIO) -> int:
    found = _wanted(store, given)
    wide = max((len(each.path) for each in found), default=0)
    units = max((len(each.unit) for each in found), default=0)
    for each in found:
        span = f"{local(each.first)} to {local(each.last)}"
        points = f"{each.points:7} point{'s' if each.points != 1 else ' '}"
        out.write(f"{each.path:{wide}}  {each.unit:{units}}  {points}  {span}\n")
    return DONE


def _plot(store: HistoryStore, given: argparse.Namespace, out: TextIO) -> int:
    found = _wanted(store, given)
    if not found:
        return FAILED
    if len(found) > MOST:
        raise ValueError(
            f"{len(found)} items, at most {MOST} fit into one picture: name some, as 'device/gc/*'"
        )
    since, until = _span(given)
    if given.since is None:
        # Of the time before, nothing could be drawn.
        since = min(max(since, min(each.first for each in found)), until - 60.0)
    curves = [(each, list(store.points(each.path, since, until))) for each in found]
    draw(curves, since, until, given.out, given.file.name)
    out.write(f"{given.out}\n")
    return DONE


def _export(store: HistoryStore, given: argparse.Namespace, out: TextIO) -> int:
    since, until = _span(given)
    found = _wanted(store, given)
    table = csv.writer(out)
    table.writerow(["path", "unit", "at", "value"])
    for each in found:
        for at, value in store.points(each.path, since, until):
            told = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
            table.writerow([each.path, each.unit, told, "" if value is None else repr(value)])
    return DONE


def _wanted(store: HistoryStore, given: argparse.Namespace) -> list[Series]:
    wants = matcher(given.patterns or ["*"])
    found = [each for each in store.series() if wants(each.path)]
    if not found and given.patterns:
        raise ValueError("nothing of that is recorded; list shows what is")
    if not found:
        # One that has just begun is no mistake.
        _complain("nothing is recorded yet")
    return found


def _span(given: argparse.Namespace) -> tuple[float, float]:
    now = time.time()
    since, until = moment(given.since or "24h", now), moment(given.until, now)
    if since >= until:
        raise ValueError("--since must be before --until")
    return since, until


def parser() -> Parser:
    """Its whole command line."""
    parser = Parser(
        prog="pychron-history",
        description="What was recorded of the laboratory's numbers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_version()
    add_completion(parser)
    below = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, meaning in (
        ("list", _list, "which items, and from when to when"),
        ("plot", _plot, "a picture: PNG, SVG or PDF"),
        ("export", _export, "CSV: path, unit, time in UTC, value; an empty one is a gap"),
    ):
        part = below.add_parser(name, help=meaning)
        part.set_defaults(run=run)
        part.add_argument(
            "words",
            nargs="*",
            metavar="FILE PATTERN",
            help=f"the file, unless it is that of {LABORATORY} here; paths with * and ?",
        )
        if run is not _list:
            part.add_argument("--since", help="90m, 12h, 2d or a time; default 24h")
            part.add_argument("--until", default="0s", help="the same; default now")
        if run is _plot:
            part.add_argument(
                "--out", type=Path, default=Path("history.png"), help="default %(default)s"
            )
    return parser


def _complain(text: str) -> int:
    sys.stderr.write(f"pychron-history: {text}\n")
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
