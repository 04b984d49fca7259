"""Lines of many senders on one connection that wait to be worked off: the senders take turns.

Knows no transport.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

from pychron_comms.transport.backlog import Instead
from pychron_comms.transport.reply_order import Turn
from pychron_comms.wire.lines import TOO_LONG

#: Lines, and bytes of them, that may wait before the connection is read no further.
LINES, BYTES = 16_384, 8 << 20


#: What ``look`` says of a line that goes ahead, but not just now.
NOT_NOW = Turn()


class _Going:
    """A line that may go ahead until its turn has come; what stands in its place."""

    __slots__ = ("instead", "line")

    def __init__(self, line: bytes) -> None:
        self.line = line
        self.instead: Instead = line


_Item = Instead | _Going


class FairBacklog:
    """As a ``Backlog``; whoever has a thousand lines here holds up another's one by one line.

    ``sender_of`` tells whose a line is; those of one sender keep their order. A line of None comes
    after all that came before it, and before all that come later. ``look`` is shown each line once,
    when it comes, and may work it off. Those of which it says ``NOT_NOW`` are given to ``go`` when
    it is their turn to ``go_ahead``, in which the senders take turns too.
    """

    __slots__ = (
        "_ahead", "_go", "_going", "_lanes", "_later", "_look", "_number", "_sender_of", "size"
    )  # fmt: skip

    def __init__(
        self,
        look: Callable[[bytes], Instead],
        go: Callable[[bytes], Instead],
        sender_of: Callable[[bytes], bytes | None],
    ) -> None:
        self._look = look
        self._go = go
        self._sender_of = sender_of
        # Of each sender what is still to go ahead; whose turn it is first.
        self._going: OrderedDict[bytes | None, deque[_Going]] = OrderedDict()
        # Those whose turn comes, each with what waits in its lane.
        self._ahead: deque[bytes | None] = deque()
        self._lanes: dict[bytes | None, deque[_Item]] = {}
        # What came after a line of None that still waits for the lanes; that one is its first.
        self._later: deque[_Item] = deque()
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
            item: _Item = instead
            if instead is NOT_NOW and line is not TOO_LONG:
                item = self._to_go_ahead(line)
            self._number += 1
            self.size += _size(item)
            self._later.append(item)
        self._fill_lanes()

    def go_ahead(self, most: int) -> None:
        """Let so many go that were not to go ahead when they came; the senders take turns."""
        while self._going and most:
            sender, lane = self._going.popitem(last=False)
            going = lane.popleft()
            if lane:
                self._going[sender] = lane
            most -= 1
            before = _size(going)
            going.instead = self._go(going.line)
            if not self._number:
                # All were forgotten meanwhile.
                return
            self.size += _size(going) - before
            self._number -= going.instead is None

    def next(self) -> Instead:
        """Take away the first of whose turn it is: a line, ``TOO_LONG``, or a reply's turn."""
        while True:
            item = self._take()
            if not isinstance(item, _Going):
                break
            if item.instead is not None:
                item = item.instead
                break
        self._number -= 1
        self.size -= _size(item)
        return item

    def _to_go_ahead(self, line: bytes) -> _Going:
        going = _Going(line)
        self._going.setdefault(self._sender_of(line), deque()).append(going)
        return going

    def _take(self) -> _Item:
        sender = self._ahead.popleft()
        lane = self._lanes[sender]
        line = lane.popleft()
        if lane:
            self._ahead.append(sender)
        else:
            del self._lanes[sender]
            if not self._lanes:
                self._fill_lanes()
        if isinstance(line, _Going):
            self._not_any_more(sender, line)
        return line

    def _not_any_more(self, sender: bytes | None, item: _Going) -> None:
        """Its turn has come; it may have gone ahead before."""
        # Of one sender they go ahead, and have their turns, in one order.
        going = self._going.get(sender)
        if going is not None and going[0] is item:
            going.popleft()
            if not going:
                del self._going[sender]

    def clear(self) -> None:
        """Forget all of them."""
        self._ahead.clear()
        self._lanes.clear()
        self._later.clear()
        self._going.clear()
        self._number = self.size = 0

    def _fill_lanes(self) -> None:
        while self._later and None not in self._lanes:
            item = self._later[0]
            line = item.line if isinstance(item, _Going) else item
            sender = self._sender_of(line) if isinstance(line, bytes) else None
            if sender is None and self._lanes:
                break
            self._put(sender, self._later.popleft())

    def _put(self, sender: bytes | None, item: _Item) -> None:
        lane = self._lanes.get(sender)
        if lane is None:
            lane = self._lanes[sender] = deque()
            self._ahead.append(sender)
        lane.append(item)


def _size(item: _Item) -> int:
    """Bytes of a line with its end; of one that has gone ahead altogether, none."""
    if isinstance(item, _Going):
        return 0 if item.instead is None else _size(item.instead)
    return len(item) + 1 if isinstance(item, bytes) else 1
