"""How a laser's answers become the text of a reply, in the words that laser clients compare."""

from __future__ import annotations

import inspect
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import cast

from twisted.internet.defer import Deferred

from pychron_comms.errors import NoResponseError, ReplyTooLongError
from pychron_comms.handlers.replies import Reply, value
from pychron_comms.interfaces import Position, Snapshot

#: Two hex digits tell how long a path is.
_LONGEST_PATH = 0xFF


def position(result: object) -> str:
    """``x,y,z`` in mm with five decimals; 010 for None."""
    if result is None:
        raise NoResponseError
    return ",".join(f"{each:0.5f}" for each in cast(Position, result))


def base64(result: object) -> str:
    """Bytes as base64; 010 for None."""
    if result is None:
        raise NoResponseError
    return b64encode(cast(bytes, result)).decode()


def polygon(result: object) -> str:
    """Bytes as base64, and ``No Response`` for no more: clients fetch on until just that."""
    return "No Response" if result is None else base64(result)


def fault(result: object) -> str:
    """A text, or ``OK`` for None or an empty one: an experiment stops at anything else."""
    return str(result) if result else "OK"


def snapshot(result: object) -> str:
    """``XX<local path>YY<shared path><base64>``: lengths in hex, XX upper and YY lower case.

    213 for a path longer than two digits can tell.
    """
    if result is None:
        raise NoResponseError
    local, shared, image = cast(Snapshot, result)
    for path in (local, shared):
        if len(path) > _LONGEST_PATH:
            raise ReplyTooLongError(len(path), _LONGEST_PATH)
    return f"{len(local):02X}{local}{len(shared):02x}{shared}{base64(image)}"


def without(missing: str) -> Reply:
    """A value, and ``missing`` for None."""
    return lambda result: missing if result is None else value(result)


def unless_locked(motor: str) -> Reply:
    """``OK``, and what tells of a locked motor for False."""
    return lambda result: f"OK - {motor} disabled" if result is False else "OK"


def then(result: object, change: Callable[[object], object]) -> object:
    """``change`` of what a manager returned, later where that comes later."""
    if inspect.iscoroutine(result):
        return _after(result, change)
    if isinstance(result, Deferred):
        return result.addCallback(change)
    return change(result)


async def _after(result: Awaitable[object], change: Callable[[object], object]) -> object:
    return change(await result)
