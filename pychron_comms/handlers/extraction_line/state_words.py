"""The words that tell of all valves at once, as Pychron's clients take them apart."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from pychron_comms.errors import NoResponseError
from pychron_comms.interfaces import ValveStatus
from pychron_comms.wire.crc import compute_crc


def state_word(valves: Iterable[ValveStatus]) -> str:
    """``A0,B1`` and its checksum: 1 for a valve whose indicator says open. Errors: 010."""
    return _digits_word((valve.name, _known(valve)) for valve in valves)


def lock_word(valves: Iterable[ValveStatus]) -> str:
    """``A0,B1`` and its checksum: 1 for a valve that is software locked."""
    return _digits_word((valve.name, valve.locked) for valve in valves)


def state_bits(valves: Iterable[ValveStatus]) -> str:
    """``A,B,<AB>|5`` and its checksum: open ones as bits, the last name being bit 0. Errors:
    010.
    """
    return _bits_word([(valve.name, _known(valve)) for valve in valves])


def lock_bits(valves: Iterable[ValveStatus]) -> str:
    """As ``state_bits``, of the software locks."""
    return _bits_word([(valve.name, valve.locked) for valve in valves])


def owners_word(valves: Iterable[ValveStatus]) -> str:
    """``A,C:10.0.0.7-B,D``: valves by their owner, free ones without; no checksum.

    Groups stand in the order of their first valves.
    """
    groups: dict[str, list[str]] = {}
    for valve in valves:
        groups.setdefault(valve.owner, []).append(valve.name)
    return ":".join(_owned(owner, names) for owner, names in groups.items())


def state_checksum(valves: Iterable[ValveStatus]) -> int:
    """CRC-32 of the states and locks of these valves, in this order. Errors: 010."""
    states = [f"VALVE-{valve.name}{_known(valve)}{valve.locked}" for valve in valves]
    return zlib.crc32("".join(states).encode())


def _known(valve: ValveStatus) -> bool:
    """These words have no digit for a valve that is neither open nor closed."""
    if valve.open is None:
        raise NoResponseError
    return valve.open


def _digits_word(bits: Iterable[tuple[str, bool]]) -> str:
    return _checked(",".join(f"{name}{bit:d}" for name, bit in bits))


def _bits_word(bits: Sequence[tuple[str, bool]]) -> str:
    names = ",".join(name if len(name) == 1 else f"<{name}>" for name, _ in bits)
    number = 0
    for _, bit in bits:
        number = number << 1 | bit
    return _checked(f"{names}|{number:X}")


def _checked(word: str) -> str:
    return word + compute_crc(word.encode())


def _owned(owner: str, names: Iterable[str]) -> str:
    valves = ",".join(names)
    if not owner:
        return valves
    # Clients part groups at colons and owners at dashes, which addresses and host names may hold.
    return f"{owner.replace(':', '.').replace('-', '.')}-{valves}"
