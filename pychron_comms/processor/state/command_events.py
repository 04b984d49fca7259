"""Tells the state stream of each command that acted: who asked what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pychron_comms.interfaces import ICall
from pychron_comms.observability.state.stream import Event, StateStream

#: Characters of a command and of its reply that are shown.
_SHOWN = 200

#: Seconds in which what ends is told together, unless so many have ended before: to tell them takes
#: a turn of the reactor here and in the server, and the next command waits behind both.
TOGETHER = 0.01
AT_ONCE = 8


class CommandEvents:
    """Gathers what ends for ``TOGETHER`` seconds, or until ``AT_ONCE`` have, and tells it in the
    next turn, so that nobody waits for his reply much longer because others look on."""

    def __init__(self, stream: StateStream, clock: IReactorTime) -> None:
        self._stream = stream
        self._clock = clock
        # The request, the reply and the seconds of each.
        self._ended: list[tuple[Mapping[str, str], str, float]] = []
        self._timer: IDelayedCall | None = None

    def goes_on(self, call: ICall) -> None:
        """Only its end is told."""

    def ended(self, call: ICall, request: Mapping[str, str], reply: str, seconds: float) -> None:
        self._ended.append((request, reply[:_SHOWN], seconds))
        if self._timer is None:
            self._timer = self._clock.callLater(TOGETHER, self._tell)
        elif len(self._ended) == AT_ONCE:
            self._timer.reset(0)

    def _tell(self) -> None:
        ended, self._ended, self._timer = self._ended, [], None
        self._stream.happened_together([Event("command", _members(*each)) for each in ended])


def _members(request: Mapping[str, str], reply: str, seconds: float) -> str:
    """What is told of it, as JSON."""
    asked = _asked(request["sender"], request["type"], request["command"][:_SHOWN])
    return f'{asked},"reply":{_quoted(reply)},"seconds":{seconds:.6f}'


# Who asks for what is the same again and again.
@lru_cache(256)
def _asked(sender: str, request_type: str, command: str) -> str:
    return f'"who":{_quoted(sender)},"type":{_quoted(request_type)},"command":{_quoted(command)}'
