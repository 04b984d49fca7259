"""What to do about an optional package that is not there."""

from __future__ import annotations

import shlex
import sys


def install_command(*packages: str) -> str:
    """The line to type that puts packages beside this one, whatever way it was installed.

    It names the packages themselves: to install this one again, for its extras, would take the
    place of an installation that is worked on.
    """
    python = shlex.quote(sys.executable or "python3")
    return " ".join([python, "-m", "pip", "install", *map(shlex.quote, packages)])
