"""What the section ``[history]`` of a configuration says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pychron_comms.config.table import Table
from pychron_comms.observability.state.patterns import matcher


@dataclass(frozen=True, kw_only=True)
class HistorySettings:
    """``every``: seconds between two points of an item; ``days`` for which they are kept."""

    file: str
    items: Sequence[str] = ("*",)
    every: float = 10.0
    days: float = 90.0


_KEYS = tuple(HistorySettings.__dataclass_fields__)


def read_history(top: Table) -> HistorySettings | None:
    """From the whole of a configuration; None for nothing to record. Raises ConfigError."""
    table = top.table("history")
    settings = HistorySettings(
        file=table.text("file", ""),
        items=_read_items(table),
        every=table.number("every", HistorySettings.every, minimum=1.0, maximum=3600.0),
        days=table.number("days", HistorySettings.days, minimum=0.01, maximum=36500.0),
    )
    table.finish()
    if not settings.file:
        if any(key in table for key in _KEYS):
            raise table.error("file", "the name of a file")
        return None
    folder = Path(settings.file).absolute().parent
    if not folder.is_dir():
        raise table.error("file", f"a file in a folder that is there (mkdir -p {folder})")
    if not os.access(folder, os.W_OK):
        raise table.error("file", f"a file in a folder that this account may write, not {folder}")
    return settings


def _read_items(table: Table) -> Sequence[str]:
    patterns = table.texts("items", list(HistorySettings.items))
    try:
        matcher(patterns)
    except ValueError as error:
        raise table.error("items", f"patterns of items, not {error}") from None
    return patterns
