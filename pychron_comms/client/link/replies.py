"""What comes back, as bytes, to replies as text. Knows no socket and no clock.

A fault of the server is a ValueError; an end of the connection that leaves a command without any
reply is a ConnectionError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import parse_reply, payload_length
from pychron_comms.wire.replies import ReplyDecoder

#: Bytes of one reply. A server that sends more is taken for broken.
REPLY_LIMIT = 8 * 1024 * 1024

# CR is none: Qtegra joins its lists with it.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SHOWN = 40


class PlainReply:
    """The reply to one plain command, as it comes in.

    A line feed ends it at once. Without one it is whole when the server closes the connection, or
    has been quiet for a while, unless it ``closes`` behind each; with a frame, when it is as long
    as the frame says.
    """

    def __init__(self, frame: FrameFormat | None, closes: bool = False) -> None:
        self._frame = frame
        self._closes = closes
        self._data = bytearray()

    @property
    def may_be_whole(self) -> bool:
        """Whether silence may end it."""
        return bool(self._data) and self._frame is None and not self._closes

    def feed(self, data: bytes) -> str | None:
        """The reply, where ``data`` ends it."""
        self._data += data
        if len(self._data) > REPLY_LIMIT:
            raise ValueError(f"a reply of more than {REPLY_LIMIT} bytes")
        if self._frame is not None:
            text = self._frame.decode(bytes(self._data))
            return None if text is None else _readable(text)
        _, end, rest = data.partition(b"\n")
        if not end:
            return None
        if rest.strip():
            raise ValueError(f"two replies to one command: {_shown(bytes(self._data))}")
        return self.taken()

    def taken(self) -> str:
        """What has come, taken for the whole."""
        return _readable(bytes(self._data))

    def ended(self) -> str:
        """The reply, now that the server has closed the connection."""
        if not self._data:
            raise ConnectionError("closed by the server without a reply")
        if self._frame is not None:
            raise ValueError(f"the connection ended inside a frame: {_shown(bytes(self._data))}")
        return self.taken()

    def datagram(self, data: bytes) -> str:
        """The reply, whole by nature."""
        text = self.feed(data)
        if text is None and self._frame is not None:
            raise ValueError(f"a datagram with a part of a frame: {_shown(data)}")
        return self.taken() if text is None else text


class TaggedReplies:
    """The replies on one connection, each with the number of its request."""

    def __init__(self) -> None:
        self._decoder = ReplyDecoder(payload_length, REPLY_LIMIT)

    def only(self, data: bytes, number: int) -> str | None:
        """The reply to command ``number``, where ``data`` is that in one line and nothing more.

        Otherwise None, and ``feed`` must take the data. This is what nearly every reply to one
        who asks one command at a time looks like, and it costs a tenth.
        """
        head = b"@id=%d " % number
        whole = data.find(b"\n") == len(data) - 1 and self._decoder.is_idle
        if not (whole and data.startswith(head)):
            return None
        return data[len(head) : -1].removesuffix(b"\r").decode().lstrip()

    def feed(self, data: bytes) -> Iterator[tuple[int, str]]:
        """Those that ``data`` completes. To be iterated to its end; events are passed over."""
        # Most segments hold whole lines and no payload.
        if data.endswith(b"\n") and b"len=" not in data and self._decoder.is_idle:
            for line in data[:-1].replace(b"\r\n", b"\n").removesuffix(b"\r").split(b"\n"):
                head, _, text = line.partition(b" ")
                number = head[4:]
                if head.startswith(b"@id=") and number.isdigit() and text.isascii():
                    yield int(number), text.decode().lstrip()
                else:
                    yield from _told(line, b"")
        else:
            for line, payload in self._decoder.feed(data):
                yield from _told(line, payload)

    def datagram(self, data: bytes) -> Iterator[tuple[int, str]]:
        """Those of one datagram, which is whole by nature."""
        return TaggedReplies().feed(data)


def _told(line: bytes, payload: bytes) -> Iterator[tuple[int, str]]:
    """The number and text of one reply; nothing for an event."""
    try:
        tags, text = parse_reply(line, payload)
    except ValueError as error:
        raise ValueError(f"no reply of our kind: {_shown(line)} ({error})") from None
    number = tags.get("id", "")
    if number.isascii() and number.isdigit():
        yield int(number), text
    elif "event" not in tags:
        raise ValueError(f"a reply without a number: {_shown(line)}")


def _readable(data: bytes) -> str:
    try:
        text = data.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"no UTF-8: {_shown(data)}") from None
    if not text.isprintable() and _CONTROL.search(text):
        raise ValueError(f"control characters: {_shown(data)}")
    return text


def _shown(data: bytes) -> str:
    return f"{data[:_SHOWN]!r}{'...' if len(data) > _SHOWN else ''}"
