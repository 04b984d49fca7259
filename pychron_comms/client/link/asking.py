"""One command of the Deferred communicator, from the asker to its reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from pychron_comms.client.link.timekeeper import Timekeeper
from pychron_comms.client.outcome import error_of, no_reply, not_sent


def _nothing(asking: Asking) -> None:
    """Nobody has taken the command yet."""


class Asking:
    """``result`` fires once: with the reply, an error, or for a told command when it has left.

    ``is_over`` when nothing more is awaited: answered, failed, given up after ``seconds`` or by
    cancelling ``result``. Whoever has taken the command is told of the last two by
    ``on_giving_up``. ``result`` is there until it is over: they would keep each other alive.
    ``key`` is empty until it is sent, where the asker gives none.
    """

    __slots__ = (
        "_server",
        "_timekeeper",
        "_told",
        "command",
        "end",
        "expired",
        "is_over",
        "key",
        "number",
        "on_giving_up",
        "result",
        "seconds",
        "sent_at",
    )

    def __init__(
        self,
        server: str,
        command: str,
        seconds: float,
        timekeeper: Timekeeper,
        *,
        told: bool = False,
        key: str = "",
    ) -> None:
        self.command = command
        self.key = key
        self.seconds = seconds
        self.end = timekeeper.now() + seconds
        self.number = 0
        self.sent_at: float | None = None
        self.expired = False
        self.is_over = False
        self.on_giving_up: Callable[[Asking], None] = _nothing
        self.result: Deferred[Any] = Deferred(self._cancelled)
        self._server = server
        self._told = told
        self._timekeeper = timekeeper
        timekeeper.add(self)

    def sent(self, now: float) -> None:
        """Some of it may have left: from here on the outcome may be unknown."""
        self.sent_at = now
        if self._told:
            self.result.callback(None)

    def answered(self, text: str) -> None:
        """The reply to what was not over before."""
        result = self._finish()
        if self._told:
            return
        error = error_of(self._server, self.command, text, self.key)
        if error is None:
            result.callback(text)
        else:
            result.errback(error)

    def failed(self, error: Exception, not_delivered: bool = False) -> None:
        """There will be no reply; ``not_delivered`` where the server cannot have the command."""
        if self.is_over:
            return
        result = self._finish()
        if result.called:
            return
        unsent = self.sent_at is None or not_delivered
        explain = not_sent if unsent else no_reply
        result.errback(explain(self._server, self.command, error, self.seconds, self.key))

    def expire(self) -> None:
        # Those who have it first: an asker may ask again at once.
        self.expired = True
        self.on_giving_up(self)
        self.failed(TimeoutError())

    def _finish(self) -> Deferred[Any]:
        self.is_over = True
        self._timekeeper.one_is_over()
        result = self.result
        del self.result
        return result

    def _cancelled(self, result: Deferred[Any]) -> None:
        self._finish()
        self.on_giving_up(self)
