"""Commands that a client sends again: run once, whoever still waits gets the one reply.

A Pychron client that hears nothing sends the same line again after 1.03 s and 1.55 s, each time on
a new connection, and ends the old one just before. It puts no key on it, so what tells a copy from
a new command is here: the same line, from the same computer, by another connection, while the
first still runs; or after its reply could not be delivered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import (
    InvalidCommandError,
    MalformedRequestError,
    OutcomeUnknownError,
    PychronCommunicationError,
)
from pychron_comms.interfaces import ALWAYS, SOMETIMES, Effect, ICommandRepeater
from pychron_comms.line import parse_command

#: Seconds that a reply which could not be delivered is kept for the one who asks again.
KEEP = 5.0

Outcome = str | Failure


class Asked(NamedTuple):
    """A command as one computer asked it: what a copy of it has in common with it."""

    request_type: str
    data: str
    sender: str


class _Running:
    """A command that runs: who asked it first, and the copies that wait with it."""

    __slots__ = ("copies", "first", "since")

    def __init__(self, first: object, since: int) -> None:
        self.first = first
        self.since = since
        self.copies: list[Deferred[str]] = []


class _Kept(NamedTuple):
    outcome: Outcome
    until: float
    since: int


class _Known(NamedTuple):
    """What a request type tells of its commands.

    ``reads``: those that only read. ``safe``: those that make safe; ``perhaps_safe``: those that do
    with some values.
    """

    reads: frozenset[str] = frozenset()
    safe: frozenset[str] = frozenset()
    perhaps_safe: frozenset[str] = frozenset()


#: Of a type that has not described itself.
_NOTHING = _Known()


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

    def __init__(self, repeater: ICommandRepeater, clock: IReactorTime, keep: float = KEEP) -> None:
        self._repeater = repeater
        self._clock = clock
        self._keep_seconds = keep
        self._running: dict[Asked, _Running] = {}
        self._kept: dict[Asked, _Kept] = {}
        self._known: dict[str, _Known] = {}
        self._count: dict[str, int] = {}

    def takes(self, asked: Asked, tagged: bool) -> bool:
        """Whether the command must come by here; one that need not is taken note of.

        Who puts tags on a command sees to its copies by itself.
        """
        known = self._known_of(asked.request_type)
        word = _word(asked) if known is not _NOTHING else ""
        if word in known.reads:
            return False
        if not tagged and word not in known.safe:
            return True
        self._note(asked)
        return False

    def get_response(self, asked: Asked, connection: object) -> Deferred[str]:
        """The reply to a plain command that came by ``connection``; a copy's is its first's."""
        running = self._running.get(asked)
        if (
            running is not None
            and running.first is not connection
            and self._is_copy(asked, running)
        ):
            self._log.info("{asked.sender} asks again: {asked.data}", asked=asked)
            copy: Deferred[str] = Deferred()
            running.copies.append(copy)
            return copy
        kept = self._take_kept(asked) if self._kept else None
        if kept is not None:
            self._log.info("{asked.sender} asks again, after: {asked.data}", asked=asked)
            return succeed(kept) if isinstance(kept, str) else fail(kept)
        return self._run(asked, connection)

    def counted(self, asked: Asked) -> int:
        """How many commands of its type have come that change something."""
        return self._count.get(asked.request_type, 0)

    def keep(self, asked: Asked, outcome: Outcome, since: int) -> None:
        """Keep a reply that could not be delivered; ``since`` is what was counted at its asking."""
        if self._keep_seconds > 0:
            until = self._clock.seconds() + self._keep_seconds
            self._kept[asked] = _Kept(outcome, until, since)

    def forget(self, asked: Asked) -> None:
        """The reply was delivered after all."""
        self._kept.pop(asked, None)

    def _take_kept(self, asked: Asked) -> Outcome | None:
        """What is kept for this command; what was kept for the same computer's others is over.

        Who asks something new no longer waits for the old.
        """
        kept = self._kept.pop(asked, None)
        now = self._clock.seconds()
        over = [
            other
            for other, each in self._kept.items()
            if each.until <= now
            or (other.request_type, other.sender) == (asked.request_type, asked.sender)
        ]
        for other in over:
            del self._kept[other]
        if kept is None or kept.until <= now or not self._is_copy(asked, kept):
            return None
        return kept.outcome

    def _is_copy(self, asked: Asked, first: _Running | _Kept) -> bool:
        """Whether the same line is still the same wish as its first."""
        if first.since == self.counted(asked):
            return True
        return _word(asked) not in self._known_of(asked.request_type).perhaps_safe

    def _note(self, asked: Asked) -> None:
        self._count[asked.request_type] = self.counted(asked) + 1

    def _run(self, asked: Asked, connection: object) -> Deferred[str]:
        self._note(asked)
        response = self._repeater.get_response(*asked)
        if asked in self._running:
            return response
        running = self._running[asked] = _Running(connection, self.counted(asked))
        return response.addBoth(self._ended, asked, running)

    def _ended(self, outcome: Outcome, asked: Asked, running: _Running) -> Outcome:
        del self._running[asked]
        for copy in running.copies:
            copy.callback(outcome)
        return outcome

    def _known_of(self, request_type: str) -> _Known:
        known = self._known.get(request_type)
        if known is None:
            known = self._known[request_type] = _NOTHING
            self._learn(request_type)
        return known

    def _learn(self, request_type: str) -> None:
        description = self._repeater.get_response(request_type, "Describe", "")
        description.addCallback(self._learned, request_type)
        description.addErrback(self._not_learned, request_type)

    def _not_learned(self, failure: Failure, request_type: str) -> None:
        # While the processor is down it is asked again with the next command. A type that does
        # not describe itself is left as one whose every command acts.
        if failure.check(PychronCommunicationError, OutcomeUnknownError):
            del self._known[request_type]

    def _learned(self, description: str, request_type: str) -> None:
        commands = json.loads(description)["commands"]
        self._known[request_type] = _Known(
            reads=_words(each for each in commands if each["effect"] == Effect.READ.value),
            safe=_words(each for each in commands if each["safe"] == ALWAYS),
            perhaps_safe=_words(each for each in commands if each["safe"] == SOMETIMES),
        )


def _word(asked: Asked) -> str:
    try:
        return parse_command(asked.data).name
    except (InvalidCommandError, MalformedRequestError):
        return ""


def _words(commands: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(word for each in commands for word in (each["name"], *each["aliases"]))
