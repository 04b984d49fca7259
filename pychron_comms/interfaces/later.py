"""An answer that may come later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred

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


class Replies(Protocol):
    """Hears what becomes of commands that were asked together: of each once, now or later.

    ``at`` is the place of one among them. What is wrong in hearing it goes to the log.
    """

    def replied(self, at: int, texts: Sequence[str | bytes]) -> None:
        """The replies to the one there and to those behind it.

        A text may be bytes, as ``numbered_replies`` gives it.
        """

    def failed(self, at: int, error: Exception) -> None:
        """The one there met an error."""

    def later(self, at: int, reply: Deferred[str] | ReplyToCome) -> None:
        """What becomes of the one there is for this to tell."""
