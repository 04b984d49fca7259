"""Lines of one connection that wait to be worked off. Knows no transport."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from pychron_comms.transport.reply_order import Turn
from pychron_comms.wire.lines import TOO_LONG

#: The lines that are nearest to their turn: so many are looked through for what may go ahead.
WINDOW = 256

# A decoder's lines hold no LF, and none is empty.
_LF, _TOO_LONG = b"\n", b""

#: What stands in the place of a line: itself; the turn of its reply where the line went ahead; None
#: for nothing.
Instead = bytes | Turn | None


class Backlog:
    """Lines in the order in which they came; some go ahead.

    ``look`` is shown each line once, when it comes near, and may work it off; but not those of
    which ``none_matters`` knows, of all together, that it would leave them where they are. What is
    further back is kept as the bytes that it came as: small lines would cost twenty times their
    length.
    """

    __slots__ = ("_far", "_look", "_near", "_none_matters", "size")

    def __init__(
        self,
        look: Callable[[bytes], Instead],
        none_matters: Callable[[bytes], bool] = lambda lines: False,
    ) -> None:
        self._look = look
        self._none_matters = none_matters
        self._near: deque[bytes | Turn] = deque()
        self._far = b""
        #: Bytes of the lines that wait, each with its end.
        self.size = 0

    def __len__(self) -> int:
        """How many wait, of those that are near."""
        return len(self._near)

    @property
    def is_long(self) -> bool:
        """Whether so many wait that no more should come."""
        return bool(self._far) or len(self._near) >= WINDOW

    def add(self, lines: Iterable[bytes | None]) -> None:
        """Lines that came after all others; of those too long, ``TOO_LONG``."""
        packed = _LF.join([_TOO_LONG if line is TOO_LONG else line for line in lines]) + _LF
        self.size += len(packed)
        self._far += packed
        self._come_near()

    def next(self) -> bytes | Turn | None:
        """Take the first away: a line, ``TOO_LONG``, or the turn of one that went ahead."""
        line = self._near.popleft()
        if self._far and len(self._near) < WINDOW // 2:
            self._come_near()
        if isinstance(line, Turn):
            return line
        self.size -= len(line) + 1
        return line or TOO_LONG

    def clear(self) -> None:
        """Forget all of them."""
        self._near.clear()
        self._far, self.size = b"", 0

    def _come_near(self) -> None:
        while self._far and (room := WINDOW - len(self._near)) > 0:
            *lines, self._far = self._far.split(_LF, room)
            # The first may tell how the others are to be looked at.
            self._append(lines[0])
            if len(lines) > 1 and self._none_matters(_LF.join(lines[1:])):
                self._near.extend(lines[1:])
            else:
                for line in lines[1:]:
                    self._append(line)

    def _append(self, line: bytes) -> None:
        instead = self._look(line) if line != _TOO_LONG else line
        if instead is not line:
            self.size -= len(line) + 1
        if instead is not None:
            self._near.append(instead)
