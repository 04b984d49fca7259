"""AMQP's frames of messages, written and read at a third of what that costs with pika.

What comes out is what pika makes of the same, byte for byte and object for object. What is rare is
left to pika: other methods, and properties and headers that no message of ours has.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from struct import Struct, pack
from typing import Any

from pika import BasicProperties, frame, spec

#: Type, channel and size: what each frame begins with; and what follows its payload.
_HEAD = Struct(">BHI")
_END = bytes((spec.FRAME_END,))

#: Of a message: class and weight, size of its body, and which properties it has.
_CONTENT = Struct(">HHQH")

_DELIVER = pack(">I", spec.Basic.Deliver.INDEX)
_ACK = pack(">I", spec.Basic.Ack.INDEX)

#: The properties of our messages, in the order in which they are on the wire.
_NAMES = (
    "content_type",
    "headers",
    "delivery_mode",
    "correlation_id",
    "reply_to",
    "expiration",
    "message_id",
    "type",
)
_FLAGS = {name: getattr(BasicProperties, f"FLAG_{name.upper()}") for name in _NAMES}
_OURS = sum(_FLAGS.values())
_FOREIGN = ("content_encoding", "priority", "timestamp", "user_id", "app_id", "cluster_id")


class _RareError(ValueError):
    """Something that is left to pika."""


# -- written


def publication(
    channel: int, method: spec.Basic.Publish, properties: BasicProperties, body: bytes, most: int
) -> bytes:
    """All frames of a message; ``most``: bytes of its body that one of them may have."""
    begin = _published(channel, method.exchange, method.routing_key, bool(method.mandatory))
    try:
        header = _frame(spec.FRAME_HEADER, channel, _content(properties, len(body)))
    except _RareError:
        header = frame.Header(channel, len(body), properties).marshal()
    bodies = [
        _frame(spec.FRAME_BODY, channel, body[at : at + most]) for at in range(0, len(body), most)
    ]
    return b"".join((begin, header, *bodies))


@lru_cache(512)
def _published(channel: int, exchange: str, topic: str, mandatory: bool) -> bytes:
    method = spec.Basic.Publish(exchange=exchange, routing_key=topic, mandatory=mandatory)
    begin: bytes = frame.Method(channel, method).marshal()
    return begin


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return b"".join((_HEAD.pack(kind, channel, len(payload)), payload, _END))


def _content(properties: BasicProperties, size: int) -> bytes:
    if any(getattr(properties, name) is not None for name in _FOREIGN):
        raise _RareError
    flags, parts = 0, [b""]
    for name, flag in _FLAGS.items():
        value = getattr(properties, name)
        if value is None:
            continue
        flags |= flag
        if name == "headers":
            parts.append(_table(value))
        elif name == "delivery_mode":
            parts.append(pack("B", value))
        else:
            parts.append(_short(value))
    parts[0] = _CONTENT.pack(BasicProperties.INDEX, 0, size, flags)
    return b"".join(parts)


def _short(text: object) -> bytes:
    encoded = text.encode() if isinstance(text, str) else b""
    if not encoded or len(encoded) > 255:
        raise _RareError
    return bytes((len(encoded),)) + encoded


def _table(headers: Mapping[str, object]) -> bytes:
    parts = [b""]
    for name, value in headers.items():
        if not isinstance(value, str):
            raise _RareError
        encoded = value.encode()
        parts += (_short(name), b"S", pack(">I", len(encoded)), encoded)
    parts[0] = pack(">I", sum(map(len, parts)))
    return b"".join(parts)


# -- read


def read(data: bytes) -> tuple[int, Any]:
    """The first frame of it, and how many bytes that has; 0 and None where it has not all come.

    Raises pika's AMQPError for what is none.
    """
    if len(data) < _HEAD.size:
        return _by_pika(data)
    kind, channel, size = _HEAD.unpack_from(data)
    end = _HEAD.size + size
    if end >= len(data) or data[end] != spec.FRAME_END:
        return _by_pika(data)
    payload = data[_HEAD.size : end]
    if kind == spec.FRAME_BODY:
        return end + 1, frame.Body(channel, payload)
    try:
        if kind == spec.FRAME_HEADER:
            return end + 1, _header(channel, payload)
        if kind == spec.FRAME_METHOD:
            return end + 1, frame.Method(channel, _method(payload))
    except (_RareError, ValueError, IndexError):
        pass
    return _by_pika(data)


def _by_pika(data: bytes) -> tuple[int, Any]:
    taken, found = frame.decode_frame(data)
    return taken, found


def _method(payload: bytes) -> spec.Basic.Deliver | spec.Basic.Ack:
    index = payload[:4]
    if index == _ACK:
        tag, multiple = int.from_bytes(payload[4:12], "big"), payload[12]
        return spec.Basic.Ack(tag, bool(multiple & 1))
    if index != _DELIVER:
        raise _RareError
    consumer, at = _text(payload, 4)
    tag, redelivered = int.from_bytes(payload[at : at + 8], "big"), payload[at + 8]
    exchange, at = _text(payload, at + 9)
    topic, _ = _text(payload, at)
    return spec.Basic.Deliver(consumer, tag, bool(redelivered & 1), exchange, topic)


def _header(channel: int, payload: bytes) -> frame.Header:
    number, _, size, flags = _CONTENT.unpack_from(payload)
    if number != BasicProperties.INDEX or flags & ~_OURS:
        raise _RareError
    properties, at = BasicProperties(), _CONTENT.size
    for name, flag in _FLAGS.items():
        if not flags & flag:
            continue
        value: object
        if name == "headers":
            value, at = _headers(payload, at)
        elif name == "delivery_mode":
            value, at = payload[at], at + 1
        else:
            value, at = _text(payload, at)
        setattr(properties, name, value)
    return frame.Header(channel, size, properties)


def _headers(payload: bytes, at: int) -> tuple[dict[str, object], int]:
    headers: dict[str, object] = {}
    at += 4
    end = at + int.from_bytes(payload[at - 4 : at], "big")
    while at < end:
        name, at = _text(payload, at)
        kind, at = payload[at], at + 1
        if kind == ord("S"):
            size = int.from_bytes(payload[at : at + 4], "big")
            headers[name] = str(payload[at + 4 : at + 4 + size], "utf-8")
            at += 4 + size
        elif kind == ord("l"):
            headers[name] = int.from_bytes(payload[at : at + 8], "big", signed=True)
            at += 8
        else:
            raise _RareError
    return headers, at


def _text(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    return str(payload[at + 1 : end], "utf-8"), end
