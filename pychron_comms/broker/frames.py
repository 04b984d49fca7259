"""The frames that each command needs, read and written quickly: pika's own ways are general, and
take longer than a processor does for a read. What is unlike most messages of ours is left to pika.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any, NamedTuple

from pika import BasicProperties, spec
from pika.frame import Header, Method

from pychron_comms.broker.message import Delivery, Message

#: How a frame begins: its kind, its channel and its size; one byte ends it.
_HEAD = struct.Struct(">BHI")
_END = bytes([spec.FRAME_END])

#: How a method's frame begins: as any, and then which method it is.
_METHOD = struct.Struct(">BHII")
#: Of a delivery, behind its consumer's name: its tag, and whether it comes again.
_TAG = struct.Struct(">QB")
#: A whole confirmation.
_CONFIRMATION = struct.Struct(">BHIIQBc")
#: Of a message's header: its class, nothing, the size of its body, and what properties it has.
_HEADER = struct.Struct(">HHQH")
#: Of a long text in a table.
_LONG = struct.Struct(">cI")
_SIZE = struct.Struct(">I")

#: The properties that messages of ours have, as they follow each other.
_CONTENT_TYPE = BasicProperties.FLAG_CONTENT_TYPE
_HEADERS = BasicProperties.FLAG_HEADERS
_MODE = BasicProperties.FLAG_DELIVERY_MODE
#: Those that are texts, by what pika and by what we call them.
_TEXTS = (
    (BasicProperties.FLAG_CORRELATION_ID, "correlation_id", "number"),
    (BasicProperties.FLAG_REPLY_TO, "reply_to", "reply_to"),
    (BasicProperties.FLAG_EXPIRATION, "expiration", ""),
    (BasicProperties.FLAG_MESSAGE_ID, "message_id", "name"),
    (BasicProperties.FLAG_TYPE, "type", "kind"),
)
_OURS = _CONTENT_TYPE | _HEADERS | _MODE | sum(flag for flag, _, _ in _TEXTS)


class Delivered(NamedTuple):
    """A message for a consumer. ``end``: of the bytes that it is in."""

    end: int
    channel: int
    consumer: str
    delivery: Delivery


class Confirmed(NamedTuple):
    """That the broker has a message."""

    end: int
    channel: int
    frame: Method


def first_of(data: bytes) -> Delivered | Confirmed | None:
    """What that begins with; None for anything else, and where not all of it has come."""
    try:
        _, _, _, method = _METHOD.unpack_from(data)
        if method == spec.Basic.Deliver.INDEX:
            return _delivered(data)
        return _confirmed(data) if method == spec.Basic.Ack.INDEX else None
    except (IndexError, ValueError, struct.error):
        return None


def bare_header_of(data: bytes) -> tuple[int, Header] | None:
    """The header of a message that begins with it, as if it had no properties, and where it ends;
    None where there is none. All of it has come."""
    kind, channel, size = _HEAD.unpack_from(data)
    if kind != spec.FRAME_HEADER:
        return None
    _, _, length, _ = _HEADER.unpack_from(data, _HEAD.size)
    return _HEAD.size + size + len(_END), Header(channel, length, BasicProperties())


def message_frames(
    channel: int, method: Any, properties: BasicProperties, body: bytes
) -> bytes | None:
    """A message that is published, with a body of one frame at most; None for one that is not so
    simple."""
    try:
        header = _written_header(properties, len(body))
    except ValueError:
        return None
    first = _publish_frame(channel, method.exchange, method.routing_key, bool(method.mandatory))
    frames = [first, _HEAD.pack(spec.FRAME_HEADER, channel, len(header)), header, _END]
    if body:
        frames += _HEAD.pack(spec.FRAME_BODY, channel, len(body)), body, _END
    return b"".join(frames)


# -- reading: IndexError, ValueError or struct.error for what is not whole, or unlike ours


def _confirmed(data: bytes) -> Confirmed:
    kind, channel, _, _, tag, bits, ended = _CONFIRMATION.unpack_from(data)
    _check(kind == spec.FRAME_METHOD and ended == _END)
    frame = Method(channel, spec.Basic.Ack(tag, bool(bits & 1)))
    return Confirmed(_CONFIRMATION.size, channel, frame)


def _delivered(data: bytes) -> Delivered:
    channel, method, at = _frame(data, 0, spec.FRAME_METHOD)
    of, header, at = _frame(data, at, spec.FRAME_HEADER)
    _, _, length, flags = _HEADER.unpack_from(header)
    body = b""
    if length:
        third, body, at = _frame(data, at, spec.FRAME_BODY)
        _check(third == channel and len(body) == length)
    _check(of == channel and not flags & ~_OURS)

    behind = 5 + method[4]
    tag, is_again = _TAG.unpack_from(method, behind)
    topic = _topic(method[behind + _TAG.size :])
    message = _message(header, flags, body, topic)
    return Delivered(at, channel, _known(method[5:behind]), Delivery(message, bool(is_again), tag))


def _frame(data: bytes, at: int, wanted: int) -> tuple[int, bytes, int]:
    """Its channel, what it bears, and where the next begins."""
    kind, channel, size = _HEAD.unpack_from(data, at)
    start = at + _HEAD.size
    end = start + size
    _check(kind == wanted and data[end : end + 1] == _END)
    return channel, data[start:end], end + 1


def _message(header: bytes, flags: int, body: bytes, topic: str) -> Message:
    at = _HEADER.size
    if flags & _CONTENT_TYPE:
        at += 1 + header[at]
    headers: dict[str, str] = {}
    if flags & _HEADERS:
        at = _read_table(header, at, headers)
    if flags & _MODE:
        at += 1
    texts: dict[str, Any] = {"kind": ""}
    for flag, _, name in _TEXTS:
        if flags & flag:
            start, at = at + 1, at + 1 + header[at]
            text = header[start:at].decode()
            if name:
                texts[name] = text
    _check(at == len(header))
    return Message(body=body, headers=headers, topic=topic, **texts)


def _read_table(data: bytes, at: int, table: dict[str, str]) -> int:
    """Of long texts. Where it ends."""
    (size,) = _SIZE.unpack_from(data, at)
    at += _SIZE.size
    end: int = at + size
    while at < end:
        start, at = at + 1, at + 1 + data[at]
        name = _known(data[start:at])
        kind, length = _LONG.unpack_from(data, at)
        _check(kind == b"S")
        at += _LONG.size
        table[name] = data[at : at + length].decode()
        at += length
    _check(at == end)
    return end


@lru_cache(256)
def _topic(data: bytes) -> str:
    """The second of two texts: before it stands by which exchange."""
    at = 1 + data[0]
    _check(at + 1 + data[at] == len(data))
    return data[at + 1 :].decode()


@lru_cache(256)
def _known(data: bytes) -> str:
    """A text of which there are few."""
    return data.decode()


def _check(is_so: bool) -> None:
    if not is_so:
        raise ValueError("it is unlike ours")


# -- writing; ValueError for what is unlike ours


@lru_cache(256)
def _publish_frame(channel: int, exchange: str, topic: str, is_mandatory: bool) -> bytes:
    method = spec.Basic.Publish(exchange=exchange, routing_key=topic, mandatory=is_mandatory)
    written: bytes = Method(channel, method).marshal()
    return written


def _written_header(properties: BasicProperties, length: int) -> bytes:
    flags = 0
    pieces = []
    if properties.content_type is not None:
        flags = _CONTENT_TYPE
        pieces.append(_written(properties.content_type))
    if properties.headers is not None:
        flags |= _HEADERS
        pieces.append(_written_table(properties.headers))
    if properties.delivery_mode is not None:
        flags |= _MODE
        pieces.append(bytes((properties.delivery_mode,)))
    for flag, name, _ in _TEXTS:
        text = getattr(properties, name)
        if text is not None:
            flags |= flag
            pieces.append(_written(text))
    return _HEADER.pack(BasicProperties.INDEX, 0, length, flags) + b"".join(pieces)


def _written_table(table: dict[str, Any]) -> bytes:
    pieces: list[bytes] = []
    for name, value in table.items():
        _check(isinstance(value, str))
        text = value.encode()
        pieces += _written(name), _LONG.pack(b"S", len(text)), text
    written = b"".join(pieces)
    return _SIZE.pack(len(written)) + written


def _written(text: str) -> bytes:
    data = text.encode()
    # Raises ValueError for one that is too long.
    return bytes((len(data),)) + data
