"""Lines of many senders on one connection that wait to be worked off: the senders take turns.

Knows no transport.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from pychron_comms.transport.backlog import Instead
from pychron_comms.wire.lines import TOO_LONG

#: Lines, and bytes of them, that may wait before the connection is read no further.
LINES, BYTES = 16_384, 8 << 20


class FairBacklog:
    """As a ``Backlog``; whoever has a thousand lines here holds up another's one by one line.

    ``sender_of`` tells whose a line is; those of one sender keep their order. A line of None comes
    after all that came before it, and before all that come later. ``look`` is shown each line once,
    when it comes, and may work it off.
    """

    __slots__ = ("_ahead", "_lanes", "_later", "_look", "_number", "_sender_of", "size")

    def __init__(
        self, look: Callable[[bytes], Instead], sender_of: Callable[[bytes], bytes | None]
    ) -> None:
        self._look = look
        self._sender_of = sender_of
        # Those whose turn comes, each with what waits in its lane.
        self._ahead: deque[bytes | None] = deque()
        self._lanes: dict[bytes | None, deque[Instead]] = {}
        # What came after a line of None that still waits for the lanes; that one is its first.
        self._later: deque[Instead] = deque()
        self._number = 0
        #: Bytes of the lines that wait, each with its end.
        self.size = 0

    def __len__(self) -> int:
        """How many wait."""
        return self._number

    @property
    def is_long(self) -> bool:
        """Whether so many wait that no more should come."""
        return self._number >= LINES or self.size >= BYTES

    def add(self, lines: Iterable[bytes | None]) -> None:
        """Lines that came after all others; of those too long, ``TOO_LONG``."""
        for line in lines:
            instead = line if line is TOO_LONG else self._look(line)
            if instead is None and line is not TOO_LONG:
                continue
            self._number += 1
            self.size += _size(instead)
            self._later.append(instead)
        self._fill_lanes()

    def next(self) -> Instead:
        """Take away the first of whose turn it is: a line, ``TOO_LONG``, or a reply's turn."""
        sender = self._ahead.popleft()
        lane = self._lanes[sender]
        line = lane.popleft()
        if lane:
            self._ahead.append(sender)
        else:
            del self._lanes[sender]
            if not self._lanes:
                self._fill_lanes()
        self._number -= 1
        self.size -= _size(line)
        return line

    def clear(self) -> None:
        """Forget all of them."""
        self._ahead.clear()
        self._lanes.clear()
        self._later.clear()
        self._number = self.size = 0

    def _fill_lanes(self) -> None:
        while self._later and None not in self._lanes:
            line = self._later[0]
            sender = self._sender_of(line) if isinstance(line, bytes) else None
            if sender is None and self._lanes:
                break
            self._put(sender, self._later.popleft())

    def _put(self, sender: bytes | None, line: Instead) -> None:
        lane = self._lanes.get(sender)
        if lane is None:
            lane = self._lanes[sender] = deque()
            self._ahead.append(sender)
        lane.append(line)


def _size(line: Instead) -> int:
    """Bytes of a line with its end."""
    return len(line) + 1 if isinstance(line, bytes) else 1
