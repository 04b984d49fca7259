"""``pychron-instrument check``: does a description hold what its examples say?"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pychron_comms.instruments.checking import findings, warnings
from pychron_comms.instruments.library import named_description, ready

WRONG = 1


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser("check", help="run a description's tests, also on its simulator")
    command.add_argument("files", nargs="*", help="files, or names of ready ones; all of these")
    command.set_defaults(run=_check)


def _check(given: argparse.Namespace) -> int:
    wrong = 0
    for name in given.files or ready():
        description = named_description(name)
        found = list(findings(description))
        wrong += len(found)
        tests = sum(
            len(member.tests) for item in description.items.values() for _, member in item.members()
        )
        says = "fine" if not found else f"{len(found)} wrong"
        sys.stdout.write(f"{name}: {tests} tests, {says}\n")
        for line in found:
            sys.stdout.write(f"  wrong: {line}\n")
        for line in warnings(description):
            sys.stdout.write(f"  {line}\n")
    return WRONG if wrong else 0
