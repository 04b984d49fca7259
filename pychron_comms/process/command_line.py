"""The command line that both twistd services share."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TextIO, cast

from twisted.application.service import IService
from twisted.logger import FileLogObserver, textFileLogObserver
from twisted.python import usage

from pychron_comms import __version__
from pychron_comms.config.mistakes import all_mistakes
from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.process.json_log import json_observer
from pychron_comms.process.log_output import LogOutput, standard_output
from pychron_comms.process.start import ExplainedStart, InUseError

#: Where a process shows itself to browsers; for those services that do.
HTTP_OPTION = [
    "http",
    None,
    None,
    "Endpoint string of the status page, metrics and health, or off; by default on loopback.",
]


#: How the log is written.
TEXT, JSON = "text", "json"

#: For services that take commands.
COMMANDS_OPTION = ["commands", None, "Say in the log of each command that acts what came of it."]


# As getopt says it.
_UNKNOWN_OPTION = re.compile(r"option (--\S+) not recognized")


class ServiceOptions(usage.Options):
    """``--config`` and ``--check``."""

    optParameters: ClassVar[Any] = [
        ["config", "c", None, "A TOML file that describes the laboratory."],
        ["log-format", None, TEXT, "text, or json: one JSON object in each line of the log."],
    ]
    optFlags: ClassVar[Any] = [
        ["check", None, "Say whether the configuration is right, and do not start."],
    ]

    #: As twistd lists it; its process id goes to a file of this name.
    name: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._table: Table | None = None
        # Twisted shows a method's docstring with the blanks that indent it.
        self.docs = {name: " ".join((text or "").split()) for name, text in self.docs.items()}

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """An option that is not known gets the nearest one that is."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            unknown = _UNKNOWN_OPTION.match(str(error))
            known = [f"--{each.rstrip('=')}" for each in self.longOpt]
            hint = did_you_mean(unknown[1], known) if unknown else ""
            raise usage.UsageError(f"{error}{hint}") from None

    def postOptions(self) -> None:
        if self["log-format"] not in {TEXT, JSON}:
            raise usage.UsageError(f"--log-format is {TEXT} or {JSON}, not {self['log-format']}")
        # Both halves may be started in one folder, and be checked there while they run; twistd
        # would let only one be there.
        parent = self.parent
        if parent is None:
            return
        if parent.get("pidfile") == "twistd.pid":
            parent["pidfile"] = "" if self["check"] else f"{self.name}.pid"
        if self["check"]:
            return
        self._check_pid_file(parent)

    def opt_version(self) -> None:
        """Say which version this is, and end."""
        print(f"{self.name} {__version__}")  # noqa: T201
        raise SystemExit(0)

    @property
    def log_observer(self) -> FileLogObserver | None:
        """What takes the log in the place of twistd's own; None where that does."""
        output = self.log_output
        if self["log-format"] == JSON:
            return json_observer(self._log_file, output)
        # As twistd writes it, but for who does not read it.
        return None if output is None else textFileLogObserver(cast(TextIO, output))

    @cached_property
    def log_output(self) -> LogOutput | TextIO | None:
        """The standard output, where we write the log there. Else it is left alone: who started a
        service in the background waits for its end."""
        if self.in_background or self._log_file not in {"", "-"}:
            return None
        parent = self.parent
        is_ours = self["log-format"] == JSON or (
            parent is not None and not (parent.get("syslog") or parent.get("logger"))
        )
        return standard_output() if is_ours else None

    @property
    def _log_file(self) -> str:
        """What ``--logfile`` says; empty where it says nothing."""
        return "" if self.parent is None else self.parent.get("logfile") or ""

    @property
    def in_background(self) -> bool:
        """Whether nobody will see the standard error of the service."""
        return self.parent is not None and not self.parent.get("nodaemon", True)

    def _check_pid_file(self, parent: usage.Options) -> None:
        """The process id is a convenience in the foreground, and needed in the background."""
        file = parent.get("pidfile")
        if not file or can_write(Path(file)):
            return
        if not self.in_background:
            parent["pidfile"] = ""
            return
        raise SystemExit(
            f"{self.name}: {Path(file).absolute()} cannot be written, where the process id goes; "
            f"start it in a folder of its own, or name another file: twistd --pidfile=FILE "
            f"--logfile=FILE {self.name}"
        )

    @property
    def configuration(self) -> Table | None:
        """The configuration file; None where none is named. Raises ConfigError."""
        if self._table is not None:
            return self._table
        return None if self["config"] is None else Table.load(self["config"])

    def read_instead(self, table: Table) -> None:
        """Have that read in the place of the file."""
        self._table = table


def checked(options: ServiceOptions, make: Callable[[], IService]) -> IService:
    """The service; a mistake in its configuration ends the program with status 1 and one line.

    A check tells all mistakes, a line each.
    """
    try:
        made = make()
    except InUseError as error:
        raise SystemExit(f"{options.name}: cannot start: {error}") from None
    except ConfigError as error:
        mistakes = _all(options, make, error) if options["check"] else [error]
        told = (f"configuration: {each}" for each in mistakes)
        raise SystemExit("\n".join(told)) from None
    except ValueError as error:
        raise SystemExit(f"configuration: {error}") from None
    if isinstance(made, ExplainedStart):
        made.in_background = options.in_background
    if options["check"]:
        which = options["config"] or "the built-in configuration, since --config names none"
        print(f"{which}: no mistakes found")  # noqa: T201
        raise SystemExit(0)
    if isinstance(made, ExplainedStart):
        made.log_observer = options.log_observer
        if isinstance(options.log_output, LogOutput):
            made.log_ends = options.log_output.end
    return made


def _all(
    options: ServiceOptions, make: Callable[[], IService], first: ConfigError
) -> Sequence[ConfigError]:
    def build(table: Table) -> None:
        options.read_instead(table)
        make()

    # What it warns of has been said.
    with contextlib.redirect_stderr(io.StringIO()):
        return all_mistakes(first, build)


def can_write(file: Path) -> bool:
    """Whether this account may write that file, or make it."""
    return os.access(file if file.exists() else file.absolute().parent, os.W_OK)
