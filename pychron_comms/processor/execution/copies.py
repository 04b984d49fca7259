"""Plain commands that a client sends again: run once, whoever still waits gets the one reply.

A Pychron client that hears nothing sends the same line again after 1.03 s and 1.55 s, each time on
a new connection, and ends the old one just before. It puts no key on it, so what tells a copy from
a new command is here: the same line, from the same computer, by another connection, while the
first still runs; or in the seconds after it, until there is evidence that its reply was read; or by
a connection that has been silent since before the first was asked, or has said nothing yet and was
made before that reply was there, or before the last copy was asked: a bad line may bring a copy
when another was answered. What its own sender has changed since is wished anew. Where another has,
nobody can tell a copy from a new wish: it gets 201, and undoes nothing. Nor does a copy run what
was dropped because something was made safe (210), nor one that was under way what was refused. What
makes safe is no copy of anything. All is reckoned by when it left its server, so that the time for
which this process stood still is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pychron_comms.errors import ExpiredError, OvertakenError, error_from_line
from pychron_comms.interfaces import ICall, Move
from pychron_comms.processor.execution.changes import ChangeLog
from pychron_comms.processor.execution.entry import Ended, Entry
from pychron_comms.processor.execution.plain_command import (
    LATE,
    Line,
    PlainCommand,
    is_first,
)
from pychron_comms.processor.execution.shares import Shares
from pychron_comms.wire.copies import connection_of

#: Bytes for all that are kept; and of what was refused, for all and for each sender.
ROOM = 32_000_000
REFUSED_ROOM = 8_000_000
REFUSED_SHARE = 400_000

#: Bytes of the objects of one, beside its texts and its place.
OBJECTS = 1000

#: The event of what is carried over of a plain command.
PLAIN_COMMAND = "plain"


class Times(NamedTuple):
    """When a command was asked and when it ended, and the number of its change."""

    asked: float
    ended: float
    change: int


class CopyMemory:
    """Tells which plain commands are copies. No work grows with what is kept."""

    def __init__(self, changes: ChangeLog, room: float = ROOM) -> None:
        self._changes = changes
        self._open: dict[Entry, PlainCommand] = {}
        # The last of each line that waits or runs.
        self._running: dict[tuple[str, Line], PlainCommand] = {}
        self._kept: Shares[Line, PlainCommand] = Shares(room, forgotten=self._forgotten)
        # What was never begun, and why: of no use but for copies that are under way.
        self._refused: Shares[Line, PlainCommand] = Shares(REFUSED_ROOM, REFUSED_SHARE)
        # Those that are kept, by who asked them last.
        self._last: dict[str, PlainCommand] = {}
        # How often everything was made safe, and by what it was last.
        self._times_made_safe, self._made_safe_by = 0, ""

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
        return self._kept.size + self._refused.size

    def find(self, request: Mapping[str, str], call: ICall, now: float) -> Entry | Ended | None:
        """What this command, which names its ``ask``, is a copy of; None for a new one.

        Errors: 202 for one that may be a copy come late, past a change: it must undo nothing.
        """
        line = request["type"], request["command"]
        ask, sent = call.context.ask, now - call.context.age
        silent_since = sent - call.context.silent
        running = self._running.get((call.sender, line))
        # Nearly always nothing was refused.
        if running is None and self._refused.size:
            refused = self._refused.get(call.sender, line, now)
            if refused is not None and refused.was_refused_to(ask, sent, silent_since):
                # Told once more, so that what is under way just now is no newer than that.
                refused.ask(ask, now)
                return refused.what
        plain = running or self._kept.get(call.sender, line, now)
        # Who asks it twice by one connection means it twice.
        if plain is None or plain.came_by(ask):
            return None
        self._bring_up_to_date(plain)
        is_late = silent_since < plain.asked_at
        what = plain.what if running else self._past(plain, call, sent, silent_since)
        if what is not None and not (is_late or plain.is_taken):
            # Whoever sent a late one has the reply by another connection, or has gone.
            self._ask_again(plain, ask, sent)
        return what

    def _past(
        self, plain: PlainCommand, call: ICall, sent: float, silent_since: float
    ) -> Entry | Ended | None:
        """What a copy of one that has ended gets; None for what is wished anew."""
        ask = call.context.ask
        if not plain.may_be_copied_by(sent):
            return None
        is_changed = self._changes.changed_since(plain.moves, plain.change)
        is_changed = is_changed and not plain.is_overtaken
        may_be_late = plain.may_be_older(ask, silent_since)
        if may_be_late and is_changed and is_first(ask):
            raise ExpiredError(f"{call.name}: perhaps a late copy; its part was changed since")
        if plain.is_taken and not may_be_late:
            return None
        if not is_changed:
            return plain.what
        goes_on = bool(connection_of(ask)) and not is_first(ask)
        if goes_on or self._changes.changed_by(call.sender, plain.moves, plain.change):
            return None
        return _undone(plain)

    def opened(self, entry: Entry, now: float) -> None:
        """A new command waits."""
        call = entry.call
        asked_at = now - call.context.age
        plain = PlainCommand(entry, entry.request, call.moves, asked_at, self._times_made_safe)
        self._open[entry] = plain
        self._running.setdefault((call.sender, plain.line), plain)

    def begun(self, entry: Entry, change: int) -> None:
        """It runs, which is that change."""
        plain = self._open[entry]
        plain.change = change
        self._running[entry.call.sender, plain.line] = plain

    def ended(self, entry: Entry, ended: Ended, now: float) -> None:
        """It is over; what was never begun may be asked anew by who can know that it was not."""
        plain = self._open.pop(entry)
        sender = entry.call.sender
        place = sender, plain.line
        if self._running.get(place) is plain:
            del self._running[place]
        self._bring_up_to_date(plain)
        plain.end(ended, now)
        self._remember(sender, plain, ended, now)

    def all_made_safe(self, by: str) -> None:
        """What was done may be undone now, and what runs is: who asks it again is told so (201).

        Each hears of it when it is looked at next: a laser waits for this.
        """
        self._times_made_safe += 1
        self._made_safe_by = by

    def carried(self, now: float) -> Iterator[tuple[dict[str, Any], Times]]:
        """What a later process must know of each whose reply is in doubt, and its times."""
        for sender, (request_type, command), plain, _ in self._kept:
            is_over = plain.is_taken or not plain.may_be_copied_by(now)
            is_over = is_over or self._changes.changed_by(sender, plain.moves, plain.change)
            self._bring_up_to_date(plain)
            what = plain.what
            if isinstance(what, Ended) and not is_over:
                if self._changes.changed_since(plain.moves, plain.change):
                    what = _undone(plain)
                record = {
                    "event": PLAIN_COMMAND,
                    "type": request_type,
                    "command": command,
                    "sender": sender,
                    "ask": plain.last,
                    "state": what.state.value,
                    "reply": what.reply,
                }
                yield record, Times(plain.asked_at, plain.ended_at, plain.change)

    def recall(
        self, request: Mapping[str, str], moves: tuple[Move, ...], ended: Ended, times: Times
    ) -> None:
        """A command that an earlier process ran; after all these, one that it refused."""
        run = self._kept.get(request["sender"], (request["type"], request["command"]), times.ended)
        if ended.refused and run is not None and run.ended_at >= times.ended:
            return
        plain = PlainCommand(ended, request, moves, times.asked, self._times_made_safe)
        plain.change, plain.ended_at = times.change, times.ended
        self._remember(request["sender"], plain, ended, times.ended)

    def taken(self, ask: str) -> None:
        """The reply to that ask was read."""
        plain = self._last.get(ask)
        if plain is not None:
            plain.is_taken = True

    def _bring_up_to_date(self, plain: PlainCommand) -> None:
        """Where everything was made safe since it was looked at last, it may be undone."""
        if plain.times_made_safe != self._times_made_safe:
            plain.times_made_safe = self._times_made_safe
            plain.undo(self._made_safe_by)

    def _ask_again(self, plain: PlainCommand, ask: str, at: float) -> None:
        is_kept = self._last.pop(plain.last, None) is not None
        plain.ask(ask, at)
        if is_kept:
            self._last[ask] = plain

    def _remember(self, sender: str, plain: PlainCommand, ended: Ended, now: float) -> None:
        plain.is_overtaken = ended.refused and plain.has_connection and _is_overtaken(ended)
        line, until = plain.line, now + plain.keep + LATE
        texts = len(line[1]) + len(ended.reply) + OBJECTS
        if ended.refused and not plain.is_overtaken:
            self._refused.keep(sender, line, plain, texts=texts, until=until, now=now)
        else:
            if self._refused.size:
                self._refused.forget(sender, line)
            # First, since it may be forgotten at once for want of room.
            self._last[plain.last] = plain
            self._kept.keep(sender, line, plain, texts=texts, until=until, now=now)

    def _forgotten(self, plain: PlainCommand) -> None:
        self._last.pop(plain.last, None)


def _undone(plain: PlainCommand) -> Ended:
    """What is told of it since another has changed its part."""
    assert isinstance(plain.what, Ended)
    return plain.what.undone(plain.line[1], "another")


def _is_overtaken(ended: Ended) -> bool:
    return isinstance(error_from_line(ended.reply), OvertakenError)
