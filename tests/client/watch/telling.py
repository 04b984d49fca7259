"""A state stream, and its lines as a server writes them to who has subscribed."""

from __future__ import annotations

import json

from twisted.internet.task import Clock

from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Subscription
from pychron_comms.transport.event_lines import EventLines


class Teller:
    """One life of a server; ``said`` is what it has written since the last time."""

    def __init__(self, session: str = "s1") -> None:
        self.stream = StateStream(session, lambda: 100.0)
        self._lines: list[bytes] = []
        self._subscription: Subscription | None = None
        self._clock = Clock()
        self._audience = EventLines(self._clock).audience(self.stream, apart=0.0)

    def connect(self, request: bytes) -> bytes:
        """What a new connection is told that asks this."""
        self._lines.clear()
        words = request.decode().split()
        assert words[:2] == ["@id=1", "Subscribe"], words
        session, _, number = words[-1].removeprefix("from=").partition(":")
        patterns = [word for word in words[2:] if not word.startswith("from=")]
        if self._subscription is not None:
            self._subscription.end()
        told = Subscription(self._audience, patterns, self._lines.append, lambda why: None)
        told.begin(*((session, int(number)) if number else ()))
        self._subscription = told
        return self.said() + b"@id=1 OK\r\n"

    def said(self) -> bytes:
        self._clock.advance(0)
        data = b"".join(self._lines)
        self._lines.clear()
        return data


def event(topic: str, number: int, **fields: object) -> bytes:
    return f"@event={topic};seq={number} {json.dumps(fields)}\r\n".encode()
