"""When a connection's commands may begin. Knows no transport."""

from __future__ import annotations

from pychron_comms.transport.budget import HostBudget


class Backpressure:
    """Commands begin while fewer than ``limit`` wait for replies and the client reads its replies.

    Once the limit is met none begins until half of them are answered, so that work does not stop
    and start at every reply. The host, too, must have room; but each connection may have one.
    """

    __slots__ = ("_host", "_limit", "_resting", "in_flight", "is_unread")

    def __init__(self, limit: int, host: HostBudget) -> None:
        self._limit = limit
        self._host = host
        self._resting = False
        #: Whether the client leaves replies unread.
        self.is_unread = False
        #: Commands that wait for their replies.
        self.in_flight = 0

    @property
    def may_begin(self) -> bool:
        """Whether a command may."""
        return not (self._resting or self.is_unread) and (
            self._host.commands < self._host.most or not self.in_flight
        )

    @property
    def room(self) -> int:
        """How many commands may."""
        if not self.may_begin:
            return 0
        # A connection that has none in flight has room for one, however full its host's is.
        left = max(self._host.most - self._host.commands, 1)
        return min(left, self._limit - self.in_flight)

    @property
    def only_lacks_room(self) -> bool:
        """Whether none may because of the host alone."""
        return not (self._resting or self.is_unread or self.may_begin)

    def begin(self, count: int = 1) -> None:
        """So many commands wait for their replies."""
        self._host.commands += count
        self.in_flight += count
        if self.in_flight >= self._limit:
            self._resting = True

    def end(self, count: int = 1) -> None:
        """So many have theirs."""
        self.in_flight -= count
        if self._resting and self.in_flight <= self._limit // 2:
            self._resting = False
        self._host.commands -= count
        if self._host.waiting:
            self._host.call_next()
