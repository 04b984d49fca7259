"""``pychron-instrument``: descriptions checked, tried, simulated, learned, listed, begun."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pychron_comms.config.table import ConfigError
from pychron_comms.instruments.tool import checks, learn, lists, new, simulate, trying
from pychron_comms.process.arguments import Parser
from pychron_comms.process.completion import add_completion
from pychron_comms.process.terminal import write_no_more

MISTAKE = 2

_EPILOG = """\
examples:
  pychron-instrument list
  pychron-instrument new switch.toml
  pychron-instrument check switch.toml
  pychron-instrument sim switch.toml --listen tcp:5025 --faults drop=1%,late=2s
  pychron-instrument try switch.toml "valve(103).state" --link tcp://10.0.0.12:5025

exit status: 0 fine, 1 something does not hold or does not answer, 2 a mistake in the call
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The tool."""
    given = parser().parse_args(argv)
    try:
        return int(given.run(given))
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        write_no_more()
        return 0
    except (ConfigError, OSError, ValueError) as error:
        sys.stderr.write(f"pychron-instrument: {error}\n")
        return MISTAKE


def parser() -> Parser:
    """Its whole command line."""
    top = Parser(
        prog="pychron-instrument",
        description="Make and try descriptions of instruments.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_version()
    add_completion(top)
    below = top.add_subparsers(required=True, metavar="COMMAND")
    for part in (lists, checks, trying, simulate, learn, new):
        part.add_to(below)
    return top
