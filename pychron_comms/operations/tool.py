"""``pychron-lab``: what an operator does with a laboratory, from its first file to its service."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from pychron_comms.config.here import LABORATORY
from pychron_comms.config.table import ConfigError
from pychron_comms.observability import monitoring
from pychron_comms.operations import init, run, units
from pychron_comms.operations.doctor import doctor
from pychron_comms.operations.findings import (
    BROKEN,
    Finding,
    as_json,
    as_lines,
    built_in,
    exit_status,
    told_together,
)
from pychron_comms.operations.laboratory import Laboratory, load
from pychron_comms.operations.running import already_running
from pychron_comms.operations.status import status
from pychron_comms.process.arguments import Parser
from pychron_comms.process.completion import add_completion
from pychron_comms.process.platform import HERE
from pychron_comms.process.terminal import shows_colours
from pychron_comms.process.typed import as_typed

_EPILOG = """\
Without --config, lab.toml in this folder is taken where there is one, else the built-in laboratory.

exit status of check, status and doctor: 0 all in order, 1 something to look at, 2 something broken
"""

Work = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    work: Work = options.work
    try:
        return work(options)
    except ConfigError as error:
        raise SystemExit(as_typed(f"configuration: {error}")) from None
    except (ValueError, OSError) as error:
        raise SystemExit(as_typed(f"pychron-lab: {error}")) from None
    except EOFError:
        raise SystemExit("\npychron-lab: nobody answers; with --yes, nothing is asked") from None
    except KeyboardInterrupt:
        raise SystemExit("\npychron-lab: left by Ctrl-C") from None


def parser() -> Parser:
    """Its whole command line."""
    top = Parser(
        prog="pychron-lab",
        description="Make, check, run and watch a laboratory.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_version()
    add_completion(top)
    # In front of the command it is understood as well.
    _add_config(top, None)
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    made = _command(commands, "init", _init, "write a commented laboratory to begin with")
    made.add_argument("--yes", action="store_true", help="ask nothing: journal, this computer only")
    made.add_argument(
        "--first-port",
        type=int,
        default=init.FIRST_PORT,
        metavar="PORT",
        help="a second laboratory on this computer needs ports of its own: %(default)s to "
        f"{init.FIRST_PORT + init.PORTS - 1} are the usual ones",
    )
    made.add_argument("--force", action="store_true", help="also over a file that is there")
    _command(commands, "check", _check, "say whether the file is right, and do not start")
    ran = _command(commands, "run", _run, "run both processes in this terminal, until Ctrl-C")
    ran.add_argument(
        "--commands", action="store_true", help="a line in the log for each command that acts"
    )
    for name, work, meaning in (
        ("status", _status, "say how both processes, leases, journal and certificates are"),
        ("doctor", _doctor, "say what would be in the way, and the command that mends it"),
    ):
        told = _command(commands, name, work, meaning)
        told.add_argument("--json", action="store_true", help="for a monitor")
    copied = _command(commands, "monitoring", _monitoring, "copy files for Prometheus and Grafana")
    copied.add_argument("folder", type=Path, help="where to; it is made")
    for name, work, meaning in (
        ("install", _install, "make it a service of systemd; shows the units first"),
        ("remove", _remove, "take the units away that install has written"),
    ):
        service = _command(commands, name, work, meaning)
        service.add_argument("--user", action="store_true", help="of this person, not the system")
        service.add_argument("--yes", action="store_true", help="do not ask")
    return top


def _command(
    commands: argparse._SubParsersAction[Parser],
    name: str,
    work: Work,
    meaning: str,
) -> Parser:
    command = commands.add_parser(name, help=meaning, description=meaning)
    command.set_defaults(work=work)
    command.add_version("pychron-lab")
    _add_config(command, argparse.SUPPRESS)
    return command


def _add_config(parser: Parser, default: str | None) -> None:
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help=f"default: {LABORATORY}, if it is there",
    )


def _file(options: argparse.Namespace) -> Path | None:
    if options.config is not None:
        return Path(options.config)
    return Path(LABORATORY) if Path(LABORATORY).exists() else None


def _laboratory(options: argparse.Namespace) -> Laboratory:
    file = _file(options)
    if file is not None and not file.exists():
        raise ConfigError(f"{file} is not there; pychron-lab init --config {file} writes one")
    return load(file)


def _init(options: argparse.Namespace) -> int:
    file = Path(options.config or LABORATORY)
    if file.exists() and not options.force:
        raise ValueError(f"{file} is there already; --force writes over it")
    init.check_first_port(options.first_port)
    answers = init.Answers() if options.yes else init.ask(input)
    answers = replace(answers, first_port=options.first_port)
    text = init.written(file.absolute().parent, answers)
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise ValueError(
            f"{file.absolute()} cannot be written: {error.strerror}; make a folder for your "
            "laboratory: mkdir -p ~/lab; cd ~/lab"
        ) from None
    named = "" if file == Path(LABORATORY) else f" --config {file}"
    then = f"  pychron-lab check{named}\n  pychron-lab run{named}\n"
    sys.stdout.write(f"{file} is written. Look at it, then\n{as_typed(then)}")
    return 0


def _check(options: argparse.Namespace) -> int:
    # What is built asks its reactor whether it has unix sockets; it is never run.
    from twisted.internet import reactor  # noqa: PLC0415

    # It builds the laboratory, whose import takes a third of the tool's.
    from pychron_comms.operations.check import check  # noqa: PLC0415

    return _tell(check(_file(options), reactor))


def _run(options: argparse.Namespace) -> int:
    laboratory = _laboratory(options)
    if told := already_running(laboratory):
        raise SystemExit(as_typed(f"pychron-lab: {told}"))
    return run.in_foreground(laboratory, ["--commands"] if options.commands else [])


def _status(options: argparse.Namespace) -> int:
    laboratory = _laboratory(options)
    return _tell([*_which(laboratory), *status(laboratory)], options.json)


def _doctor(options: argparse.Namespace) -> int:
    try:
        laboratory = _laboratory(options)
        first = _which(laboratory)
    except ConfigError as error:
        first = [Finding("configuration", BROKEN, str(error), "edit that line; pychron-lab check")]
        laboratory = load(None)
    found = [*first, *doctor(laboratory)]
    return _tell(found if options.json else [*told_together(found)], options.json)


def _which(laboratory: Laboratory) -> list[Finding]:
    return [built_in()] if laboratory.file is None else []


def _tell(findings: Sequence[Finding], json: bool = False) -> int:
    in_colour = shows_colours(sys.stdout, os.environ)
    sys.stdout.write(as_json(findings) if json else as_lines(findings, in_colour=in_colour))
    return exit_status(findings)


def _monitoring(options: argparse.Namespace) -> int:
    options.folder.mkdir(parents=True, exist_ok=True)
    for file in files(monitoring).iterdir():
        if file.name.endswith((".json", ".yml")):
            (options.folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
            sys.stdout.write(f"{options.folder / file.name}\n")
    return 0


def _scope(options: argparse.Namespace) -> units.Scope:
    if not HERE.has_systemd:
        raise ValueError(f"systemd is of Linux alone; this is {HERE.name}: see docs/platforms.md")
    # With sudo, the account of who typed it: the services need no more rights than that.
    sudoer = "" if options.user else os.environ.get("SUDO_USER")
    account = sudoer or getpass.getuser()
    return units.Scope(options.user, Path.home(), account)


def _install(options: argparse.Namespace) -> int:
    scope = _scope(options)
    texts = units.units(_laboratory(options), scope)
    for name, text in texts.items():
        sys.stdout.write(f"==== {scope.folder / name}\n{text}\n")
    with tempfile.TemporaryDirectory() as folder:
        said = units.verified(texts, Path(folder))
    if said:
        raise ValueError(f"systemd-analyze verify does not take them:\n{said}")
    if not options.yes and not input("Write them? [y/N] ").strip().lower().startswith("y"):
        sys.stdout.write("nothing was written\n")
        return 1
    units.write(texts, scope)
    sys.stdout.write(f"written; now type\n{units.after_install(texts, scope)}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    scope = _scope(options)
    gone = units.remove(scope)
    for file in gone:
        sys.stdout.write(f"removed {file}\n")
    if gone:
        names = " ".join(file.name for file in gone)
        sys.stdout.write(
            f"what runs goes on until it is stopped; now type\n  {scope.systemctl} stop {names}\n"
            f"  {scope.systemctl} daemon-reload\n"
        )
    else:
        sys.stdout.write(f"nothing of pychron-lab's is in {scope.folder}\n")
    return 0
