"""``pychron-instrument list``: what comes with the package."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pychron_comms.instruments.library import named_description, ready


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser("list", help="the ready descriptions, and what is in each")
    command.add_argument("name", nargs="?", help="one of them, whole")
    command.set_defaults(run=_list)


def _list(given: argparse.Namespace) -> int:
    for name in [given.name] if given.name else ready():
        description = named_description(name)
        kinds = sorted({item.kind_name for item in description.items.values()})
        sys.stdout.write(f"{name:22}  {', '.join(kinds):14}  {description.title}\n")
        if given.name:
            sys.stdout.write(f"source: {description.source}\n")
            for unsure in description.unsure:
                sys.stdout.write(f"unsure: {unsure}\n")
            for item in description.items.values():
                own = ", ".join(item.parameters)
                sys.stdout.write(f"\n{item.name}({own}), a {item.kind_name}\n")
                for reading in item.readings.values():
                    unit = f" in {reading.unit}" if reading.unit else ""
                    sys.stdout.write(f"  reads {reading.name}{unit}\n")
                for verb in item.verbs.values():
                    safe = ", makes safe" if verb.safe else ""
                    sys.stdout.write(f"  does {verb.name}{safe}\n")
    return 0
