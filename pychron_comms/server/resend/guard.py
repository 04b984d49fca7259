"""Commands that a client sends again: run once, whoever still waits gets the one reply.

A Pychron client that hears nothing sends the same line again after 1.03 s and 1.55 s, each time on
a new connection, and ends the old one just before. It puts no key on it, so what tells a copy from
a new command is here: the same line, from the same computer, by another connection, while the
first still runs; or after its reply could not be delivered; or by a connection that is older than
the one that was answered, since a bad line may bring the first of them last.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import ExpiredError, error_from_line
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.safeguards.overlap import overlap
from pychron_comms.server.resend.command_catalogue import Asked, CommandCatalogue, Nature
from pychron_comms.wire.context import PLAIN, RequestContext

#: Seconds that a reply which could not be delivered is kept for the one who asks again.
KEEP = 5.0

#: Seconds in which who has gone may ask again, before a command that still waits is dropped.
GONE = 1.0

#: Senders, and parts of each, whose last commands are remembered.
_SENDERS = 10_000
_PARTS = 1000

Outcome = str | Failure


class _Running:
    """A command that runs: who asked it first, who still waits, and the replies for its copies."""

    __slots__ = ("askers", "begun", "copies", "first", "response", "since")

    def __init__(
        self, first: object, response: Deferred[str], since: int = 0, begun: float = 0.0
    ) -> None:
        self.first = first
        self.response = response
        self.since = since
        self.begun = begun
        self.askers = [first]
        self.copies: list[Deferred[str]] = []


class _Kept(NamedTuple):
    outcome: Outcome
    until: float
    since: int


class Heard(NamedTuple):
    """``at``: when the last command came by a connection; where none has (``new``), its making."""

    at: float
    new: bool


#: Of what has no connection.
NOT_KNOWN = Heard(math.inf, False)


class _Answered(NamedTuple):
    outcome: Outcome
    begun: float
    until: float
    since: int


class RepeatGuard:
    """Stands before a repeater, for the plain commands of every listener.

    ``keep`` is how long an undelivered reply waits, in seconds; 0 for not at all.

    Commands that only read pass by: asking them twice is harmless, and an old answer would not be.
    So do those that make safe: what they make safe may have been undone since the first, and who
    asks again wants it safe now. A command that makes safe with some values only is a copy as long
    as nothing else has been asked of its type meanwhile. Which these are, the processor tells
    (``Describe``); until it has, every command is taken for one that only acts.
    """

    _log = Logger()

    def __init__(
        self,
        repeater: ICommandRepeater,
        clock: IReactorTime,
        log: SenderLog,
        keep: float = KEEP,
    ) -> None:
        self._senders = log
        self._repeater = repeater
        self._clock = clock
        self._keep_seconds = keep
        self._catalogue = CommandCatalogue(repeater)
        self._running: dict[Asked, _Running] = {}
        self._kept: dict[Asked, _Kept] = {}
        self._answered: OrderedDict[Asked, _Answered] = OrderedDict()
        # How many commands that act have come, by type; and the last of each sender, by its part.
        self._count: dict[str, int] = {}
        self._last: OrderedDict[tuple[str, str], dict[str, int]] = OrderedDict()

    def passes(self, asked: Asked) -> bool:
        """Whether the command need not come by here."""
        nature = self._catalogue.nature(asked)
        if nature is Nature.MAKES_SAFE:
            self.note(asked)
        return nature is not Nature.ACTS

    def makes_safe(self, asked: Asked) -> bool:
        """Whether the command makes safe whatever its values, as far as is known."""
        return self._catalogue.nature(asked) is Nature.MAKES_SAFE

    def note(self, asked: Asked) -> None:
        """A command that acts has come, by here or past it."""
        number = self._count[asked.request_type] = self.counted(asked) + 1
        name = asked.request_type, asked.sender
        parts = self._last.get(name)
        if parts is None or len(parts) >= _PARTS:
            # Of too many parts, each stands for all.
            parts = self._last[name] = {"": number} if parts else {}
            if len(self._last) > _SENDERS:
                self._last.popitem(last=False)
        parts[self._catalogue.part(asked)] = number

    def get_response(
        self,
        asked: Asked,
        client: object,
        context: RequestContext = PLAIN,
        heard: Callable[[], Heard] = lambda: NOT_KNOWN,
    ) -> Deferred[str]:
        """The reply to a plain command of ``client``, a connection; a copy's is its first's.

        ``heard`` tells what had come by that connection before.
        """
        running = self._running.get(asked)
        if running is not None and running.first is not client and self._is_copy(asked, running):
            self._senders.info(
                self._log, "{sender} asks again: {data}", sender=asked.sender, data=asked.data
            )
            copy: Deferred[str] = Deferred()
            running.copies.append(copy)
            running.askers.append(client)
            return copy
        known = self._take_kept(asked) or self._late_copy(asked, heard)
        if known is not None:
            self._senders.info(
                self._log,
                "{sender} asks again, after: {data}",
                sender=asked.sender,
                data=asked.data,
            )
            return succeed(known) if isinstance(known, str) else fail(known)
        return self._run(asked, client, context)

    def leave(self, asked: Asked, response: Deferred[str], client: object) -> None:
        """``client`` is gone. A command that nobody else waits for is dropped if it still waits.

        Only after a moment: Pychron's client ends its connection just before it asks again.
        """
        running = self._running.get(asked)
        if running is not None and client in running.askers:
            running.askers.remove(client)
        elif not response.called:
            running = _Running(client, response)
            running.askers.clear()
        if running is not None and not running.askers:
            self._clock.callLater(GONE, self._drop, running)

    def _drop(self, running: _Running) -> None:
        if not running.askers and not running.response.called:
            self._repeater.asker_gone(running.response)

    def counted(self, asked: Asked) -> int:
        """How many commands of its type have come that change something."""
        return self._count.get(asked.request_type, 0)

    def keep(
        self, asked: Asked, outcome: Outcome, since: int, seconds: float | None = None
    ) -> None:
        """Keep a reply that could not be delivered; ``since`` is what was counted at its asking.

        ``seconds`` stands for the guard's own.
        """
        if self._keep_seconds > 0 and not _was_dropped(outcome):
            now = self._clock.seconds()
            for other in [other for other, each in self._kept.items() if each.until <= now]:
                del self._kept[other]
            self._kept[asked] = _Kept(outcome, now + (seconds or self._keep_seconds), since)

    def forget(self, asked: Asked) -> None:
        """The reply was delivered after all."""
        self._kept.pop(asked, None)

    def _take_kept(self, asked: Asked) -> Outcome | None:
        kept = self._kept.pop(asked, None)
        if kept is None or kept.until <= self._clock.seconds() or not self._is_copy(asked, kept):
            return None
        return None if self._is_over(asked, kept.since) else kept.outcome

    def _is_over(self, asked: Asked, since: int) -> bool:
        """Whether its sender has asked something new of the same part since."""
        parts = self._last.get((asked.request_type, asked.sender), {})
        part = self._catalogue.part(asked)
        return any(number > since and overlap(each, part) for each, number in parts.items())

    def _late_copy(self, asked: Asked, heard: Callable[[], Heard]) -> Outcome | None:
        """What was answered to another connection while this one was silent.

        Where it never said anything before, whatever was asked since: what comes late must not undo
        it.
        """
        answered = self._answered.get(asked)
        if answered is None or answered.until <= self._clock.seconds():
            return None
        at, new = heard()
        if at >= answered.begun:
            return None
        return answered.outcome if new or not self._is_over(asked, answered.since) else None

    def _is_copy(self, asked: Asked, first: _Running | _Kept) -> bool:
        """Whether the same line is still the same wish as its first."""
        return first.since == self.counted(asked) or not self._catalogue.may_make_safe(asked)

    def _run(self, asked: Asked, client: object, context: RequestContext) -> Deferred[str]:
        self.note(asked)
        begun = self._clock.seconds()
        response = self._repeater.get_response(*asked, context)
        if asked in self._running:
            return response
        running = _Running(client, response, self.counted(asked), begun)
        self._running[asked] = running
        return response.addBoth(self._ended, asked, running)

    def _ended(self, outcome: Outcome, asked: Asked, running: _Running) -> Outcome:
        del self._running[asked]
        for copy in running.copies:
            copy.callback(outcome)
        self._remember(asked, outcome, running)
        return outcome

    def _remember(self, asked: Asked, outcome: Outcome, running: _Running) -> None:
        answered, now = self._answered, self._clock.seconds()
        while answered and next(iter(answered.values())).until <= now:
            answered.popitem(last=False)
        if self._keep_seconds > 0 and not _was_dropped(outcome):
            answered.pop(asked, None)
            until = now + self._keep_seconds
            answered[asked] = _Answered(outcome, running.begun, until, running.since)


def _was_dropped(outcome: Outcome) -> bool:
    """Whether it was never begun for want of somebody who waits: who asks again means it anew."""
    if isinstance(outcome, Failure):
        return bool(outcome.check(ExpiredError))
    # Nearly every reply is none, and is seen at once to be none.
    return outcome.startswith("ERROR") and isinstance(error_from_line(outcome), ExpiredError)
