"""What a server answers, as the value that it stands for. Anything else raises."""

from __future__ import annotations

import math
from base64 import b64decode
from binascii import Error as Base64Error
from struct import iter_unpack

from pychron_comms.errors import OutcomeUnknownError
from pychron_comms.wire.crc import compute_crc

#: What servers of Pychron answer where a manager returned nothing.
NOTHING = "No Response"

_TRUE = frozenset({"true", "ok", "open", "1"})
_FALSE = frozenset({"false", "closed", "close", "0"})
_SHOWN = 80


class UnexpectedReplyError(OutcomeUnknownError):
    """A reply that says neither what was asked for nor what went wrong."""

    template = "outcome unknown: {} was answered {!r}"

    def __init__(self, command: str, reply: str) -> None:
        super().__init__(command, reply if len(reply) <= _SHOWN else f"{reply[:_SHOWN]}...")


class ChecksumError(UnexpectedReplyError):
    """A word that does not end with its checksum."""

    template = "outcome unknown: {} was answered {!r}, whose checksum is wrong"


def check_done(command: str, reply: str) -> None:
    if reply.upper() != "OK":
        raise UnexpectedReplyError(command, reply)


def state(command: str, reply: str) -> bool:
    """True or False, in any of the words that servers use for them."""
    word = reply.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise UnexpectedReplyError(command, reply)


def number(command: str, reply: str) -> float:
    """A finite number, in the digits that instruments write: Python's own rules take more."""
    try:
        value = float(_in_ascii(reply))
    except ValueError:
        raise UnexpectedReplyError(command, reply) from None
    if not math.isfinite(value):
        raise UnexpectedReplyError(command, reply)
    return value


def whole_number(command: str, reply: str) -> int:
    try:
        return int(_in_ascii(reply))
    except ValueError:
        raise UnexpectedReplyError(command, reply) from None


def _in_ascii(reply: str) -> str:
    """Raises ValueError."""
    if "_" in reply or not reply.isascii():
        raise ValueError(reply)
    return reply


def text(command: str, reply: str) -> str:
    """A text that is not empty."""
    if reply in ("", NOTHING):
        raise UnexpectedReplyError(command, reply)
    return reply


def names(reply: str) -> tuple[str, ...]:
    """Names that are parted by commas; none for an empty reply."""
    return tuple(name.strip() for name in reply.split(",") if name.strip())


def base64(command: str, reply: str) -> bytes:
    try:
        return b64decode(reply, validate=True)
    except (Base64Error, ValueError):
        raise UnexpectedReplyError(command, reply) from None


def pairs(blob: bytes) -> list[tuple[float, float]]:
    """A blob as its pairs of little-endian floats; ValueError where its length does not fit.

    Seconds and degrees C or watts in a response or output, x and y in mm in a grain's outline.
    """
    if len(blob) % 8:
        raise ValueError(f"{len(blob)} bytes are no pairs of 4-byte floats")
    return [(first, second) for first, second in iter_unpack("<ff", blob)]


def checked_word(command: str, reply: str) -> str:
    """The word in front of its checksum of four hex digits."""
    word, checksum = reply[:-4], reply[-4:]
    if compute_crc(word.encode()) != checksum:
        raise ChecksumError(command, reply)
    return word
