"""Commands that ask what became of another."""

from __future__ import annotations

from pychron_comms.errors import CommandError
from pychron_comms.wire.grammar import parse_command
from pychron_comms.wire.quoting import unquoted

#: The word that begins them.
OUTCOME = "Outcome"


def key_asked_for(data: str) -> str:
    """The key that a command asks about; empty for one that asks about none, or is none."""
    try:
        name, arguments = parse_command(data)
    except CommandError:
        return ""
    if name != OUTCOME:
        return ""
    key = unquoted(arguments.strip()) if isinstance(arguments, str) else arguments.get("key")
    return key if isinstance(key, str) else ""
