"""Tells the state stream of each command that acted: who asked what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.interfaces import IReactorTime

from pychron_comms.interfaces import ICall
from pychron_comms.observability.state.stream import StateStream

#: Characters of a command and of its reply that are shown.
_SHOWN = 200

#: Seconds in which what ends is told together. To tell it takes a turn of the reactor here and in
#: the server, and the next command would wait behind both.
TOGETHER = 0.01


class CommandEvents:
    """Gathers what ends for ``TOGETHER`` seconds and tells it then, so that nobody waits for his
    reply longer because others look on."""

    def __init__(self, stream: StateStream, clock: IReactorTime) -> None:
        self._stream = stream
        self._clock = clock
        self._ended: list[Mapping[str, Any]] = []

    def goes_on(self, call: ICall) -> None:
        """Only its end is told."""

    def ended(self, call: ICall, request: Mapping[str, str], reply: str, seconds: float) -> None:
        if not self._ended:
            self._clock.callLater(TOGETHER, self._tell)
        self._ended.append(
            {
                "who": request["sender"],
                "type": request["type"],
                "command": request["command"][:_SHOWN],
                "reply": reply[:_SHOWN],
                "seconds": round(seconds, 6),
            }
        )

    def _tell(self) -> None:
        ended, self._ended = self._ended, []
        for each in ended:
            self._stream.happened("command", **each)
