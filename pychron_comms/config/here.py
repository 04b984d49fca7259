"""What tools take where nothing is said: the laboratory in this folder, or the built-in one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pychron_comms.config.table import Table

#: The file of a laboratory in its folder.
LABORATORY = "lab.toml"

#: What a listener may speak: our lines, or Qtegra's.
LINES, QTEGRA = "lines", "qtegra"

#: What the folders are called, among temporary ones, in which built-in laboratories run; and the
#: journal there.
FOLDER = "pychron-"
JOURNAL = "built-in.journal"


def name_of(file: Path) -> str:
    """What a laboratory is told from others by: its file, whichever way leads to its folder."""
    return str(file.parent.resolve() / file.name)


def file_here(section: str) -> str | None:
    """What ``file`` is in that section of the laboratory in this folder, empty for none; None where
    there is no laboratory here. Errors: ConfigError."""
    laboratory = Path(LABORATORY)
    if not laboratory.is_file():
        return None
    return Table.load(laboratory).table(section).text("file", "")


def built_in_journal(folder: Path | None = None) -> Path | None:
    """That of the built-in laboratory which this person started last, as long as it runs.

    ``folder`` is where temporary ones are, unless it is the system's own.
    """
    found = (folder or Path(tempfile.gettempdir())).glob(f"{FOLDER}*/{JOURNAL}")
    own = [each for each in found if _is_own(each)]
    return max(own, key=lambda each: each.stat().st_mtime, default=None)


def lasting_name(endpoint: str, folder: Path | None = None) -> str:
    """What is said at the next start too of a way to connect: its own file, for a socket in the
    folder that ``pychron-lab run`` makes for one run; any other as it is."""
    file = Path(endpoint.removeprefix("unix:"))
    temporary = folder or Path(tempfile.gettempdir())
    if file.parent.parent == temporary and file.parent.name.startswith(FOLDER):
        return f"unix:{file.name}"
    return endpoint


def _is_own(file: Path) -> bool:
    return not hasattr(os, "getuid") or file.stat().st_uid == os.getuid()
