"""What a terminal shows and a pipe does not, and a pipe that is read no more."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO


def shows_colours(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a person looks at it who wants colours: https://no-color.org says how one does not.

    A terminal that is called dumb, or nothing (as on Windows), shows none.
    """
    return (
        stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM", "") not in _WITHOUT
    )


_WITHOUT = {"", "dumb"}


def write_no_more() -> None:
    """Who read the standard output has had enough: what is flushed at exit must not fail either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
