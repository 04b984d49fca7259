"""How many files and connections a process may have open, which a shell allows few of."""

from __future__ import annotations

import sys
from contextlib import suppress

from twisted.logger import Logger

#: As many as the units of systemd give: all listeners together take no more, unless told to.
WANTED = 16_384

#: Where a system says that there is no limit and has one all the same, as macOS does.
_MOST_OF_ALL = 10_240

_log = Logger()


def allow_many_open_files(wanted: int = WANTED) -> None:
    """Up to ``wanted``, or as many as the system lets this account have.

    A terminal's 1,024 (256 on macOS) are taken by what one computer may connect to all listeners:
    nobody else could connect then. Fewer than that in the end is logged.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    least = min(wanted, _MOST_OF_ALL)
    for most in (wanted, least):
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if soft >= allowed:
            break
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    if soft < least:
        _log.warn(
            "only {soft} files and connections may be open: who has that many connections keeps "
            "all others out; allow more (ulimit -Hn {wanted}, LimitNOFILE={wanted})",
            soft=soft,
            wanted=wanted,
        )
