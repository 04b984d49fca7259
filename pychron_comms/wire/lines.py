"""Bytes to whole lines: terminators, limits, telnet.

No transport here. The decoder costs time in proportion to the bytes fed to it, however they are
cut into segments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

#: Stands in a decoder's output for a line that was longer than the limit and is not kept.
TOO_LONG: Final = None

#: The answer to telnet's question for one (RFC 860).
TIMING_MARK: Final = b"\xff\xfb\x06"

_CR, _LF, _NUL = b"\r", b"\n", b"\x00"

# No line of blanks begins with this, or comes behind it in the order of bytes.
_FIRST_SIGN = b"!"

# One line, whole and alone, in which nothing can be telnet's or another line's end.
_ALONE = re.compile(rb"([!-~][ -~]*)\r?\n")


class LineDecoder:
    """Cuts a client's bytes into lines.

    CR, LF and CRLF each end a line. A CR acts at once; one LF (or, from telnet, one NUL) right
    after it is swallowed even when it comes in a later segment. Lines of blanks are dropped, as is
    telnet negotiation. A line of more than ``max_length`` bytes gives one ``TOO_LONG``, in its
    place, and is not kept.
    """

    __slots__ = ("_after_cr", "_max_length", "_skipping", "_telnet", "mark_asked", "unfinished")

    def __init__(self, max_length: int) -> None:
        self._max_length = max_length
        #: What has come of a line whose end has not.
        self.unfinished = bytearray()
        #: Whether telnet waits for ``TIMING_MARK``: after Ctrl-C it shows nothing until it comes.
        self.mark_asked = False
        self._skipping = False
        self._after_cr = False
        self._telnet: TelnetFilter | None = None

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that ``data`` completes, in order, without their ends."""
        if not (self.unfinished or self._skipping or self._after_cr or self._telnet):
            # Nearly always, and it need not be searched for each thing that may be in a line.
            alone = _ALONE.fullmatch(data)
            if alone is not None and alone.end(1) <= self._max_length:
                return [alone[1]]
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
        if (
            pieces
            and not (self.unfinished or self._skipping)
            and len(data) <= self._max_length
            and min(pieces) >= _FIRST_SIGN
        ):
            # Nearly always: none is too long, and each begins with more than a blank.
            lines: list[bytes | None] = list(pieces)
        else:
            lines = self._looked_at(pieces)
        if rest:
            self._keep(rest)
        return lines

    def _looked_at(self, pieces: Sequence[bytes]) -> list[bytes | None]:
        """One after the other: which may be the end of one, blank, or too long."""
        lines: list[bytes | None] = []
        for piece in pieces:
            line = self._completed(piece) if self.unfinished or self._skipping else piece
            if line is TOO_LONG or len(line) > self._max_length:
                lines.append(TOO_LONG)
            elif line and not line.isspace():
                lines.append(line)
        return lines

    def take_pending(self) -> list[bytes | None]:
        """End the pending line here, as if its terminator had come."""
        if not (self.unfinished or self._skipping):
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
        self.unfinished += piece
        line = bytes(self.unfinished)
        self.unfinished = bytearray()
        return line

    def _keep(self, rest: bytes) -> None:
        if self._skipping:
            return
        self.unfinished += rest
        if len(self.unfinished) > self._max_length:
            self._skipping = True
            self.unfinished = bytearray()

    def _without_telnet(self, data: bytes) -> bytes:
        telnet = self._telnet or TelnetFilter()
        data = telnet.feed(data)
        self.mark_asked = self.mark_asked or telnet.take_mark()
        self._telnet = telnet if telnet.inside else None
        return data


class TelnetFilter:
    """Takes telnet's negotiation (RFC 854) out of a stream. A doubled 255 stands for itself, and so
    does one before what is no word of telnet's: a byte that was spoilt must not hide a line's end.
    """

    __slots__ = ("_mark", "_step")

    _IAC, _SB, _SE = 255, 250, 240
    #: The least of its words: end of file (RFC 1184).
    _FIRST = 236
    _DO, _MARK = 253, 6
    _WITH_OPTION = frozenset({251, 252, 254})  # WILL, WONT, DONT

    def __init__(self) -> None:
        self._mark = False
        self._step: Callable[[int, bytearray], None] = self._data

    @property
    def inside(self) -> bool:
        """Whether a negotiation has begun and not ended."""
        return self._step != self._data

    def take_mark(self) -> bool:
        """Whether a timing mark was asked for since this was asked last."""
        mark, self._mark = self._mark, False
        return mark

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
        elif byte < self._FIRST:
            kept += bytes((self._IAC, byte))
        elif byte == self._SB:
            self._step = self._subnegotiation
        elif byte == self._DO:
            self._step = self._do
        elif byte in self._WITH_OPTION:
            self._step = self._option

    def _do(self, byte: int, kept: bytearray) -> None:
        self._mark = self._mark or byte == self._MARK
        self._step = self._data

    def _option(self, byte: int, kept: bytearray) -> None:
        self._step = self._data

    def _subnegotiation(self, byte: int, kept: bytearray) -> None:
        if byte == self._IAC:
            self._step = self._subnegotiation_command

    def _subnegotiation_command(self, byte: int, kept: bytearray) -> None:
        self._step = self._data if byte == self._SE else self._subnegotiation
