"""One plain command: who asked it, when it was over, and what may be a copy of it."""

from __future__ import annotations

from collections.abc import Mapping

from pychron_comms.interfaces import Move
from pychron_comms.processor.execution.entry import Ended, Entry
from pychron_comms.wire.copies import KEEP, KEEP_DATAGRAM, connection_of

#: Seconds for which a copy may lie on its way from a server: by then its own time is over.
LATE = 60.0

#: Connections that are told apart of those by which one command was asked.
CONNECTIONS = 100

#: Type and line.
Line = tuple[str, str]


class PlainCommand:
    """One plain command. ``asked_at``: when its first asker said it; ``ended_at``: when it was
    over; ``change``: its own number.

    ``last``: the one who asked it last, at ``last_at``; ``is_taken``: that one has read the reply.
    ``is_overtaken``: it was never begun, since what it moves was made safe. ``undone_by``: what may
    have made that safe since it was done; ``times_made_safe``: how often everything had been, when
    it was looked at last. ``line``: its type and words. ``keep``: seconds after its end in which
    a copy may come.
    """

    __slots__ = (
        "_connections",
        "asked_at",
        "change",
        "ended_at",
        "is_overtaken",
        "is_taken",
        "keep",
        "last",
        "last_at",
        "line",
        "moves",
        "times_made_safe",
        "undone_by",
        "what",
    )

    def __init__(
        self,
        what: Entry | Ended,
        request: Mapping[str, str],
        moves: tuple[Move, ...],
        at: float,
        times_made_safe: int = 0,
    ) -> None:
        self.what = what
        self.line = request["type"], request["command"]
        self.moves = moves
        self.asked_at = self.ended_at = at
        self.change = 0
        self.is_overtaken = False
        self.is_taken = False
        self.undone_by = ""
        self.times_made_safe = times_made_safe
        self.last = request["ask"]
        self.last_at = at
        connection = connection_of(self.last)
        self.keep = KEEP if connection else KEEP_DATAGRAM
        self._connections = {connection} if connection else set()

    @property
    def has_connection(self) -> bool:
        """Whether it can be told that its reply was read."""
        return bool(self._connections)

    def may_be_copied_by(self, sent: float) -> bool:
        """Whether what left its server then may be a copy."""
        return sent < self.ended_at + self.keep

    def may_be_older(self, ask: str, silent_since: float) -> bool:
        """Whether this may have been asked before its answer was there, by what its connection
        says."""
        # Of a connection that was made before the reply, or before the last copy was asked, nobody
        # knows when it asked first.
        since = max(self.ended_at, self.last_at) if is_first(ask) else self.asked_at
        return silent_since < since

    def ask(self, ask: str, at: float) -> None:
        """Someone asks it."""
        self.last, self.last_at = ask, at
        self.is_taken = False
        connection = connection_of(ask)
        if connection and len(self._connections) < CONNECTIONS:
            self._connections.add(connection)
            self.keep = KEEP

    def came_by(self, ask: str) -> bool:
        """Whether it came by the connection of this ask, which means it anew then."""
        return connection_of(ask) in self._connections

    def end(self, ended: Ended, now: float) -> None:
        """It is over."""
        self.what, self.ended_at = ended, now
        if self.undone_by:
            self.undo(self.undone_by)

    def undo(self, by: str) -> None:
        """Its part was made safe, now or while it ran."""
        self.undone_by = by
        if isinstance(self.what, Ended):
            self.what = self.what.undone(self.line[1], by)

    def was_refused_to(self, ask: str, sent: float, silent_since: float) -> bool:
        """Whether this may have been asked before it was told that the same was refused.

        Who has been told asks it anew; a datagram does not tell which of the two it is.
        """
        if not connection_of(ask):
            return sent < self.ended_at + KEEP_DATAGRAM
        is_copy = self.may_be_copied_by(sent) and self.may_be_older(ask, silent_since)
        return is_copy and not self.came_by(ask)


def is_first(ask: str) -> bool:
    """Whether its connection said nothing before."""
    return ask.endswith(".1") and connection_of(ask) != ""
