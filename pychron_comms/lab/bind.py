"""How a part of a laboratory finds what it is bound to.

A laboratory without ``[instrument.NAME]`` imports nothing of instruments: they are a tenth of a
processor's start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pychron_comms.config.table import Table

if TYPE_CHECKING:
    from pychron_comms.instruments.bound_item import BoundItem

#: Finds what a key of a table is bound to, of one of these kinds. Raises ConfigError.
Bind: TypeAlias = "Callable[[Table, str, Sequence[str]], BoundItem]"


def nothing_to_bind(table: Table, key: str, kinds: Sequence[str]) -> BoundItem:
    """Of a laboratory without instruments."""
    name, _, _ = table.text(key).partition(".")
    raise table.mistake(key, f"no instrument {name!r}: none is described; add [instrument.NAME]")
