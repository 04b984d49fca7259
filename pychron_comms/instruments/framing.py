"""Where an answer ends: at a line's end and some bytes more, or after so many bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ends:
    """After ``line`` and ``extra`` bytes behind it; or, where ``size`` is not 0, after ``size``."""

    line: bytes = b"\n"
    extra: int = 0
    size: int = 0

    def cut(self, data: bytes) -> tuple[bytes, bytes] | None:
        """The first whole answer without its line's end, and what follows; None where none is.

        What stands behind the line's end, a checksum say, belongs to the answer, the line's end
        then too.
        """
        if self.size:
            return None if len(data) < self.size else (data[: self.size], data[self.size :])
        at = data.find(self.line)
        end = at + len(self.line) + self.extra
        if at < 0 or len(data) < end:
            return None
        return data[: end if self.extra else at], data[end:]
