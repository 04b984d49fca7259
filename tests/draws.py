"""How much is drawn at random: all that a test says, or the share ``PYCHRON_DRAWN`` of it.

``make test`` draws a fifth, and CI all: what is drawn are the same examples each time, so that a
second run finds nothing new, and more of them is a matter of time. Above 1 it plays more.
"""

from __future__ import annotations

import os

_SHARE = float(os.environ.get("PYCHRON_DRAWN", "1"))


def drawn(number: int, least: int = 1) -> int:
    """How many to draw where all are that many, and fewer than ``least`` do not show enough."""
    return max(least, round(number * _SHARE))
