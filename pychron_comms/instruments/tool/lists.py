"""``pychron-instrument list``: what comes with the package."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pychron_comms.instruments.library import named_description, ready, ready_text


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser("list", help="the ready descriptions, and what is in each")
    command.add_argument("name", nargs="?", help="what is in one of them")
    command.add_argument("--file", action="store_true", help="its file itself, to go on from")
    command.set_defaults(run=_list)


def _list(given: argparse.Namespace) -> int:
    if given.file:
        if given.name not in ready():
            raise ValueError("--file is of one ready description: list NAME --file")
        sys.stdout.write(ready_text(given.name))
        return 0
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
