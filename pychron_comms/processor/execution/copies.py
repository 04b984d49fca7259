"""Plain commands that a client sends again: run once, whoever still waits gets the one reply.

A Pychron client that hears nothing sends the same line again after 1.03 s and 1.55 s, each time on
a new connection, and ends the old one just before. It puts no key on it, so what tells a copy from
a new command is here: the same line, from the same computer, by another connection, while the
first still runs; or in the seconds after it, until there is evidence that its reply was read; or by
a connection that has been silent since before the first was asked, or has said nothing yet and was
made before that reply was there, or before the last copy was asked: a bad line may bring a copy
when another was answered. What anybody has changed since is wished anew; but no copy runs what was
dropped because something was made safe (210). What makes safe is no copy of anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pychron_comms.errors import ExpiredError, OvertakenError, error_from_line
from pychron_comms.interfaces import ICall, Move
from pychron_comms.processor.execution.changes import ChangeLog
from pychron_comms.processor.execution.entry import Ended, Entry
from pychron_comms.processor.execution.shares import Shares
from pychron_comms.wire.context import OBSERVE

#: Seconds in which it may be in doubt whether a reply was read. A datagram's copies come sooner.
KEEP = 5.0
KEEP_DATAGRAM = 2.1

#: Bytes for all that are kept.
ROOM = 32_000_000

#: Bytes of the objects of one, beside its texts and its place.
OBJECTS = 1000

#: Connections that are told apart of those by which one command was asked.
CONNECTIONS = 100

#: The event of what is carried over of a plain command.
PLAIN_COMMAND = "plain"

# Stands for the connection of a datagram, which has none.
_DATAGRAM = "udp"

#: Type and line.
_Line = tuple[str, str]


class Times(NamedTuple):
    """When a command was asked and when it ended, and the number of its change."""

    asked: float
    ended: float
    change: int


class _Plain:
    """One plain command. ``asked_at``: when its first asker said it; ``ended_at``: when it was
    over; ``change``: its own number.

    ``last``: the one who asked it last, at ``last_at``; ``is_taken``: that one has read the reply.
    ``is_overtaken``: it was never begun, since what it moves was made safe. ``line``: its type and
    words.
    """

    __slots__ = (
        "_connections",
        "asked_at",
        "change",
        "ended_at",
        "is_overtaken",
        "is_taken",
        "last",
        "last_at",
        "line",
        "moves",
        "what",
    )

    def __init__(
        self, what: Entry | Ended, request: Mapping[str, str], moves: tuple[Move, ...], at: float
    ) -> None:
        self.what = what
        self.line = request["type"], request["command"]
        self.moves = moves
        self.asked_at = self.ended_at = at
        self.change = 0
        self.is_overtaken = False
        self.is_taken = False
        self.last = ""
        self._connections: set[str] = set()
        self.ask(request["ask"], at)

    @property
    def has_connection(self) -> bool:
        """Whether it can be told that its reply was read."""
        return bool(self._connections)

    @property
    def keep(self) -> float:
        """Seconds after its end in which a copy may come."""
        return KEEP if self._connections else KEEP_DATAGRAM

    def ask(self, ask: str, at: float) -> None:
        """Someone asks it."""
        self.last, self.last_at = ask, at
        self.is_taken = False
        connection = _connection(ask)
        if connection != _DATAGRAM and len(self._connections) < CONNECTIONS:
            self._connections.add(connection)

    def came_by(self, ask: str) -> bool:
        """Whether it came by the connection of this ask, which means it anew then."""
        return _connection(ask) in self._connections


class CopyMemory:
    """Tells which plain commands are copies. No work grows with what is kept."""

    def __init__(self, changes: ChangeLog, room: float = ROOM) -> None:
        self._changes = changes
        self._open: dict[Entry, _Plain] = {}
        # The last of each line that waits or runs.
        self._running: dict[tuple[str, _Line], _Plain] = {}
        self._kept: Shares[_Line, _Plain] = Shares(room, forgotten=self._forgotten)
        # Those that are kept, by who asked them last.
        self._last: dict[str, _Plain] = {}

    @property
    def running(self) -> int:
        """Plain commands that wait or run."""
        return len(self._open)

    @property
    def kept(self) -> int:
        """Those that have ended and may be asked again."""
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes that these take."""
        return self._kept.size

    def find(self, request: Mapping[str, str], call: ICall, now: float) -> Entry | Ended | None:
        """What this command is a copy of; None for a new one.

        Errors: 202 for one that may be a copy come late, past a change: it must undo nothing.
        """
        if "ask" not in request:
            return None
        line = request["type"], request["command"]
        running = self._running.get((call.sender, line))
        plain = running or self._kept.get(call.sender, line, now)
        # Who asks it twice by one connection means it twice.
        if plain is None or plain.came_by(call.context.ask):
            return None
        silent_since = now - call.context.age - call.context.silent
        is_late = silent_since < plain.asked_at
        if running is None:
            is_changed = self._changes.changed_since(plain.moves, plain.change)
            is_changed = is_changed and not plain.is_overtaken
            # Of a connection that was made before the reply, or before the last copy was asked,
            # nobody knows when it asked first.
            is_first = call.context.ask.endswith(".1")
            since = max(plain.ended_at, plain.last_at) if is_first else plain.asked_at
            may_be_late = silent_since < since
            if may_be_late and is_changed and is_first:
                raise ExpiredError(f"{call.name}: perhaps a late copy; its part was changed since")
            if is_changed or (plain.is_taken and not may_be_late):
                return None
        if not (is_late or plain.is_taken):
            # Whoever sent a late one has the reply by another connection, or has gone.
            self._ask_again(plain, call.context.ask, now - call.context.age)
        return plain.what

    def opened(self, entry: Entry, now: float) -> None:
        """A new command waits."""
        call = entry.call
        plain = _Plain(entry, entry.request, call.moves, now - call.context.age)
        self._open[entry] = plain
        self._running.setdefault((call.sender, plain.line), plain)

    def begun(self, entry: Entry, change: int) -> None:
        """It runs, which is that change."""
        plain = self._open[entry]
        plain.change = change
        self._running[entry.call.sender, plain.line] = plain

    def ended(self, entry: Entry, ended: Ended, now: float) -> None:
        """It is over; what was never begun may be asked anew, once it is known that it was not."""
        plain = self._open.pop(entry)
        sender = entry.call.sender
        place = sender, plain.line
        if self._running.get(place) is plain:
            del self._running[place]
        plain.is_overtaken = ended.refused and plain.has_connection and _is_overtaken(ended)
        if plain.is_overtaken or not ended.refused:
            plain.what, plain.ended_at = ended, now
            self._keep(sender, plain, now + plain.keep, now)

    def carried(self) -> Iterator[tuple[dict[str, Any], float]]:
        """What a later process must know of each whose reply is in doubt, and when it was asked."""
        for sender, (request_type, command), plain, _ in self._kept:
            is_changed = self._changes.changed_since(plain.moves, plain.change)
            if isinstance(plain.what, Ended) and not (plain.is_taken or is_changed):
                record = {
                    "event": PLAIN_COMMAND,
                    "type": request_type,
                    "command": command,
                    "sender": sender,
                    "ask": plain.last,
                    "state": plain.what.state.value,
                    "reply": plain.what.reply,
                }
                yield record, plain.asked_at

    def recall(
        self, request: Mapping[str, str], moves: tuple[Move, ...], ended: Ended, times: Times
    ) -> None:
        """A command that an earlier process ran."""
        plain = _Plain(ended, request, moves, times.asked)
        plain.change, plain.ended_at = times.change, times.ended
        until = times.ended + KEEP
        self._keep(request["sender"], plain, until, times.ended)

    def taken(self, ask: str) -> None:
        """The reply to that ask was read."""
        plain = self._last.get(ask)
        if plain is not None:
            plain.is_taken = True

    def _ask_again(self, plain: _Plain, ask: str, at: float) -> None:
        is_kept = self._last.pop(plain.last, None) is not None
        plain.ask(ask, at)
        if is_kept:
            self._last[ask] = plain

    def _keep(self, sender: str, plain: _Plain, until: float, now: float) -> None:
        texts = len(plain.line[1]) + OBJECTS
        if isinstance(plain.what, Ended):
            texts += len(plain.what.reply)
        # First, since it may be forgotten at once for want of room.
        self._last[plain.last] = plain
        self._kept.keep(sender, plain.line, plain, texts=texts, until=until, now=now)

    def _forgotten(self, plain: _Plain) -> None:
        self._last.pop(plain.last, None)


def is_plain(call: ICall) -> bool:
    """Whether copies of it are asked about at all."""
    context = call.context
    return bool(context.ask) and not (context.key or call.safe or context.role == OBSERVE)


def _is_overtaken(ended: Ended) -> bool:
    return isinstance(error_from_line(ended.reply), OvertakenError)


def _connection(ask: str) -> str:
    return ask.rpartition(".")[0]
