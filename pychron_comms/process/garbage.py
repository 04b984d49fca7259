"""When Python looks for garbage in circles, which costs more the more there is in memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Looks at what is new, some thousand objects each, between two looks at all that there is.
LOOKS_BETWEEN = 100


@contextmanager
def collecting_no_garbage() -> Iterator[None]:
    """Look for none meanwhile: for work that makes a great many objects which all come to stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def look_for_none_before_the_reactor_runs() -> None:
    """For a process that is to be a service, which then calls ``overlook_what_stays``.

    What a start makes comes to stay: to look through it again and again takes a tenth of its time.
    """
    gc.disable()


def overlook_what_stays(reactor: Any) -> None:
    """Once the reactor runs, look for garbage, and never through what was there before.

    Those are the modules and services, some hundred thousand objects: each full look through them
    would hold up the reactor's loop for 60 ms and more, the first one the first reply. Two thousand
    of them are garbage, and stay. What a flood leaves in memory may be as
    many, so that a full look comes seldom. It finds next to nothing: neither commands nor
    connections leave circles behind.
    """
    reactor.callWhenRunning(_overlook)


def _overlook() -> None:
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], LOOKS_BETWEEN)
    gc.enable()
