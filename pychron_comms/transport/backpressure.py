"""When a connection's lines are worked off. Knows no transport."""

from __future__ import annotations


class Backpressure:
    """Commands begin while fewer than ``limit`` wait for replies and the client reads its replies.

    Once the limit is met none begins until half of them are answered, so that work does not stop
    and start at every reply.
    """

    __slots__ = ("_limit", "_resting", "_unread", "in_flight", "may_work")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._resting = False
        self._unread = False
        #: Commands that wait for their replies.
        self.in_flight = 0
        #: Whether a command may begin.
        self.may_work = True

    @property
    def is_unread(self) -> bool:
        """Whether the client leaves replies unread."""
        return self._unread

    def begin(self) -> None:
        """A command waits for its reply."""
        self.in_flight += 1
        if self.in_flight >= self._limit:
            self._resting = True
            self.may_work = False

    def end(self) -> None:
        """One has its reply."""
        self.in_flight -= 1
        if self._resting and self.in_flight <= self._limit // 2:
            self._resting = False
            self.may_work = not self._unread

    def unread(self) -> None:
        """The client leaves replies unread."""
        self._unread = True
        self.may_work = False

    def read(self) -> None:
        """It has read them."""
        self._unread = False
        self.may_work = not self._resting
