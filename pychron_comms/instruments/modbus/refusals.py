"""What a Modbus unit says in place of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: Set in the function of an answer that refuses.
REFUSED = 0x80

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3

_TEXTS: Mapping[int, str] = {
    ILLEGAL_FUNCTION: "it knows no such function",
    ILLEGAL_ADDRESS: "it has no such address",
    ILLEGAL_VALUE: "it does not take that value",
    4: "it failed while it did so",
    5: "it has begun, and will take long",
    6: "it is busy",
    8: "its memory has a parity error",
    10: "the gateway has no path to the unit",
    11: "the gateway had no answer of the unit",
}
#: With these nobody knows whether what was asked was done.
_UNCERTAIN = frozenset({4, 5, 11})


class Refusal(NamedTuple):
    """``is_certain``: nothing was done."""

    text: str
    is_certain: bool


def refusal(message: bytes, reply: bytes) -> Refusal | None:
    """What a reply to a message refuses; None where it does not."""
    if len(reply) != 2 or reply[0] != message[0] | REFUSED:
        return None
    code = reply[1]
    return Refusal(_TEXTS.get(code, f"exception {code}"), code not in _UNCERTAIN)
