"""``pychron-journal``: shows a journal to a person, and checks that nobody has changed it.

The exit status is 0 for fine, 1 where tampering was found, 2 for what cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TextIO

from pychron_comms.config.table import ConfigError
from pychron_comms.journal import checking, export, listing, replay, stats, timeline
from pychron_comms.journal.asking import FINE, journal_here
from pychron_comms.process.arguments import Parser
from pychron_comms.process.completion import add_completion
from pychron_comms.process.terminal import write_no_more

UNREADABLE = 2

_EPILOG = """\
FILE stands for itself, for the older FILE.1, FILE.2 ... beside it, and for FILE.refused ..., which
tells what was refused. In the folder of a laboratory it may be left out: that of lab.toml is meant;
where there is none, that of the built-in laboratory which runs.

examples:
  pychron-journal show --target A --since 1h
  pychron-journal show lab.journal --since 2026-03-02T18:00 --who 10.0.0.5 --outcome error
  pychron-journal follow lab.journal --type CO2
  pychron-journal head lab.journal
  pychron-journal verify lab.journal --secret journal.secret --head 4711:9f...c2

exit status: 0 fine, 1 tampering found, 2 it cannot be read, or a mistake in the call
"""


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """``out``: where to write; standard output unless given."""
    given = parser().parse_args(argv)
    try:
        if getattr(given, "file", "") is None:
            given.file = journal_here()
        return int(given.run(given, _tolerant(out or sys.stdout)))
    except KeyboardInterrupt:
        return UNREADABLE
    except BrokenPipeError:
        write_no_more()
        return FINE
    except OSError as error:
        return _complain(f"{error.filename or ''}: {error.strerror or error}")
    except (ValueError, ConfigError) as error:
        return _complain(str(error))


def parser() -> Parser:
    """Its whole command line."""
    parser = Parser(
        prog="pychron-journal",
        description="Read and check a journal.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_version()
    add_completion(parser)
    below = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in (listing, checking, export, stats, timeline, replay):
        part.add_to(below)
    return parser


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
