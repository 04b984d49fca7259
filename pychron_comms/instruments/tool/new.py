"""``pychron-instrument new``: asks a few questions, and writes a description to go on with."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pychron_comms.config.toml_text import toml_text
from pychron_comms.instruments.checking import findings
from pychron_comms.instruments.kinds import KINDS
from pychron_comms.instruments.library import named_description
from pychron_comms.instruments.speaking import MODBUS
from pychron_comms.instruments.tool.modbus_templates import BY_MODBUS
from pychron_comms.instruments.tool.templates import BY_LINES
from pychron_comms.process.typed import as_typed

_LINES = {"CR": "<CR>", "LF": "<LF>", "CRLF": "<CR><LF>"}


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser("new", help="write a description to go on with")
    command.add_argument("file", type=Path, help="the file, which must not be there")
    command.add_argument("--title", help="what it is called")
    command.add_argument("--kind", choices=sorted(BY_LINES), help="what is in it")
    command.add_argument("--link", help="such as tcp://10.0.0.12:5025, or modbus+tcp://10.0.0.20")
    command.add_argument("--line", choices=sorted(_LINES), help="what ends its lines")
    command.add_argument("--yes", action="store_true", help="ask nothing")
    command.set_defaults(run=_new)


def _new(given: argparse.Namespace) -> int:
    called = f"A {given.kind}" if given.kind not in {None, "valve"} else "A switch box"
    title = given.title or _asked(given, "what is it called?", called)
    link = given.link or _asked(given, "where is it?", "serial:///dev/ttyUSB0?baud=9600")
    templates = BY_MODBUS if link.startswith(MODBUS) else BY_LINES
    kind = given.kind or _asked(given, f"what is in it ({', '.join(templates)})?", "valve")
    if kind not in templates:
        known = ", ".join(sorted(KINDS))
        raise ValueError(f"a beginning for {', '.join(templates)}; other kinds are {known}")
    line = "" if templates is BY_MODBUS else given.line or _line(given)
    with given.file.open("x", encoding="utf-8") as file:
        file.write(written(title, link, templates[kind], _LINES.get(line, "")))
    wrong = list(findings(named_description(str(given.file))))
    then = as_typed(f"pychron-instrument check {given.file}")
    sys.stdout.write(f"{given.file}: written. Change what it sends and takes, then: {then}\n")
    return 1 if wrong else 0


def _line(given: argparse.Namespace) -> str:
    line = _asked(given, f"what ends its lines ({', '.join(_LINES)})?", "CRLF").upper()
    if line not in _LINES:
        raise ValueError(f"a line's end that is one of {', '.join(_LINES)}, not {line!r}")
    return line


def written(title: str, link: str, template: str, line: str) -> str:
    """The text of a new description. ``line``: what ends its lines, empty where it has none."""
    ends = f'line = "{line}"\n' if line else ""
    return (
        f"title = {toml_text(title)}\n"
        'source = "its manual, page ..."\n\n'
        "[wire]\n"
        f"link = {toml_text(link)}\n"
        f"{ends}"
        "# Seconds until an answer begins, and between its bytes.\n"
        "first_byte = 1.0\n"
        "between_bytes = 0.1\n"
    ) + template.replace("%s", line)


def _asked(given: argparse.Namespace, question: str, default: str) -> str:
    if given.yes:
        return default
    return input(f"{question} [{default}] ").strip() or default
