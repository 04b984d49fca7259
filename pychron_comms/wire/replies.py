"""A server's bytes to replies, each with the payload that its tags announce."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pychron_comms.wire.grammar import PAYLOAD_MARK, numbered_replies
from pychron_comms.wire.lines import _CR, _LF


class ReplyDecoder:
    """Cuts a server's bytes into replies: a line ended by LF or CRLF, and the payload behind it.

    ``payload_length`` tells from a line with ``PAYLOAD_MARK`` how many bytes follow it as they are;
    none do where it is not there. A line or payload of
    more than ``max_length`` bytes raises ValueError: nothing after it can be told apart.
    """

    __slots__ = ("_buffer", "_line", "_max_length", "_payload_length", "_searched", "_wanted")

    def __init__(self, payload_length: Callable[[bytes], int], max_length: int) -> None:
        self._payload_length = payload_length
        self._max_length = max_length
        self._buffer = bytearray()
        self._searched = 0
        self._line = b""
        self._wanted = 0

    def numbered(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """As ``numbered_replies``; these are not to be fed. None behind one that is not whole."""
        return [] if self._buffer or self._wanted else numbered_replies(data)

    @property
    def is_idle(self) -> bool:
        """Whether nothing has come of a reply that is not whole yet."""
        return not (self._buffer or self._wanted)

    def feed(self, data: bytes) -> Iterable[tuple[bytes, bytes]]:
        """The replies that ``data`` completes, in order, as line and payload.

        To be iterated to its end. Those before a fault are given before it raises.
        """
        whole = not (self._buffer or self._wanted) and data.endswith(_LF)
        if whole and PAYLOAD_MARK not in data and len(data) <= self._max_length:
            return [(line.removesuffix(_CR), b"") for line in data[:-1].split(_LF)]
        return self._feed(data)

    def _feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        buffer = self._buffer
        buffer += data
        start = 0
        while True:
            if self._wanted:
                if len(buffer) - start < self._wanted:
                    break
                payload = bytes(buffer[start : start + self._wanted])
                start += self._wanted
                self._wanted = 0
                yield self._line, payload
                continue
            end = buffer.find(_LF, max(start, self._searched))
            if end < 0:
                break
            self._limit(end - start)
            line = bytes(buffer[start:end]).removesuffix(_CR)
            start = end + 1
            self._wanted = self._payload_length(line)
            self._limit(self._wanted)
            if self._wanted:
                self._line = line
            else:
                yield line, b""
        del buffer[:start]
        self._limit(len(buffer))
        self._searched = 0 if self._wanted else len(buffer)

    def _limit(self, length: int) -> None:
        if length > self._max_length:
            raise ValueError(f"a reply of more than {self._max_length} bytes")
