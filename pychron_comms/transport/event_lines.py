"""The state stream on connections of the line protocol, beside their replies."""

from __future__ import annotations

import re

from twisted.internet.interfaces import IReactorTime

from pychron_comms.observability.state.audience import Audience
from pychron_comms.observability.state.messages import USUAL_EVENT
from pychron_comms.observability.state.stream import Event, StateStream
from pychron_comms.wire.grammar import EVENT_MARK, LINE_END, PAYLOAD_MARK, event_line

#: Seconds between beats: with two of them missed, a reader knows that something is lost.
BEAT = 1.0

#: As ``event_line`` writes the usual ones.
_EVENT = re.compile(rf"^@event=event;seq=\d+ {USUAL_EVENT}\r\n", re.ASCII | re.MULTILINE)


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
            self._audience = Audience(stream, event_line, self._clock, beat=BEAT, apart=apart)
        return self._audience


def events_apart(data: bytes) -> tuple[list[Event], bytes]:
    """The events of a chunk that begins and ends with a line, and the replies among them.

    None are taken out of one in which something else is, such as a change, or an event that is
    written otherwise: then each line has its turn.
    """
    if PAYLOAD_MARK in data or not data.endswith(LINE_END):
        return [], data
    try:
        # What is before the first, its path and its members, what is behind it, and so on.
        parts = _EVENT.split(data.decode())
    except UnicodeDecodeError:
        return [], data
    replies = "".join(parts[::3])
    if EVENT_MARK in replies:
        return [], data
    return list(map(Event, parts[1::3], parts[2::3])), replies.encode()
