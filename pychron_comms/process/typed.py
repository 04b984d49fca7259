"""What a person can type here to run a tool: a terminal may not know of this environment."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

# As a command stands in a text: its arguments follow.
_COMMAND = re.compile(
    r"(?<![\w./-])pychron-(?:alarms|ask|certs|history|instrument|journal|lab)(?= )"
)


def typed(name: str) -> str:
    """The tool's name where a terminal finds it, else the way to it from this folder."""
    file, here = Path(sys.executable).with_name(name), Path.cwd()
    if shutil.which(name) is not None or not file.exists():
        return name
    return shlex.quote(str(file.relative_to(here) if file.is_relative_to(here) else file))


def as_typed(text: str) -> str:
    """With each command in it as it can be typed."""
    return _COMMAND.sub(lambda found: typed(found[0]), text)
