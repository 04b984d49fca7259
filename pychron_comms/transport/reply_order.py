"""The order of one connection's plain replies. Knows no transport."""

from __future__ import annotations

from collections.abc import Sequence


class Turn:
    """The place of a plain reply that is asked for ahead of the lines before it.

    ``reply`` is None until it is there, ``number`` until its line has come to its turn.
    """

    __slots__ = ("number", "reply")

    def __init__(self, reply: bytes | None = None) -> None:
        self.reply = reply
        self.number: int | None = None


class ReplyOrder:
    """Plain replies leave in the order of their requests; each method tells what may leave now.

    A place is a number, counted up from 0. A reply that bears an id needs none: it may overtake.
    """

    __slots__ = ("_left", "_replies")

    def __init__(self) -> None:
        # Replies that have left, and those that have not: None for what is not there yet.
        # No deque: an empty one takes ten times the memory, of each idle connection.
        self._left = 0
        self._replies: list[bytes | None] = []

    def __len__(self) -> int:
        """How many have a place and have not left."""
        return len(self._replies)

    def reserve(self, count: int = 1) -> int:
        """The first of so many places, behind all that were reserved before."""
        replies = self._replies
        place = self._left + len(replies)
        if count == 1:
            replies.append(None)
        else:
            replies.extend([None] * count)
        return place

    def place(self, turn: Turn) -> bytes:
        """The place behind all others is this one's, whose reply may be there already."""
        turn.number = self.reserve()
        return self.turn_came(turn)

    def turn_came(self, turn: Turn) -> bytes:
        """It has its reply, or its place: who has both may leave."""
        if turn.number is None or turn.reply is None:
            return b""
        return self.fill(turn.number, (turn.reply,))

    def append(self, reply: bytes) -> bytes:
        """A reply that is there already, behind all others."""
        if not self._replies:
            self._left += 1
            return reply
        self._replies.append(reply)
        return b""

    def fill(self, place: int, replies: Sequence[bytes]) -> bytes:
        """The replies for this place that was reserved, and those behind it."""
        pending, count = self._replies, len(replies)
        begin = place - self._left
        if begin == 0 and (count == len(pending) or pending[count] is None):
            # Nearly always: they are the next, and none behind them is ready.
            del pending[:count]
            self._left += count
            return replies[0] if count == 1 else b"".join(replies)
        if begin < 0:
            # Those that were given up have left already.
            return b""
        pending[begin : begin + count] = replies
        return self._ready()

    def fill_all(self, reply: bytes) -> bytes:
        """The same reply for each place that still has none."""
        self._replies = [reply if each is None else each for each in self._replies]
        return self._ready()

    def _ready(self) -> bytes:
        ready: list[bytes] = []
        for reply in self._replies:
            if reply is None:
                break
            ready.append(reply)
        del self._replies[: len(ready)]
        self._left += len(ready)
        return ready[0] if len(ready) == 1 else b"".join(ready)
