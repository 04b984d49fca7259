"""Servers that a person asks often, by name: ``pychron-ask -p lab2 Open A``.

They stand in ``profiles.toml`` in the person's configuration folder, or in the file that
PYCHRON_PROFILES names::

    [lab2]
    server = "tcp:lab2-pc:1061"
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.process.platform import HERE, home


def profiles_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the profiles of this person stand."""
    named = environ.get("PYCHRON_PROFILES")
    return Path(named or HERE.configuration_folder(environ, home()) + "/profiles.toml")


def read_profile(name: str, file: Path) -> dict[str, object]:
    """The options that a profile gives, by their names. Raises ConfigError."""
    if not file.exists():
        raise ConfigError(f"{file} is not there; in it, [{name}] with server = ... is this profile")
    top = Table.load(file)
    if name not in top:
        raise ConfigError(
            f"{file}: no profile {name}{did_you_mean(name, top)} (known: {', '.join(top)})"
        )
    table = top.table(name)
    options: dict[str, object] = {
        "server": table.text("server"),
        "type": table.text("type", ""),
        "timeout": table.number("timeout", 2.0, minimum=0.001),
        "plain": table.flag("plain", False),
    }
    table.finish()
    return options
