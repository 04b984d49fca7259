"""What the section ``[processor]`` of a configuration says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files

from pychron_comms.config.private_files import read_secret
from pychron_comms.config.table import Table
from pychron_comms.journal.settings import JournalSettings, read_journal
from pychron_comms.observability.http.settings import NO_HTTP, PROCESSOR, HttpSettings, read_http
from pychron_comms.processor.execution.keys import KEEP
from pychron_comms.processor.state.publisher import PERIOD
from pychron_comms.safeguards.hosts import EVERYBODY, HostRule, read_hosts
from pychron_comms.safeguards.roles import EVERYONE_OPERATES, Roles, read_roles
from pychron_comms.safeguards.rules import InterlockText, read_interlocks
from pychron_comms.transport.addresses import Listening
from pychron_comms.transport.options import ConnectionLimits, read_connection_limits
from pychron_comms.transport.peer_identity import LOCAL_SENDER

#: Loopback, so that a person can telnet to it at once. A laboratory should use a unix socket.
DEFAULT_LISTEN = ("tcp:1059:interface=127.0.0.1",)

#: What ``lab`` calls the laboratory that is built in.
BUILT_IN = "default"

#: This computer's own servers: their word for who asked is taken.
DEFAULT_TRUST = (LOCAL_SENDER, "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class ProcessorSettings:
    """``trust``: senders whose tag ``from`` is believed. ``systems``: name to address. ``owner``:
    the one of them by whose lease alone the hardware may be moved; empty for no such need.

    ``commands``: each one that acts has its line in the log. ``state_period``: seconds between two
    looks at each manager for the state stream; 0 for none.
    """

    listen: Sequence[str] = DEFAULT_LISTEN
    trust: Sequence[str] = DEFAULT_TRUST
    owner: str = ""
    hosts: HostRule = EVERYBODY
    roles: Roles = EVERYONE_OPERATES
    emergency_key: bytes = b""
    systems: Mapping[str, str] = field(default_factory=dict)
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    keep_keys: float = KEEP
    journal: JournalSettings | None = None
    interlocks: Sequence[InterlockText] = ()
    state_period: float = PERIOD
    http: HttpSettings = NO_HTTP
    commands: bool = False


def read_processor_settings(top: Table) -> ProcessorSettings:
    """From the whole of a configuration. Raises ConfigError."""
    table = top.table("processor")
    return ProcessorSettings(
        listen=Listening().read(table, "listen", DEFAULT_LISTEN),
        trust=(trust := table.texts("trust", list(DEFAULT_TRUST))),
        owner=_read_owner(table, trust),
        hosts=read_hosts(top),
        roles=read_roles(top),
        emergency_key=_read_emergency_key(top.table("access")),
        systems=table.texts_by_name("systems"),
        limits=read_connection_limits(table),
        keep_keys=table.number("keep_keys", KEEP, minimum=1.0, maximum=86400.0),
        journal=read_journal(top.table("journal")),
        interlocks=read_interlocks(top),
        commands=table.flag("commands", False),
        http=read_http(top, "processor", PROCESSOR),
        state_period=top.table("state").number("period", PERIOD, minimum=0.0, maximum=60.0),
    )


def _read_owner(table: Table, trust: Sequence[str]) -> str:
    owner = table.text("owner", "")
    if owner and owner not in trust:
        raise table.error("owner", "one of those in trust", trust)
    return owner


def _read_emergency_key(access: Table) -> bytes:
    file = access.text("emergency_key", "")
    try:
        return read_secret(file) if file else b""
    except ValueError as error:
        raise access.error("emergency_key", f"a file with a secret ({error})") from None


def default_laboratory() -> Table:
    """The simulated laboratory that is served where no configuration says otherwise."""
    resource = files("pychron_comms.lab") / "default.toml"
    return Table.parse(resource.read_text("utf-8"), "default.toml")


def laboratory_from(
    configuration: Table | None, listen: Sequence[str] = ()
) -> tuple[ProcessorSettings, Table]:
    """The processor's settings and the table that describes its hardware. Raises ConfigError."""
    table = configuration or default_laboratory()
    if table.choice("lab", (BUILT_IN,), ""):
        table = table.over(default_laboratory())
        table.pass_over("lab")
    section = table.table("processor")
    settings = read_processor_settings(table)
    if listen:
        settings = replace(settings, listen=listen)
    for section_of_the_server in ("server", "alarm", "alarms", "history", "notifier"):
        table.pass_over(section_of_the_server)
    if section.flag("simulated_lab", False):
        table.finish()
        table = default_laboratory()
        table.pass_over("processor")
    return settings, table
