"""What a laboratory's file says of the server, read as a whole."""

from __future__ import annotations

from dataclasses import replace

from pychron_comms.alarms.handler import ALARMS
from pychron_comms.alarms.settings import read_alarms
from pychron_comms.config.table import Table
from pychron_comms.handlers.factories import request_types
from pychron_comms.history.settings import read_history
from pychron_comms.observability.http.settings import SERVER, read_http
from pychron_comms.safeguards.hosts import read_hosts
from pychron_comms.safeguards.roles import read_roles
from pychron_comms.server.settings import ServerSettings, read_server_settings


def read_server(table: Table, http: str = "") -> ServerSettings:
    """Raises ConfigError, also for a key of ``[server]`` that is not known.

    The rest of the file is the processor's, and is read by it. ``http`` is what the command line
    says of the page, which counts more.
    """
    section = table.table("server")
    settings = read_server_settings(
        section, read_hosts(table), read_roles(table), {ALARMS, *request_types()}
    )
    section.finish()
    return replace(
        settings,
        http=read_http(table, "server", SERVER, http),
        alarms=read_alarms(table),
        history=read_history(table),
    )
