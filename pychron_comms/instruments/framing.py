"""Where an answer ends: at a line's end and some bytes more, or after so many bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ends:
    """After ``line`` and ``extra`` bytes behind it; or, where ``size`` is not 0, after ``size``."""

    #: Whether an answer says which question it is for.
    numbered = False

    line: bytes = b"\n"
    extra: int = 0
    size: int = 0

    @property
    def closing(self) -> bytes:
        """What follows an answer on the wire and is no part of it."""
        return b"" if self.size or self.extra else self.line

    def cut(self, data: bytes) -> tuple[bytes, bytes] | None:
        """The first whole answer without its line's end, and what follows; None where none is."""
        found = self.find(data, 0)
        return None if found is None else (data[: found[0]], data[found[1] :])

    def find(self, data: bytes, start: int) -> tuple[int, int] | None:
        """Where the answer that begins at ``start`` ends, and where what follows begins; None
        where it is not whole.

        What stands behind the line's end, a checksum say, belongs to the answer, the line's end
        then too.
        """
        if self.size:
            end = start + self.size
            return None if len(data) < end else (end, end)
        at = data.find(self.line, start)
        end = at + len(self.line) + self.extra
        if at < 0 or len(data) < end:
            return None
        return end if self.extra else at, end
