"""The configuration, read again while the server runs: routes change, all else is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from twisted.logger import Logger

from pychron_comms.config.difference import differing
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.server.settings import ServerSettings
from pychron_comms.server.state.routes import HERE, OTHERS

#: What a server reads of a file; the rest is read where the processor is in its process too.
_ITS_OWN = frozenset({"server", "access", "http", "alarm", "alarms", "notifier", "history"})

#: What needs no restart.
_ROUTES = ("server.routes", "server.processor")


class Read(NamedTuple):
    """A configuration, and what it says; ``table`` is None where there is no file."""

    settings: ServerSettings
    table: Table | None


class Reload:
    """``read`` reads the file as the start does, and raises ConfigError or ValueError as it does.

    ``change`` changes the routes to those of new settings, or nothing, and raises ValueError.
    """

    _log = Logger()

    def __init__(
        self, first: Read, read: Callable[[], Read], change: Callable[[ServerSettings], None]
    ) -> None:
        self._last = first
        self._read = read
        self._change = change

    def __call__(self) -> None:
        """Read it now; a file that is wrong changes nothing, and the log says why."""
        if self._last.table is None:
            self._log.warn("SIGHUP: there is no configuration file to read again; nothing changes")
            return
        try:
            now = self._read()
            self._change(now.settings)
        except (ConfigError, ValueError) as error:
            self._log.error("SIGHUP: nothing is changed: {error}", error=str(error))
            return
        before, self._last = self._last, Read(now.settings, self._last.table)
        changes = "; ".join(_changes(before.settings, now.settings)) or "no route is changed"
        self._log.info("SIGHUP: {changes}", changes=changes)
        # Of the file that the process was started with: what was named once is still not done.
        rest = list(_needing_restart(self._last.table, now))
        if rest:
            self._log.warn(
                "SIGHUP: a restart is needed for what else is changed: {keys}", keys=", ".join(rest)
            )


def routes_of(settings: ServerSettings) -> dict[str, str]:
    """Where each type goes, those without a route among them."""
    return {OTHERS: settings.processor or HERE, **settings.routes}


def _changes(before: ServerSettings, after: ServerSettings) -> Iterator[str]:
    one, other = routes_of(before), routes_of(after)
    for name in sorted(one.keys() | other.keys(), key=lambda name: (name == OTHERS, name)):
        was, goes = one.get(name, one[OTHERS]), other.get(name, other[OTHERS])
        if was != goes:
            yield f"{name} goes to {goes}, no more to {was}"


def _needing_restart(first: Table | None, now: Read) -> Iterator[str]:
    if first is None or now.table is None:
        return
    is_whole = not now.settings.processor
    for key in differing(first.values, now.table.values):
        section = key.partition(".")[0]
        if key not in _ROUTES and (is_whole or section in _ITS_OWN):
            yield key
