"""A reply to come, for who needs no Deferred."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure


class PendingReply:
    """One text or one failure, for one listener, which is there before either.

    The text may be bytes, as ``numbered_reply`` gives them. As with a Deferred, what the listener
    raises goes to the log, and harms nobody else.
    """

    __slots__ = ("_on_failure", "_on_text")

    _log = Logger()
    _on_text: tuple[Callable[..., object], tuple[Any, ...]]
    _on_failure: tuple[Callable[..., object], tuple[Any, ...]]

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

    def callback(self, text: str | bytes) -> None:
        self._tell(self._on_text, text)

    def errback(self, error: Exception) -> None:
        self._tell(self._on_failure, Failure(error))

    def _tell(
        self, listener: tuple[Callable[..., object], tuple[Any, ...]], what: str | bytes | Failure
    ) -> None:
        function, arguments = listener
        try:
            function(what, *arguments)
        except Exception:
            self._log.failure("a bug met a reply")
