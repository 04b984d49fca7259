"""What is said by way of the broker, and what of it can be believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from pika import BasicProperties

#: Bytes of a request; the hop's own line has as many.
REQUEST_LIMIT = 131_072

#: Kinds of messages, which they bear as their ``type``.
REQUEST, WORD, REPLY, STATE, OWNER, BEAT, PROBE, CLAIM, TAKEN, RECORD = (
    "pychron.request",
    "pychron.word",
    "pychron.reply",
    "pychron.state",
    "pychron.owner",
    "pychron.beat",
    "pychron.probe",
    "pychron.claim",
    "pychron.taken",
    "pychron.record",
)


class ForeignMessageError(ValueError):
    """A message that is none of ours, or is broken."""


class Message(NamedTuple):
    """One message. ``name``: of all that there are; ``number``: what a reply is matched by.

    ``expires``: milliseconds after which the broker drops it, None for never. ``topic``: by which
    it came.
    """

    kind: str
    body: bytes
    name: str = ""
    number: str = ""
    reply_to: str = ""
    expires: int | None = None
    headers: Mapping[str, Any] = {}
    topic: str = ""


class Delivery(NamedTuple):
    """A message from a queue. ``tag`` is by what it is acknowledged."""

    message: Message
    redelivered: bool
    tag: int


class Stamp(NamedTuple):
    """What a server puts on a request: for which ownership it is, and its times.

    ``sent`` and ``until``: seconds of the owner's own clock, as the server reckons it.
    """

    epoch: str
    sent: float
    until: float


def to_pika(message: Message) -> BasicProperties:
    return BasicProperties(
        content_type="text/plain",
        type=message.kind,
        message_id=message.name or None,
        correlation_id=message.number or None,
        reply_to=message.reply_to or None,
        expiration=None if message.expires is None else str(max(message.expires, 0)),
        headers=dict(message.headers) or None,
        # What is in a quorum queue is on the disk in any case.
        delivery_mode=1,
    )


def from_pika(properties: Any, body: bytes, topic: str) -> Message:
    """Whatever somebody has put into the properties."""
    headers = properties.headers
    return Message(
        kind=_text(properties.type),
        body=body,
        name=_text(properties.message_id),
        number=_text(properties.correlation_id),
        reply_to=_text(properties.reply_to),
        headers=headers if isinstance(headers, dict) else {},
        topic=topic,
    )


def stamped(stamp: Stamp) -> dict[str, str]:
    """The headers that say it."""
    return {"epoch": stamp.epoch, "sent": repr(stamp.sent), "until": repr(stamp.until)}


def stamp_of(message: Message) -> Stamp:
    """What a request bears. Raises ForeignMessageError."""
    headers = message.headers
    epoch = headers.get("epoch")
    if not isinstance(epoch, str):
        raise ForeignMessageError("it names no epoch")
    return Stamp(epoch, _seconds(headers, "sent"), _seconds(headers, "until"))


def line_of(message: Message) -> bytes:
    """The line of the hop that a request is. Raises ForeignMessageError."""
    if not message.reply_to or not message.number:
        raise ForeignMessageError("it says not where its reply goes")
    if len(message.body) > REQUEST_LIMIT:
        raise ForeignMessageError(f"it has {len(message.body)} bytes, at most {REQUEST_LIMIT}")
    return message.body


def _seconds(headers: Mapping[str, Any], name: str) -> float:
    try:
        seconds = float(headers[name])
    except (KeyError, TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ForeignMessageError(f"its header {name} is no number of seconds")
    return seconds


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 255 else ""
