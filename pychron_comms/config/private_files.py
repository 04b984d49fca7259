"""Files that hold secrets: read only where nobody else can."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_private(path: str | Path) -> None:
    """ValueError for a file that group or others may read or write, or that is not there.

    Systems without POSIX modes (Windows) have no such check.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    if os.name == "posix" and mode & _OTHERS:
        raise ValueError(
            f"{path}: others can read it (mode {stat.S_IMODE(mode):04o}); chmod 600 keeps it secret"
        )


def read_secret(path: str | Path) -> bytes:
    """What the file holds, without blanks around it; ValueError as above, and for an empty one."""
    check_private(path)
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    if not secret:
        raise ValueError(f"{path}: it is empty")
    return secret
