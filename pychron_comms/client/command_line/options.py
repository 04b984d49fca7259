"""What is written behind ``pychron-ask``."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pychron_comms.client.command_line.profiles import profiles_file, read_profile
from pychron_comms.client.command_line.waits import poll_for
from pychron_comms.client.reaching import laboratory_at, server_of
from pychron_comms.client.waiting import DEADLINE
from pychron_comms.config.here import LABORATORY
from pychron_comms.config.table import ConfigError
from pychron_comms.process.arguments import Parser
from pychron_comms.process.completion import add_completion

DEFAULT_SERVER = "tcp:127.0.0.1:1061"

#: Where the built-in laboratory takes commands of any type, each with it: ``CO2|Enable``.
OPEN_SERVER = "tcp:127.0.0.1:1060"

_MOST_SECONDS = 1e6

# A command that says its type.
_TYPED = re.compile(r"(\w+)\|")

_EPILOG = """\
examples:
  pychron-ask Open A
  pychron-ask --type CO2 Enable
  pychron-ask -p lab2 Open A
  pychron-ask -s tcp:lab-pc:1067 SetLaserPower 12.5
  pychron-ask -s tcp:lab-pc:1067 --wait GoToHole 3
  pychron-ask --watch 1 GetPressure gc,IG
  pychron-ask --watch 'System/valve/*' command
  pychron-ask scan --help

Options stand in front of the command. Without a command: a prompt on a terminal; else commands are
read from standard input, a line each, up to the first that fails.

exit status: 0 a reply, 1 an ERROR reply, 2 no connection, unknown outcome, or a mistake in the call
"""


@dataclass(frozen=True, kw_only=True)
class AskOptions:
    """``command`` is empty for a prompt or standard input; ``watch`` is None for once.

    ``laboratory`` is that of this folder, where nobody has said which server.

    With ``patterns`` there is no command: what the server tells of these is shown.
    """

    command: str = ""
    server: str = DEFAULT_SERVER
    laboratory: str = ""
    request_type: str = ""
    timeout: float = 2.0
    watch: float | None = None
    patterns: tuple[str, ...] = ()
    via: str = ""
    wait: bool = False
    deadline: float = DEADLINE
    as_json: bool = False
    plain: bool = False
    key: str = ""


def read_options(argv: Sequence[str]) -> AskOptions:
    """SystemExit with status 2 for a mistake, with 0 behind ``--help``."""
    parser = ask_parser()
    given = parser.parse_args(argv)
    if given.profile:
        try:
            parser.set_defaults(**read_profile(given.profile, profiles_file()))
        except ConfigError as error:
            parser.error(str(error))
        given = parser.parse_args(argv)
    words = given.words[1:] if given.words[:1] == ["--"] else given.words
    _check_order(parser, words)
    watches = isinstance(given.watch, str)
    command = "" if watches else " ".join(words).strip()
    typed = _TYPED.match(command)
    request_type = given.type or (typed[1] if typed else "")
    is_here = not (given.server or given.via)
    server = _server_here(parser, request_type) if is_here else given.server or DEFAULT_SERVER
    options = AskOptions(
        command=command,
        server=server,
        laboratory=laboratory_at(server, Path(LABORATORY)) if is_here else "",
        request_type=given.type,
        timeout=given.timeout,
        watch=None if watches else given.watch,
        patterns=(given.watch, *words) if watches else (),
        via=given.via,
        wait=given.wait,
        deadline=given.deadline,
        as_json=given.json,
        plain=given.plain,
        key=given.key,
    )
    _check_fit(parser, options)
    return options


def _server_here(parser: Parser, request_type: str) -> str:
    """Where nobody has said which: of the laboratory whose folder this is, if it is one."""
    has_own_port = request_type in {"", "System"}
    types = ("System", "*") if has_own_port else (request_type, "*")
    try:
        usual = DEFAULT_SERVER if has_own_port else OPEN_SERVER
        return server_of(Path(LABORATORY), types) or usual
    except ConfigError as error:
        parser.error(f"{error}; or say which server by -s")


def ask_parser() -> Parser:
    """The whole command line of ``pychron-ask``, but for its verb ``scan``."""
    parser = Parser(
        prog="pychron-ask",
        usage="%(prog)s [options] [COMMAND [ARGUMENT ...]]",
        description="Ask a server one command.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "-s",
        "--server",
        metavar="ENDPOINT",
        default=os.environ.get("PYCHRON_SERVER"),
        help="default: PYCHRON_SERVER from the environment, or that of lab.toml in this folder, or "
        + DEFAULT_SERVER,
    )
    add("-p", "--profile", metavar="NAME", help="a server by its name in your profiles.toml")
    add("--type", default="", help="the request type, as in --type CO2 Enable; or CO2|Enable")
    add("--timeout", type=_seconds, default=2.0, metavar="SECONDS", help="for a reply; default 2")
    add(
        "--watch",
        type=_seconds_or_pattern,
        metavar="SECONDS|PATTERN",
        help="ask again and again until Ctrl-C; or be told how things stand, and each change",
    )
    add(
        "--via",
        default="",
        metavar="ENDPOINT",
        help="for --watch PATTERN: a broker in place of a server, as in amqp:HOST:set=NAME",
    )
    add("--wait", action="store_true", help="wait until what was begun is over: a move, a pattern")
    add(
        "--deadline",
        type=_seconds,
        default=DEADLINE,
        metavar="SECONDS",
        help=f"for --wait; default {DEADLINE:g}",
    )
    add("--json", action="store_true", help="write the reply or the error as one JSON object")
    add("--plain", action="store_true", help="ask as for a server that knows no tags")
    add("--key", default="", help="a name by which the command runs no second time")
    parser.add_version()
    add_completion(parser)
    add("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return value


def _seconds_or_pattern(text: str) -> float | str:
    try:
        float(text)
    except ValueError:
        return text
    return _seconds(text)


def _check_order(parser: Parser, words: Sequence[str]) -> None:
    for word in words[1:]:
        if word in ("-s", "-p", "-h") or word.startswith("--"):
            parser.error(f"{word} must stand in front of the command")


def _check_fit(parser: Parser, options: AskOptions) -> None:
    if options.watch is not None and not options.command:
        parser.error("--watch needs a command")
    if options.patterns and (options.key or options.wait):
        parser.error("--watch with a pattern sends no command")
    if options.via and not options.patterns:
        parser.error("--via is for --watch with a pattern: a broker answers no command")
    if options.key and (options.watch is not None or not options.command):
        parser.error("--key is for one command, asked once")
    if options.watch is not None and options.wait:
        parser.error("--watch and --wait do not go together")
    if options.wait and options.command and poll_for(options.command) is None:
        _no_wait(parser, options.command)


def _no_wait(parser: Parser, command: str) -> NoReturn:
    parser.error(f"--wait: there is nothing to wait for after {command}")
