"""Frames with a length and a checksum, for clients that want them."""

from __future__ import annotations

import re
from typing import NamedTuple

from pychron_comms.wire.crc import compute_crc

_FRAME = re.compile(r"L([1-9]),-,C4")

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
