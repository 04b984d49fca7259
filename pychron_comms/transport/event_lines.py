"""The state stream on connections of the line protocol, beside their replies."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from pychron_comms.observability.state.audience import Audience
from pychron_comms.observability.state.messages import Message
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.wire.grammar import event_line

#: Seconds between beats: with two of them missed, a reader knows that something is lost.
BEAT = 1.0


class EventLines:
    """Who follows a stream over any connection of a process, as lines ``@event=TOPIC;seq=N JSON``.

    A process has one stream, or none.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._audience: Audience | None = None

    def audience(self, stream: StateStream, apart: float) -> Audience:
        """Its rounds are ``apart`` seconds from each other."""
        if self._audience is None:
            self._audience = Audience(stream, _line, self._clock, beat=BEAT, apart=apart)
        return self._audience


def _line(message: Message) -> bytes:
    return event_line(message.topic, message.number, message.text)
