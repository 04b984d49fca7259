"""A process that ends with the one that has started it, however that ended."""

from __future__ import annotations

import ctypes
import signal
import sys

# See prctl(2).
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Be told to end, by SIGTERM, when the one that started this one is gone: by ``kill -9`` too.

    A laboratory whose terminal was killed would go on with its lasers, and nobody would see it. On
    Linux alone; to be called in the process that was started.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
