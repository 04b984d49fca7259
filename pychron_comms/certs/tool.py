"""``pychron-certs``: a laboratory's certificates, from a command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pychron_comms.process.arguments import Parser
from pychron_comms.process.completion import add_completion

if TYPE_CHECKING:
    from pychron_comms.certs.folder import Entry, Folder

#: Days before its end from which ``list`` marks a certificate and ``renew`` makes it again.
SOON = 30

_OK, _FAILED = 0, 1
_HEAD = ("NAME", "HOSTS", "EXPIRES", "DAYS LEFT", "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with one line at stderr; a wrong command line exits with 2."""
    options = parser().parse_args(arguments)
    try:
        from pychron_comms.certs.folder import Folder  # noqa: PLC0415
    except ImportError as error:
        _complain(f"the package {error.name} is missing: pip install cryptography pyOpenSSL")
        return _FAILED
    work: Callable[[Folder, argparse.Namespace], int] = options.work
    try:
        return work(Folder(options.folder, datetime.now(UTC)), options)
    except OSError as error:
        _complain(f"{error.filename or options.folder}: {error.strerror or error}")
    except ValueError as error:
        _complain(str(error))
    return _FAILED


def _init(folder: Folder, options: argparse.Namespace) -> int:
    folder.init(options.name, options.years)
    print(f"made {options.folder / 'ca.pem'}, to be copied to every computer")  # noqa: T201
    print(f"made {options.folder / 'ca.key'}, to be kept here and shown to nobody")  # noqa: T201
    return _OK


def _issue(folder: Folder, options: argparse.Namespace) -> int:
    for file in folder.issue(options.name, options.host, options.days):
        print(f"made {file}")  # noqa: T201
    if not options.host:
        print("without --host it serves a client, and no server")  # noqa: T201
    return _OK


def _renew(folder: Folder, options: argparse.Namespace) -> int:
    from pychron_comms.certs.folder import checked_name  # noqa: PLC0415

    now = datetime.now(UTC)
    names = [checked_name(name) for name in options.names] or folder.names()

    def renew(name: str) -> str:
        entry = folder.entry(name)
        if entry.left(now) >= timedelta(days=options.within):
            return f"{name} stays: {_days(entry, now)} days left"
        renewed = folder.renew(name, options.days, options.new_key)
        return f"{name} renewed: expires {renewed.expires:%Y-%m-%d}"

    return _each(names, renew)


def _list(folder: Folder, options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    rows = [_HEAD]
    status = _each(["ca", *folder.names()], lambda name: rows.append(_row(folder.entry(name), now)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())  # noqa: T201
    return status


def _row(entry: Entry, now: datetime) -> tuple[str, str, str, str, str]:
    left = entry.left(now)
    mark = "EXPIRED" if left <= timedelta(0) else "soon" if left < timedelta(days=SOON) else ""
    hosts = ",".join(entry.hosts) or "-"
    return entry.name, hosts, f"{entry.expires:%Y-%m-%d}", str(_days(entry, now)), mark


def _days(entry: Entry, now: datetime) -> int:
    return entry.left(now) // timedelta(days=1)


def _each(names: Sequence[str], work: Callable[[str], str | None]) -> int:
    """One that cannot be worked on does not keep the others from it."""
    status = _OK
    for name in names:
        try:
            told = work(name)
        except (OSError, ValueError) as error:
            _complain(f"{name}: {error}")
            status = _FAILED
        else:
            if told:
                print(told)  # noqa: T201
    return status


def _complain(text: str) -> None:
    print(f"pychron-certs: {text}", file=sys.stderr)  # noqa: T201


def parser() -> Parser:
    """Its whole command line."""
    parser = Parser(
        prog="pychron-certs",
        description="Makes and renews a laboratory's certificate authority and its certificates.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    init = _command(commands, "init", _init, "make the authority")
    parser.add_version()
    add_completion(parser)
    init.add_argument("--name", default="Pychron laboratory", help="what the authority is called")
    init.add_argument("--years", type=_from_1_to(50), default=10, help="how long it lives")

    issue = _command(commands, "issue", _issue, "make a certificate and its key")
    issue.add_argument("name", metavar="NAME", help="of the computer, or of the person who asks")
    issue.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="HOST",
        help="a name or address by which clients reach this server; may be given again",
    )
    _add_days(issue)

    renew = _command(commands, "renew", _renew, "make again what is about to expire")
    renew.add_argument("names", metavar="NAME", nargs="*", help="all of them, where none is named")
    renew.add_argument(
        "--within",
        type=_from_1_to(36500),
        default=SOON,
        metavar="DAYS",
        help="those that expire in less than so many days (default: %(default)s)",
    )
    renew.add_argument("--new-key", action="store_true", help="with a new key each")
    _add_days(renew)

    _command(commands, "list", _list, "tell what there is, and when it expires")
    return parser


def _command(
    commands: argparse._SubParsersAction[Parser],
    name: str,
    work: Callable[[Folder, argparse.Namespace], int],
    text: str,
) -> Parser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(work=work)
    command.add_argument("folder", metavar="DIR", type=Path, help="the authority's folder")
    return command


def _add_days(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--days",
        type=_from_1_to(3650),
        default=365,
        help="how long it lives (default: %(default)s)",
    )


def _from_1_to(most: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"a number from 1 to {most} is expected")
        return number

    return whole_number
