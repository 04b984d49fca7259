"""What the clients ask, with the reply that each must get: polled, new, and acting commands."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path

VALVES = 20

#: Reads that nobody has asked before; more than are asked in one measurement.
NEW = 300_000

#: Those that are moved, and those that are read: these stay closed.
_MOVED = [f"V{number}" for number in range(VALVES)]
_READ = [f"W{number}" for number in range(VALVES)]

#: The laboratory that is measured, without the listener: valves that move at once, and devices.
LABORATORY = "\n".join(
    [
        '[[extraction_line.volume]]\nname = "bone"\nlitres = 1.0\npressure = 1e-8',
        *(
            f'[[extraction_line.valve]]\nname = "{name}"\ntravel = 0.0'
            for name in (*_MOVED, *_READ)
        ),
        *(
            f'[[device]]\nname = "d{number}"\nkind = "number"\nvalue = {number}.5'
            for number in range(VALVES)
        ),
    ]
)

Commands = list[tuple[str, str]]


def polled() -> Commands:
    """A hundred reads that a laboratory asks all day."""
    reads = [
        (f"{word} {name}", "False")
        for word in (
            "GetValveState",
            "GetIndicatorState",
            "GetValveLockState",
            "GetManualState",
        )
        for name in _READ
    ]
    return [*reads, *((f"Read d{number}", f"{number}.5") for number in range(VALVES))]


def new() -> Commands:
    """Reads of which each is asked once: checksums of valves in ever other orders."""
    return [
        (f"GetStateChecksum {','.join(names)}", _checksum(names))
        for names in itertools.islice(selections(), NEW)
    ]


def acting() -> Commands:
    """Every valve opened, and closed again."""
    return [(f"{word} {name}", "OK") for name in _MOVED for word in ("Open", "Close")]


def write(commands: Commands, file: Path) -> Path:
    """As the load reads them."""
    file.write_text("".join(f"{command}\t{reply}\n" for command, reply in commands))
    return file


def selections() -> Iterator[tuple[str, ...]]:
    """Three or more of the valves that are read, ever others or in another order."""
    for size in range(3, VALVES):
        yield from itertools.permutations(_READ, size)


def _checksum(names: tuple[str, ...]) -> str:
    """All valves are closed and none is locked."""
    states = "".join(f"VALVE-{name}FalseFalse" for name in names)
    return str(zlib.crc32(states.encode()))
