"""What the section ``[processor]`` of a configuration says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files

from pychron_comms.config import Table
from pychron_comms.hosts import EVERYBODY, HostRule, read_hosts
from pychron_comms.peers import LOCAL_SENDER

#: Loopback, so that a person can telnet to it at once. A laboratory should use a unix socket.
DEFAULT_LISTEN = ("tcp:1059:interface=127.0.0.1",)

#: This computer's own servers: their word for who asked is taken.
DEFAULT_TRUST = (LOCAL_SENDER, "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class ProcessorSettings:
    """``trust``: senders whose tag ``from`` is believed. ``systems``: name to address."""

    listen: Sequence[str] = DEFAULT_LISTEN
    trust: Sequence[str] = DEFAULT_TRUST
    hosts: HostRule = EVERYBODY
    systems: Mapping[str, str] = field(default_factory=dict)


def read_processor_settings(table: Table, hosts: HostRule) -> ProcessorSettings:
    """From the table ``[processor]``; ``hosts`` from another. Raises ConfigError."""
    return ProcessorSettings(
        listen=table.texts("listen", list(DEFAULT_LISTEN)),
        trust=table.texts("trust", list(DEFAULT_TRUST)),
        hosts=hosts,
        systems=table.texts_by_name("systems"),
    )


def default_laboratory() -> Table:
    """The simulated laboratory that is served where no configuration says otherwise."""
    resource = files("pychron_comms.lab") / "default.toml"
    return Table.parse(resource.read_text("utf-8"), "default.toml")


def laboratory_from(
    configuration: Table | None, listen: Sequence[str] = ()
) -> tuple[ProcessorSettings, Table]:
    """The processor's settings and the table that describes its hardware. Raises ConfigError."""
    table = configuration or default_laboratory()
    section = table.table("processor")
    settings = read_processor_settings(section, read_hosts(table))
    if listen:
        settings = replace(settings, listen=listen)
    table.pass_over("server")
    if section.flag("simulated_lab", False):
        table.finish()
        table = default_laboratory()
        table.pass_over("processor")
    return settings, table
