"""Start ``twistd`` with a wall clock that a test can set: ``clock_jump.py FILE ARGUMENTS ...``.

FILE holds the seconds to add to the time of day, as eight bytes; it may change at any moment.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from pathlib import Path

_OFFSET = struct.Struct("d")


def write_offset(file: Path, seconds: float) -> None:
    """Set the clock of the processes that were started with this file."""
    data = _OFFSET.pack(seconds)
    if not file.exists():
        file.write_bytes(data)
        return
    # In place: it is mapped there.
    with file.open("r+b") as opened:
        opened.write(data)


def _set_clock(file: Path) -> None:
    with file.open("rb") as opened:
        offset = mmap.mmap(opened.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)
    true_time, true_nanoseconds = time.time, time.time_ns

    def jumping_time() -> float:
        return true_time() + float(_OFFSET.unpack_from(offset)[0])

    def jumping_nanoseconds() -> int:
        return true_nanoseconds() + int(_OFFSET.unpack_from(offset)[0] * 1e9)

    # Before Twisted is imported, which keeps what it finds here.
    time.time, time.time_ns = jumping_time, jumping_nanoseconds


def main() -> None:
    _set_clock(Path(sys.argv[1]))
    del sys.argv[1]
    from twisted.scripts.twistd import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
