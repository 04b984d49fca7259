"""A state stream, and its lines as a server writes them to who has subscribed."""

from __future__ import annotations

import json

from twisted.internet.task import Clock

from pychron_comms.observability.state.stream import StateStream
from pychron_comms.transport.event_lines import EventLines


class Teller:
    """One life of a server; ``said`` is what it has written since the last time."""

    def __init__(self, session: str = "s1") -> None:
        self.stream = StateStream(session, lambda: 100.0)
        self._lines: list[bytes] = []

    def connect(self, request: bytes) -> bytes:
        """What a new connection is told that asks this."""
        self._lines.clear()
        words = request.decode().split()
        assert words[:2] == ["@id=1", "Subscribe"], words
        session, _, number = words[-1].removeprefix("from=").partition(":")
        patterns = [word for word in words[2:] if not word.startswith("from=")]
        lines = EventLines(self._lines.append, lambda why: None, Clock())
        lines.follow(self.stream, patterns, *((session, int(number)) if number else ()))
        return self.said() + b"@id=1 OK\r\n"

    def said(self) -> bytes:
        data = b"".join(self._lines)
        self._lines.clear()
        return data


def event(topic: str, number: int, **fields: object) -> bytes:
    return f"@event={topic};seq={number} {json.dumps(fields)}\r\n".encode()
