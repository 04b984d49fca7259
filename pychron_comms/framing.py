"""Bytes to whole lines: terminators, limits, telnet, payloads, and frames with a checksum.

No transport here. Each decoder costs time in proportion to the bytes fed to it, however they are
cut into segments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from pychron_comms.checksum import compute_crc

#: Stands in a decoder's output for a line that was longer than the limit and is not kept.
TOO_LONG: Final = None

_CR, _LF, _NUL = b"\r", b"\n", b"\x00"
_FRAME = re.compile(r"L([1-9]),-,C4")
_HEX = re.compile(rb"[0-9A-Fa-f]*")


class LineDecoder:
    """Cuts a client's bytes into lines.

    CR, LF and CRLF each end a line. A CR acts at once; one LF (or, from telnet, one NUL) right
    after it is swallowed even when it comes in a later segment. Lines of blanks are dropped, as is
    telnet negotiation. A line of more than ``max_length`` bytes gives one ``TOO_LONG``, in its
    place, and is not kept.
    """

    __slots__ = ("_after_cr", "_max_length", "_partial", "_skipping", "_telnet")

    def __init__(self, max_length: int) -> None:
        self._max_length = max_length
        self._partial = bytearray()
        self._skipping = False
        self._after_cr = False
        self._telnet: TelnetFilter | None = None

    @property
    def pending(self) -> bytes:
        """What has come of a line whose end has not."""
        return bytes(self._partial)

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that ``data`` completes, in order, without their ends."""
        if self._telnet is not None or b"\xff" in data:
            data = self._without_telnet(data)
        if self._after_cr and data:
            self._after_cr = False
            if data[:1] in (_LF, _NUL):
                data = data[1:]
        if not data:
            return []
        self._after_cr = data[-1:] == _CR
        if b"\x00" in data:
            data = data.replace(b"\r\x00", _CR)
        pieces = data.splitlines()
        last = data[-1:]
        rest = b"" if last in (_CR, _LF) else pieces.pop()
        lines: list[bytes | None] = []
        for piece in pieces:
            line = self._completed(piece) if self._partial or self._skipping else piece
            if line is TOO_LONG or len(line) > self._max_length:
                lines.append(TOO_LONG)
            elif line and not line.isspace():
                lines.append(line)
        if rest:
            self._keep(rest)
        return lines

    def take_pending(self) -> list[bytes | None]:
        """End the pending line here, as if its terminator had come."""
        if not (self._partial or self._skipping):
            return []
        # The end is not telnet's, even inside a negotiation.
        telnet, self._telnet = self._telnet, None
        lines = self.feed(_LF)
        self._telnet = telnet
        return lines

    def _completed(self, piece: bytes) -> bytes | None:
        if self._skipping:
            self._skipping = False
            return TOO_LONG
        self._partial += piece
        line = bytes(self._partial)
        self._partial = bytearray()
        return line

    def _keep(self, rest: bytes) -> None:
        if self._skipping:
            return
        self._partial += rest
        if len(self._partial) > self._max_length:
            self._skipping = True
            self._partial = bytearray()

    def _without_telnet(self, data: bytes) -> bytes:
        telnet = self._telnet or TelnetFilter()
        data = telnet.feed(data)
        self._telnet = telnet if telnet.inside else None
        return data


class TelnetFilter:
    """Takes telnet's negotiation (RFC 854) out of a stream. A doubled 255 stands for itself."""

    __slots__ = ("_step",)

    _IAC, _SB, _SE = 255, 250, 240
    _WITH_OPTION = frozenset({251, 252, 253, 254})  # WILL, WONT, DO, DONT

    def __init__(self) -> None:
        self._step: Callable[[int, bytearray], None] = self._data

    @property
    def inside(self) -> bool:
        """Whether a negotiation has begun and not ended."""
        return self._step != self._data

    def feed(self, data: bytes) -> bytes:
        kept = bytearray()
        for byte in data:
            self._step(byte, kept)
        return bytes(kept)

    def _data(self, byte: int, kept: bytearray) -> None:
        if byte == self._IAC:
            self._step = self._command
        else:
            kept.append(byte)

    def _command(self, byte: int, kept: bytearray) -> None:
        self._step = self._data
        if byte == self._IAC:
            kept.append(byte)
        elif byte == self._SB:
            self._step = self._subnegotiation
        elif byte in self._WITH_OPTION:
            self._step = self._option

    def _option(self, byte: int, kept: bytearray) -> None:
        self._step = self._data

    def _subnegotiation(self, byte: int, kept: bytearray) -> None:
        if byte == self._IAC:
            self._step = self._subnegotiation_command

    def _subnegotiation_command(self, byte: int, kept: bytearray) -> None:
        self._step = self._data if byte == self._SE else self._subnegotiation


class ReplyDecoder:
    """Cuts a server's bytes into replies: a line ended by LF or CRLF, and the payload behind it.

    ``payload_length`` tells from a line how many bytes follow it as they are. A line or payload of
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

    @property
    def is_idle(self) -> bool:
        """Whether nothing has come of a reply that is not whole yet."""
        return not (self._buffer or self._wanted)

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The replies that ``data`` completes, in order, as line and payload.

        To be iterated to its end. Those before a fault are given before it raises.
        """
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


class FrameFormat(NamedTuple):
    """The reply frames that Pychron's communicator calls ``message_frame``.

    ``L4,-,C4``: four upper-case hex digits that count the whole frame in bytes, the text, and its
    CRC as four digits. Only replies are framed; requests are lines (pychron's
    ``EthernetCommunicator`` sends none).
    """

    length_digits: int

    @classmethod
    def parse(cls, text: str) -> FrameFormat:
        """From Pychron's notation; ValueError where it is none that can be made here."""
        found = _FRAME.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no message frame; L4,-,C4 is one")
        return cls(int(found[1]))

    def encode(self, text: bytes) -> bytes:
        """The frame; ValueError where its length does not fit the digits."""
        length = self.length_digits + len(text) + 4
        digits = f"{length:0{self.length_digits}X}"
        if len(digits) > self.length_digits:
            raise ValueError(f"{len(text)} bytes do not fit a frame of {self.length_digits} digits")
        return digits.encode() + text + compute_crc(text).encode()

    def decode(self, data: bytes) -> bytes | None:
        """The text of the frame that ``data`` is; None while some of the frame is missing.

        ValueError for what is no frame, for a wrong checksum, and where more than blanks follow.
        """
        digits = data[: self.length_digits]
        if not _HEX.fullmatch(digits):
            raise ValueError(f"no length in {digits!r}")
        if len(digits) < self.length_digits:
            return None
        length = int(digits, 16)
        if length < self.length_digits + 4:
            raise ValueError(f"a frame of {length} bytes")
        if len(data) < length:
            return None
        if data[length:].strip():
            raise ValueError(f"{len(data) - length} bytes behind a frame")
        text, checksum = data[self.length_digits : length - 4], data[length - 4 : length]
        if compute_crc(text).encode() != checksum.lower():
            raise ValueError(f"checksum {checksum!r} of a frame is wrong")
        return text
