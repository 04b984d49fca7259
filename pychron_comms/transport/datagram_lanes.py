"""Lines of datagrams that wait to be worked off: each sender's in a lane of its own.

All senders of a listener share one buffer of the system's. It is emptied quicker than what is in it
can be worked off, so that another's single datagram is found among a flood.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from pychron_comms.transport.turns import FairTurns

#: Lines of one lane, and bytes of them; one that is alone may be as long as a datagram.
LINES, BYTES = 256, 65536

#: Lanes of a listener, and those of one host; further senders share one.
LANES, LANES_OF_HOST = 256, 32

#: Lines that are worked off as they come, before the reactor sees to the others.
AT_ONCE = 8

#: Seconds that a lane's lines may take in one go.
_GO = 0.001

Address = tuple[str, int]


class DatagramLine(NamedTuple):
    """A line that came, from where, and when; ``has_lain``: long before that, in the system."""

    line: bytes
    address: Address
    makes_safe: bool
    came: float
    has_lain: bool
    #: How often it was asked, and is to be answered.
    copies: int = 1


Take = Callable[[DatagramLine], None]


class _Lane:
    """One sender's lines, in their order.

    What makes safe goes ahead of what else waits before it, unanswered, and is done again behind
    that. Its copies that wait together are done once for all.
    """

    def __init__(self, place: Address, lanes: DatagramLanes) -> None:
        self.place = place
        self._lanes = lanes
        self._ahead: deque[DatagramLine] = deque()
        self._lines: OrderedDict[int, DatagramLine] = OrderedDict()
        # What makes safe and has nothing else behind it, by its number there.
        self._last: dict[tuple[bytes, Address], int] = {}
        self._plain = self._size = 0
        self._number = 0

    def __len__(self) -> int:
        return len(self._ahead) + len(self._lines)

    @property
    def is_full(self) -> bool:
        """Whether it has no room for any further one, nor for a copy."""
        return not self._last and (len(self._lines) >= LINES or self._size >= BYTES)

    def add(self, line: DatagramLine) -> bool:
        """One more; False where it has no room."""
        place = line.line, line.address
        before = self._last.get(place)
        if before is not None:
            copy = self._lines[before]
            self._lines[before] = copy._replace(copies=copy.copies + 1)
            return True
        size = self._size + len(line.line)
        if len(self._lines) >= LINES or (self._lines and size > BYTES):
            return False
        self._number += 1
        self._lines[self._number] = line
        self._size = size
        if not line.makes_safe:
            self._plain += 1
            self._last.clear()
            return True
        self._last[place] = self._number
        if self._plain:
            self._ahead.append(line._replace(copies=0))
        return True

    def work(self, most: int) -> None:
        self._lanes.work(self, most)

    def next(self) -> DatagramLine:
        """Take the first away."""
        if self._ahead:
            return self._ahead.popleft()
        _, line = self._lines.popitem(last=False)
        self._size -= len(line.line)
        if line.makes_safe:
            self._last.pop((line.line, line.address), None)
        else:
            self._plain -= 1
        return line


class DatagramLanes:
    """Those of one listener; ``take`` works a line off. Lanes take turns as connections do."""

    def __init__(self, turns: FairTurns, clock: IReactorTime, take: Take) -> None:
        self._turns = turns
        self._clock = clock
        self._take = take
        self._lanes: dict[Address, _Lane] = {}
        self._of_host: Counter[str] = Counter()
        # Of ``AT_ONCE``, in this turn of the reactor; where few are gone, it may be another one.
        self._left = AT_ONCE

    def __len__(self) -> int:
        """How many lines wait."""
        return sum(map(len, self._lanes.values()))

    def are_full(self, address: Address) -> bool:
        """Whether there is no room for any line from there, whatever it says."""
        lane = self._lanes.get(self._place(address))
        return lane is not None and lane.is_full

    def come(self, line: DatagramLine) -> bool:
        """Work it off at once, or in its sender's turn; False where it has no room."""
        host = line.address[0]
        place = self._place(line.address)
        lane = self._lanes.get(place)
        if lane is not None:
            return lane.add(line)
        if self._left and self._turns.at_once(1, host):
            self._left -= 1
            if not self._left:
                self._clock.callLater(0, self._renew)
            self._take(line)
            return True
        lane = self._lanes[place] = _Lane(place, self)
        self._of_host[place[0]] += 1
        self._turns.wait(lane, place[0])
        return lane.add(line)

    def work(self, lane: _Lane, most: int) -> None:
        """It is that lane's turn."""
        until = self._clock.seconds() + _GO
        while lane and most:
            self._take(lane.next())
            most -= 1
            if self._clock.seconds() > until:
                break
        if lane:
            self._turns.wait(lane, lane.place[0])
        else:
            self._forget(lane)

    def work_off(self) -> None:
        """All of it, now."""
        for lane in list(self._lanes.values()):
            while lane:
                self._take(lane.next())

    def _renew(self) -> None:
        self._left = AT_ONCE

    def _place(self, address: Address) -> Address:
        """In which lane lines from there wait."""
        if address in self._lanes:
            return address
        if len(self._lanes) >= LANES:
            return "", 0
        return (address[0], 0) if self._of_host[address[0]] >= LANES_OF_HOST else address

    def _forget(self, lane: _Lane) -> None:
        del self._lanes[lane.place]
        host = lane.place[0]
        self._of_host[host] -= 1
        if not self._of_host[host]:
            del self._of_host[host]
