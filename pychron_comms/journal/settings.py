"""What the section ``[journal]`` of a configuration says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pychron_comms.config.private_files import read_secret
from pychron_comms.config.table import Table
from pychron_comms.journal.file_journal import (
    KEEP,
    REFUSED_KEEP,
    REFUSED_SIZE,
    SIZE,
    FileJournal,
)
from pychron_comms.journal.syncing import Turns


@dataclass(frozen=True, kw_only=True)
class JournalSettings:
    """``size`` in bytes; ``keep`` old files; ``secret``: the name of a file, or empty.

    ``refused_size`` and ``refused_keep`` are of the files of what was refused.
    """

    file: str
    size: int = SIZE
    keep: int = KEEP
    sync: bool = False
    secret: str = ""
    refused_size: int = REFUSED_SIZE
    refused_keep: int = REFUSED_KEEP


_KEYS = tuple(JournalSettings.__dataclass_fields__)


def read_journal(table: Table) -> JournalSettings | None:
    """From the table ``[journal]``; None where it is empty. Raises ConfigError."""
    settings = JournalSettings(
        file=table.text("file", ""),
        size=table.integer("size", JournalSettings.size, minimum=100_000),
        keep=table.integer("keep", JournalSettings.keep, minimum=1, maximum=1000),
        sync=table.flag("sync", JournalSettings.sync),
        secret=table.text("secret", JournalSettings.secret),
        refused_size=table.integer("refused_size", REFUSED_SIZE, minimum=100_000),
        refused_keep=table.integer("refused_keep", REFUSED_KEEP, minimum=1, maximum=1000),
    )
    if settings.file:
        _check_files(table, settings)
        return settings
    if any(key in table for key in _KEYS):
        raise table.error("file", "the name of a file")
    return None


def _check_files(table: Table, settings: JournalSettings) -> None:
    folder = Path(settings.file).absolute().parent
    if not folder.is_dir():
        raise table.error("file", f"a file in a folder that is there (mkdir -p {folder})")
    if not os.access(folder, os.W_OK):
        raise table.error("file", f"a file in a folder that this account may write, not {folder}")
    if settings.secret:
        try:
            read_secret(settings.secret)
        except ValueError as error:
            raise table.error("secret", f"a file with a secret ({error})") from None


def open_journal(
    settings: JournalSettings, turns: Turns | None = None, now: Callable[[], float] = time.time
) -> FileJournal:
    """The journal, ready to write; ``turns`` as ``FileJournal`` has them.

    ValueError, one line, as ``FileJournal`` and ``read_secret``.
    """
    return FileJournal(
        settings.file,
        size=settings.size,
        keep=settings.keep,
        sync=settings.sync,
        secret=read_secret(settings.secret) if settings.secret else b"",
        refused_size=settings.refused_size,
        refused_keep=settings.refused_keep,
        now=now,
        turns=turns,
    )
