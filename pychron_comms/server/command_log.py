"""On request: one line in the server's log for each command that may act, as its processor has."""

from __future__ import annotations

from typing import NamedTuple, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import error_line
from pychron_comms.wire.context import RequestContext

#: Characters of a command and of its reply that are shown.
_SHOWN = 200


class Asked(NamedTuple):
    """One request; ``is_tagged``: its client sees to its copies by itself."""

    request_type: str
    command: str
    sender: str
    context: RequestContext
    is_tagged: bool


class ServedCommandLog:
    """Says who asked what, what was replied, and in what time.

    A command is called by its key, else by the place that it had on its connection: the
    processor's log calls it the same.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def watch(self, response: Deferred[str], asked: Asked) -> None:
        """Tell of it when ``response`` is there."""
        request = {
            "sender": asked.sender,
            "name": (asked.context.key or asked.context.trace)[:_SHOWN],
            "type": asked.request_type,
            "command": asked.command[:_SHOWN],
        }
        response.addBoth(self._replied, request, self._clock.seconds())

    def _replied(
        self, outcome: str | Failure, request: dict[str, str], since: float
    ) -> str | Failure:
        if isinstance(outcome, str):
            reply = outcome
        else:
            reply = error_line(cast(Exception, outcome.value), request["command"])
        self._log.info(
            "{sender} {name} {type}|{command}: {reply} ({milliseconds:.1f} ms)",
            **request,
            reply=reply[:_SHOWN],
            milliseconds=1e3 * (self._clock.seconds() - since),
        )
        return outcome
