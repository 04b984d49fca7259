"""The command line that both twistd services share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.python import usage

from pychron_comms.config.table import ConfigError, Table


class ServiceOptions(usage.Options):
    """``--config`` and ``--check``."""

    optParameters: ClassVar[Any] = [
        ["config", "c", None, "A TOML file that describes the laboratory."],
    ]
    optFlags: ClassVar[Any] = [
        ["check", None, "Say whether the configuration is right, and do not start."],
    ]

    #: As twistd lists it; its process id goes to a file of this name.
    name: ClassVar[str]

    def postOptions(self) -> None:
        # Both halves may be started in one folder, and be checked there while they run; twistd
        # would let only one be there.
        parent = self.parent
        if parent is not None and parent.get("pidfile") == "twistd.pid":
            parent["pidfile"] = "" if self["check"] else f"{self.name}.pid"

    @property
    def configuration(self) -> Table | None:
        """The configuration file; None where none is named. Raises ConfigError."""
        return None if self["config"] is None else Table.load(self["config"])


def checked(options: ServiceOptions, make: Callable[[], IService]) -> IService:
    """The service; a mistake in its configuration ends the program with status 1 and one line."""
    try:
        made = make()
    except (ConfigError, ValueError) as error:
        raise SystemExit(f"configuration: {error}") from None
    if options["check"]:
        print(f"{options['config'] or 'the built-in configuration'}: no mistakes found")  # noqa: T201
        raise SystemExit(0)
    return made
