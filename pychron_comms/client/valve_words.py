"""The words that tell of all valves at once, taken apart."""

from __future__ import annotations

import re

from pychron_comms.client.answers import UnexpectedReplyError, checked_word

_DIGIT = re.compile(r"(.+)([01])")
_NAME = re.compile(r"<([^<>]+)>|([^<>])")


def parse_word(command: str, reply: str) -> dict[str, bool]:
    """``A0,B1`` or ``A,B,<AB>|5``, each with its checksum behind it.

    Of the bits the last name's is bit 0. Raises ChecksumError.
    """
    word = checked_word(command, reply)
    if not word:
        return {}
    try:
        return _bits(word) if "|" in word else _digits(word)
    except ValueError:
        raise UnexpectedReplyError(command, reply) from None


def parse_owners(reply: str) -> dict[str, str]:
    """``A,C:10.0.0.7-B,D``: groups of valves, each behind its owner; free ones without."""
    owners = {}
    for group in filter(None, reply.split(":")):
        owner, _, valves = group.rpartition("-")
        owners.update(dict.fromkeys(valves.split(","), owner))
    return owners


def _digits(word: str) -> dict[str, bool]:
    return {name: digit == "1" for name, digit in map(_valve, word.split(","))}


def _valve(item: str) -> tuple[str, str]:
    found = _DIGIT.fullmatch(item)
    if found is None:
        raise ValueError
    return found[1], found[2]


def _bits(word: str) -> dict[str, bool]:
    names, _, number = word.partition("|")
    valves = [_unbracketed(name) for name in names.split(",")]
    bits = int(number, 16)
    return {valve: bool(bits >> place & 1) for place, valve in enumerate(reversed(valves))}


def _unbracketed(name: str) -> str:
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError
    return found[1] or found[2]
