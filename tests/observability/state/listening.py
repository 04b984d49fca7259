"""Somebody who reads a stream, and what he was told."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock

from pychron_comms.observability.state.audience import Audience
from pychron_comms.observability.state.messages import Message
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Subscription

BEAT = 1.0


def audience_of(
    stream: StateStream, clock: Clock, apart: float = 0.0, beat: float = BEAT
) -> Audience:
    return Audience(stream, form, clock, beat=beat, apart=apart)


def form(topic: str, number: int, text: str) -> bytes:
    return json.dumps((topic, number, text)).encode() + b"\n"


class Listener:
    """``writes`` are the portions that it got, ``cut`` why it was cut off."""

    def __init__(self, audience: Audience, *patterns: str) -> None:
        self.writes: list[bytes] = []
        self.cut: list[str] = []
        self.subscription = Subscription(
            audience, patterns or ("*",), self.writes.append, self.cut.append
        )

    def said(self) -> list[Message]:
        """What it was told since the last time."""
        lines = b"".join(self.writes).splitlines()
        self.writes.clear()
        return [Message(*json.loads(line)) for line in lines]

    def topics(self) -> list[str]:
        return [message.topic for message in self.said()]


def fields(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.text)
    return found
