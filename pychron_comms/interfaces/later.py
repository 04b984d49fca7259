"""An answer that may come later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

#: An answer, or something to wait for it by: a Deferred, or the coroutine of an ``async`` method.
Later: TypeAlias = T | Awaitable[T]


class ReplyToCome(Protocol):
    """The text of a reply, later: a Deferred, or what can do less than one."""

    def addCallbacks(
        self,
        callback: Callable[..., object],
        errback: Callable[..., object],
        callbackArgs: tuple[Any, ...],
        errbackArgs: tuple[Any, ...],
    ) -> object:
        """Hear the text, or the failure. To be called once, before the reactor turns."""
