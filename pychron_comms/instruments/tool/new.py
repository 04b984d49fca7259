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

_TEMPLATES = {
    "valve": """
[item.valve]
kind = "valve"
parameter.channel = { minimum = 1, maximum = 64 }

[item.valve.do.open]
send = "OPEN {channel:d}"
take = "OK"
test = [{ with = { channel = 3 }, wire = ["> OPEN 3%s", "< OK%s"] }]

[item.valve.do.close]
send = "CLOSE {channel:d}"
take = "OK"
test = [{ with = { channel = 3 }, wire = ["> CLOSE 3%s", "< OK%s"] }]

# proof: commanded (it repeats what it was told), coil, or indicator (the valve's own switch).
[item.valve.read.state]
send = "STATE? {channel:d}"
take = "{value}"
words = { "0" = "closed", "1" = "open" }
proof = "coil"
test = [{ with = { channel = 3 }, wire = ["> STATE? 3%s", "< 1%s"], gives = "open" }]
""",
    "gauge": """
[item.gauge]
kind = "gauge"
parameter.channel = { minimum = 1, maximum = 6 }

[item.gauge.read.pressure]
send = "PR{channel:d}?"
take = "{value:.2E}"
unit = "mbar"
words = { "OFF" = "off" }
test = [{ with = { channel = 1 }, wire = ["> PR1?%s", "< 1.20E-08%s"], gives = 1.2e-8 }]
""",
    "loop": """
[item.loop]
kind = "loop"

[item.loop.read.value]
send = "PV?"
take = "{value:.1f}"
unit = "C"
test = [{ wire = ["> PV?%s", "< 20.5%s"], gives = 20.5 }]

[item.loop.read.setpoint]
send = "SP?"
take = "{value:.1f}"
unit = "C"
test = [{ wire = ["> SP?%s", "< 100.0%s"], gives = 100.0 }]

[item.loop.do.set]
send = "SP {value:.1f}"
take = "OK"
unit = "C"
minimum = 0
maximum = 1000
verify = { within = 0.1, seconds = 2 }
test = [{ with = { value = 100 }, wire = ["> SP 100.0%s", "< OK%s"] }]
""",
}
_LINES = {"CR": "<CR>", "LF": "<LF>", "CRLF": "<CR><LF>"}


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser("new", help="write a description to go on with")
    command.add_argument("file", type=Path, help="the file, which must not be there")
    command.add_argument("--title", help="what it is called")
    command.add_argument("--kind", choices=sorted(_TEMPLATES), help="what is in it")
    command.add_argument("--link", help="such as tcp://10.0.0.12:5025")
    command.add_argument("--line", choices=sorted(_LINES), help="what ends its lines")
    command.add_argument("--yes", action="store_true", help="ask nothing")
    command.set_defaults(run=_new)


def _new(given: argparse.Namespace) -> int:
    title = given.title or _asked(given, "what is it called?", "A switch box")
    kind = given.kind or _asked(given, f"what is in it ({', '.join(_TEMPLATES)})?", "valve")
    if kind not in _TEMPLATES:
        known = ", ".join(sorted(KINDS))
        raise ValueError(f"a beginning for {', '.join(_TEMPLATES)}; other kinds are {known}")
    link = given.link or _asked(given, "where is it?", "serial:///dev/ttyUSB0?baud=9600")
    line = given.line or _asked(given, f"what ends its lines ({', '.join(_LINES)})?", "CRLF")
    with given.file.open("x", encoding="utf-8") as file:
        file.write(written(title, kind, link, _LINES[line]))
    wrong = list(findings(named_description(str(given.file))))
    sys.stdout.write(
        f"{given.file}: written. Change what it sends and takes, then: "
        f"pychron-instrument check {given.file}\n"
    )
    return 1 if wrong else 0


def written(title: str, kind: str, link: str, line: str) -> str:
    """The text of a new description."""
    return (
        f"title = {toml_text(title)}\n"
        'source = "its manual, page ..."\n\n'
        "[wire]\n"
        f"link = {toml_text(link)}\n"
        f'line = "{line}"\n'
        "# Seconds until an answer begins, and between its bytes.\n"
        "first_byte = 1.0\n"
        "between_bytes = 0.1\n"
    ) + _TEMPLATES[kind].replace("%s", line)


def _asked(given: argparse.Namespace, question: str, default: str) -> str:
    if given.yes:
        return default
    return input(f"{question} [{default}] ").strip() or default
