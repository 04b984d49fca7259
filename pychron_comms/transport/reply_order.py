"""The order of one connection's plain replies. Knows no transport."""

from __future__ import annotations


class Turn:
    """The place of one plain reply; ``reply`` is None until it is there."""

    reply: bytes | None = None

    @classmethod
    def of(cls, reply: bytes) -> Turn:
        """One whose reply is there already."""
        turn = cls()
        turn.reply = reply
        return turn


class ReplyOrder:
    """Plain replies leave in the order of their requests; each method tells what may leave now.

    A reply that bears an id needs no place here: it may overtake.
    """

    __slots__ = ("_turns",)

    def __init__(self) -> None:
        # No deque: an empty one takes ten times the memory, of each idle connection.
        self._turns: list[Turn] = []

    def __len__(self) -> int:
        """How many have a place and have not left."""
        return len(self._turns)

    def reserve(self) -> Turn:
        """A place behind all that were reserved before."""
        turn = Turn()
        self._turns.append(turn)
        return turn

    def place(self, turn: Turn) -> bytes:
        """The place behind all others is this one, whose reply may be there already."""
        self._turns.append(turn)
        return self._ready()

    def append(self, reply: bytes) -> bytes:
        """A reply that is there already, behind all others."""
        if not self._turns:
            return reply
        self._turns.append(Turn.of(reply))
        return b""

    def fill(self, turn: Turn, reply: bytes) -> bytes:
        """The reply for a place that was reserved."""
        turns = self._turns
        if turns and turns[0] is turn and (len(turns) == 1 or turns[1].reply is None):
            # Nearly always: it is the next, and none behind it is ready.
            del turns[0]
            return reply
        turn.reply = reply
        return self._ready()

    def fill_all(self, reply: bytes) -> bytes:
        """The same reply for each place that still has none."""
        for turn in self._turns:
            if turn.reply is None:
                turn.reply = reply
        return self._ready()

    def _ready(self) -> bytes:
        ready = []
        for turn in self._turns:
            if turn.reply is None:
                break
            ready.append(turn.reply)
        del self._turns[: len(ready)]
        return ready[0] if len(ready) == 1 else b"".join(ready)
