"""A reply to come, for who needs no Deferred."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.interfaces import ReplyToCome


class PendingReply:
    """One text or one failure, for one listener, which is there before the text.

    A connection may end while a command is written to it, and so a failure may be there first.
    The text may be bytes, as ``numbered_reply`` gives them. As with a Deferred, what the listener
    raises goes to the log, and harms nobody else.
    """

    __slots__ = ("_error", "_on_failure", "_on_text")

    _log = Logger()
    _on_text: tuple[Callable[..., object], tuple[Any, ...]]
    _on_failure: tuple[Callable[..., object], tuple[Any, ...]]
    _error: Exception

    def addCallbacks(
        self,
        callback: Callable[..., object],
        errback: Callable[..., object],
        callbackArgs: tuple[Any, ...] = (),
        errbackArgs: tuple[Any, ...] = (),
    ) -> None:
        """As a Deferred's; to be called once."""
        self._on_text = callback, callbackArgs
        self._on_failure = errback, errbackArgs
        if hasattr(self, "_error"):
            self.errback(self._error)

    def callback(self, text: str | bytes) -> None:
        function, arguments = self._on_text
        try:
            function(text, *arguments)
        except Exception:
            self._log.failure("a bug met a reply")

    def errback(self, error: Exception) -> None:
        if not hasattr(self, "_on_failure"):
            self._error = error
            return
        function, arguments = self._on_failure
        try:
            function(Failure(error), *arguments)
        except Exception:
            self._log.failure("a bug met a reply's failure")


def as_deferred(reply: str | Deferred[str] | ReplyToCome) -> str | Deferred[str]:
    """The same, for who needs a Deferred of what is still to come."""
    return reply if isinstance(reply, str | Deferred) else deferred_of(reply)


def deferred_of(reply: ReplyToCome) -> Deferred[str]:
    """The same, for who needs a Deferred."""
    later: Deferred[str] = Deferred()

    def came(text: str | bytes) -> None:
        later.callback(text if isinstance(text, str) else text.decode())

    reply.addCallbacks(came, later.errback, (), ())
    return later
