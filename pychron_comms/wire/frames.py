"""Frames with a length and a checksum, for clients that want them."""

from __future__ import annotations

import re
from typing import NamedTuple

from pychron_comms.wire.crc import compute_crc

# One digit counts up to 15 bytes: no error fits in.
_FRAME = re.compile(r"L([2-9]),-,C4")

_HEX = re.compile(rb"[0-9A-Fa-f]*")


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

    @property
    def _around(self) -> int:
        """Bytes of a frame beside its text."""
        return self.length_digits + 4

    @property
    def most(self) -> int:
        """Bytes of the longest text that fits."""
        return int(16**self.length_digits) - 1 - self._around

    def encode(self, text: bytes) -> bytes:
        """The frame; ValueError where its length does not fit the digits."""
        if len(text) > self.most:
            raise ValueError(f"{len(text)} bytes do not fit a frame of {self.length_digits} digits")
        digits = f"{len(text) + self._around:0{self.length_digits}X}"
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
        if length < self._around:
            raise ValueError(f"a frame of {length} bytes")
        if len(data) < length:
            return None
        if data[length:].strip():
            raise ValueError(f"{len(data) - length} bytes behind a frame")
        text, checksum = data[self.length_digits : length - 4], data[length - 4 : length]
        if compute_crc(text).encode() != checksum.lower():
            raise ValueError(f"checksum {checksum!r} of a frame is wrong")
        return text
