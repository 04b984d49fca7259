"""``pychron-alarms``: what is not as it should be, and that somebody has seen it.

The exit status is 0 for done, 1 for an ERROR reply or an alarm in ``list``, 2 for no connection or
a mistake in the call.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from pychron_comms.alarms.alarm import OK
from pychron_comms.alarms.handler import ALARMS
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.instrument import Asks
from pychron_comms.client.reaching import laboratory_at, server_of
from pychron_comms.config.here import LABORATORY
from pychron_comms.config.table import ConfigError
from pychron_comms.errors import (
    CommandError,
    OutcomeUnknownError,
    PychronCommunicationError,
    error_line,
)
from pychron_comms.journal.moments import local, moment
from pychron_comms.process.arguments import Parser
from pychron_comms.process.completion import add_completion
from pychron_comms.wire.quoting import quoted

DONE, REFUSED, FAILED = 0, 1, 2

#: The listener that takes every request type.
SERVER = "tcp:127.0.0.1:1060"

#: Seconds that a reply may take: a test waits until its message has gone.
TIMEOUT = 40.0

_EPILOG = """\
examples:
  pychron-alarms list
  pychron-alarms ack 'ion gauge'
  pychron-alarms shelve 'ion gauge' 2h --why 'the gauge is being replaced'
  pychron-alarms test mail

exit status: 0 done, 1 the server refuses, or list shows an alarm, 2 no connection, or a mistake
"""


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    given = parser().parse_args(argv)
    try:
        server = given.server or server_of(Path(LABORATORY), (ALARMS, "*")) or SERVER
        meant = "" if given.server else laboratory_at(server, Path(LABORATORY))
        with Communicator(
            server, timeout=TIMEOUT, request_type=ALARMS, laboratory=meant
        ) as communicator:
            return int(given.run(communicator, given, out or sys.stdout))
    except KeyboardInterrupt:
        return FAILED
    except (PychronCommunicationError, OutcomeUnknownError) as error:
        return _complain(error_line(error), FAILED)
    except CommandError as error:
        return _complain(error_line(error), REFUSED)
    except (ValueError, OSError, ConfigError) as error:
        return _complain(f"pychron-alarms: {error}", FAILED)


def _list(asks: Asks, given: argparse.Namespace, out: TextIO) -> int:
    alarms = json.loads(asks.ask("List"))
    shown = [each for each in alarms if given.all or each["state"] != OK]
    if given.json:
        out.write(json.dumps(shown) + "\n")
    else:
        out.writelines(f"{line}\n" for line in _table(shown, len(alarms)))
    return REFUSED if any(each["state"] != OK for each in alarms) else DONE


def _acknowledge(asks: Asks, given: argparse.Namespace, out: TextIO) -> int:
    return _told(out, "acknowledged", asks.ask(_command("Acknowledge", given.name, given.by)))


def _shelve(asks: Asks, given: argparse.Namespace, out: TextIO) -> int:
    # As a time so long ago, since that is what the words are for elsewhere.
    seconds = -moment(given.time, 0.0)
    words = [given.name, f"{seconds:g}", given.by, *([given.why] if given.why else [])]
    return _told(out, "shelved", asks.ask(_command("Shelve", *words)))


def _unshelve(asks: Asks, given: argparse.Namespace, out: TextIO) -> int:
    return _told(out, "unshelved", asks.ask(_command("Unshelve", given.name, given.by)))


def _test(asks: Asks, given: argparse.Namespace, out: TextIO) -> int:
    asks.ask(_command("Test", given.notifier))
    out.write(f"{given.notifier}: sent\n")
    return DONE


def _told(out: TextIO, what: str, count: str) -> int:
    out.write(f"{what}: {count}\n")
    return DONE


def _command(word: str, *arguments: str) -> str:
    """With quotes, so that names may hold blanks."""
    return " ".join([word, *map(quoted, arguments)])


def _table(alarms: Sequence[Mapping[str, Any]], watched: int) -> Iterable[str]:
    if not alarms:
        yield f"no alarm ({watched} watched)"
    for each in alarms:
        since = f", since {local(each['since'])}" if each["since"] else ""
        if each.get("over"):
            since += f" until {local(each['over'])}"
        shelved = each["shelved_until"]
        until = f" until {local(shelved)} by {each['shelved_by']}" if shelved else ""
        by = f"{', seen' if shelved else ''} by {each['by']}" if each["by"] else ""
        yield f"{each['sev']:8}{each['state']}{until}{by}  {each['name']}{since}"
        yield from (f"        {each[key]}" for key in ("reason", "text") if each[key])


def parser() -> Parser:
    """Its whole command line."""
    parser = Parser(
        prog="pychron-alarms",
        description="What is not as it should be, and that somebody has seen it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "-s",
        "--server",
        metavar="ENDPOINT",
        default="",
        help=f"a listener of the type * or {ALARMS}; default: that of {LABORATORY} in this folder, "
        f"or {SERVER}",
    )
    parser.add_version()
    add_completion(parser)
    below = parser.add_subparsers(required=True, metavar="COMMAND")
    shown = below.add_parser("list", help="alarms that are not ok")
    shown.add_argument("--all", action="store_true", help="those that are ok, too")
    shown.add_argument("--json", action="store_true", help="as JSON")
    shown.set_defaults(run=_list)
    seen = _about_alarm(below, "ack", "say that you have seen it")
    seen.set_defaults(run=_acknowledge)
    silent = _about_alarm(below, "shelve", "let nobody be told of it for a time")
    silent.add_argument("time", help="how long: 90m, 2h, 1d; at most 7d")
    silent.add_argument("--why", default="", help="for those who wonder")
    silent.set_defaults(run=_shelve)
    again = _about_alarm(below, "unshelve", "end that before its time")
    again.set_defaults(run=_unshelve)
    trial = below.add_parser("test", help="send a message by a notifier, now")
    trial.add_argument("notifier", help="its name in the configuration")
    trial.set_defaults(run=_test)
    return parser


def _about_alarm(below: Any, word: str, meaning: str) -> Parser:
    parser: Parser = below.add_parser(word, help=meaning)
    parser.add_argument("name", help="an alarm, or a rule for all of its alarms")
    parser.add_argument("--by", default=getpass.getuser(), help="who you are; default: %(default)s")
    return parser


def _complain(text: str, status: int) -> int:
    sys.stderr.write(f"{text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
