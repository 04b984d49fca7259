"""What keeps datagrams from doing harm: their source can be forged, and nobody paces them.

Shared by all listeners of datagrams. What comes from this computer itself is trusted to be what it
says, as no other can send it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from pychron_comms.errors import QueueFullError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.peer_identity import is_here

#: Bytes that one datagram holds over IPv4.
DATAGRAM_LIMIT = 65507

#: Bytes that go through every network in one piece.
NETWORK_LIMIT = 1400

#: Bytes of replies that an address of the network may be sent in a second, and at once. Ten
#: ``GetData`` a second are some 3000.
RATE = BURST = 65536

#: Addresses whose replies are counted; further ones are taken for one.
ADDRESSES = 1024

#: Commands of one listener that may wait for their replies; those of one address of the network.
PENDING_LIMIT, SHARE = 1024, 256

#: Commands that make safe which may wait beside them: more than those of one type that may be on
#: the way to a processor, so that a device that hangs leaves another's its room.
SAFE_ROOM = 4096

#: Bytes of commands of one address that may wait, unless they make safe: more would hold up those
#: of others on the way to a processor.
WAITING_BYTES = 262_144

#: Datagrams of a listener, and bytes of them, that are read before the reactor sees to the others.
AT_ONCE, _READ_AT_ONCE = 64, 32768

# With an id, in a frame, and as Qtegra writes it.
_ERROR = re.compile(rb"\s*(?:@\S*\s+)?[0-9a-f]{0,9}error\b", re.IGNORECASE)


def is_error(line: bytes) -> bool:
    """Whether a line is itself the error of some server, which would answer ours with another."""
    return _ERROR.match(line) is not None


def longest_reply(host: str) -> int:
    """Bytes of one that its way can carry."""
    return DATAGRAM_LIMIT if is_here(host) else NETWORK_LIMIT


class DatagramGuard:
    """Of one listener: what it answers, and how many commands it takes. ``name`` is as in metrics.

    An address of the network is not answered while it has had more replies than may be in a second;
    what it asks meanwhile is not done, unless it makes safe.
    """

    _log = Logger()

    def __init__(self, name: str, clock: IReactorTime, metrics: Metrics, log: SenderLog) -> None:
        self._clock = clock
        self._senders = log
        self._debts: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._waiting: dict[str, int] = {}
        self._waiting_bytes: dict[str, int] = {}
        self._left = AT_ONCE
        # Of whom it was said, since so many were read last, that some were dropped.
        self._told: set[str] = set()
        #: Commands that wait for their replies.
        self.in_flight = 0
        # Those of them that make safe.
        self._safe = 0
        self._dropped = metrics.counter(
            "pychron_comms_datagrams_dropped_total",
            "Datagrams dropped: errors, of an address that had enough replies, or of a full lane.",
            listener=name,
        )

    def listens(self, transport: Any) -> None:
        """Let a flood of datagrams keep the reactor for a moment only at a time."""
        self._left = AT_ONCE
        self._told.clear()
        transport.maxThroughput = _READ_AT_ONCE

    def came(self, transport: Any) -> None:
        """One more datagram has come there, which may be an empty one."""
        self._left -= 1
        if not self._left:
            # A port reads on until it has so many bytes; then it must be its turn again.
            transport.maxThroughput = 0
            self._clock.callLater(0, self.listens, transport)

    def may_answer(self, line: bytes, host: str, makes_safe: bool) -> bool:
        """Whether a line is to be answered at all."""
        if is_error(line):
            self._dropped.value += 1
            return False
        if makes_safe or is_here(host) or self._debt(host) < BURST:
            return True
        self._dropped.value += 1
        self._senders.warn(
            self._log, "dropped datagrams of {sender}: it had enough replies", sender=host
        )
        return False

    def dropped(self, host: str) -> None:
        """One had no room in its lane: an answer to each of a flood would cost more than it.

        Nor is each told to the log: that would cost as much as reading it.
        """
        self._dropped.value += 1
        if host not in self._told:
            self._told.add(host)
            self._senders.warn(
                self._log,
                "dropped datagrams of {sender}: too many wait for their turn",
                sender=host,
            )

    def answered(self, host: str, size: int) -> None:
        """So many bytes have been sent there."""
        if not is_here(host):
            host = self._known(host)
            self._debts[host] = self._debt(host) + size, self._clock.seconds()
            self._debts.move_to_end(host)

    def look_for_room(self, host: str, makes_safe: bool, size: int = 0) -> None:
        """203 where no more commands of that address, or bytes, may wait for their replies."""
        if makes_safe:
            waiting, most = self._safe, SAFE_ROOM
        else:
            waiting, most = self.in_flight - self._safe, PENDING_LIMIT
            own = 0 if is_here(host) else self._waiting.get(host, 0)
            if own >= SHARE:
                raise QueueFullError(f"{own} datagrams of {host} wait for their replies")
            length = self._waiting_bytes.get(host, 0)
            if length and length + size > WAITING_BYTES:
                raise QueueFullError(f"{length} bytes of {host} wait for their replies")
        if waiting >= most:
            raise QueueFullError(f"{most} datagrams wait for their replies")

    def begin(self, host: str, makes_safe: bool = False, size: int = 0) -> None:
        """One more waits, of so many bytes."""
        self.in_flight += 1
        if makes_safe:
            self._safe += 1
            return
        self._waiting[host] = self._waiting.get(host, 0) + 1
        self._waiting_bytes[host] = self._waiting_bytes.get(host, 0) + size

    def end(self, host: str, makes_safe: bool = False, size: int = 0) -> None:
        """One has its reply."""
        self.in_flight -= 1
        if makes_safe:
            self._safe -= 1
            return
        left, length = self._waiting.pop(host) - 1, self._waiting_bytes.pop(host) - size
        if left:
            self._waiting[host] = left
            self._waiting_bytes[host] = length

    def _debt(self, host: str) -> float:
        """Bytes that it has had, less what it might have had meanwhile."""
        debt, since = self._debts.get(self._known(host), (0.0, 0.0))
        return max(0.0, debt - (self._clock.seconds() - since) * RATE)

    def _known(self, host: str) -> str:
        """The name under which its bytes are counted."""
        if host in self._debts or len(self._debts) < ADDRESSES:
            return host
        # Those that were answered longest ago are first.
        oldest, (debt, since) = next(iter(self._debts.items()))
        if debt > (self._clock.seconds() - since) * RATE:
            return ""
        del self._debts[oldest]
        return host
