"""Commands that a client sends again: run once, whoever still waits gets the one reply.

A Pychron client that hears nothing sends the same line again after 1.03 s and 1.55 s, each time on
a new connection, and ends the old one just before. It puts no key on it, so what tells a copy from
a new command is here: the same line, from the same computer, by another connection, while the
first still runs; or after its reply could not be delivered.
"""

from __future__ import annotations

import json
from typing import NamedTuple

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
from pychron_comms.interfaces import Effect, ICommandRepeater
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

    __slots__ = ("copies", "first")

    def __init__(self, first: object) -> None:
        self.first = first
        self.copies: list[Deferred[str]] = []


class _Kept(NamedTuple):
    outcome: Outcome
    until: float


class RepeatGuard:
    """Stands before a repeater, for the plain commands of every listener.

    ``keep`` is how long an undelivered reply waits, in seconds; 0 for not at all. Commands that
    only read pass by: asking them twice is harmless, and an old answer would not be. Which these
    are, the processor tells (``Describe``); until it has, every command is taken to act.
    """

    _log = Logger()

    def __init__(self, repeater: ICommandRepeater, clock: IReactorTime, keep: float = KEEP) -> None:
        self._repeater = repeater
        self._clock = clock
        self._keep_seconds = keep
        self._running: dict[Asked, _Running] = {}
        self._kept: dict[Asked, _Kept] = {}
        self._reads: dict[str, frozenset[str]] = {}

    def reads(self, asked: Asked) -> bool:
        """Whether the command is known to read only."""
        known = self._reads.get(asked.request_type)
        if known is None:
            known = self._reads[asked.request_type] = frozenset()
            self._learn(asked.request_type)
        if not known:
            return False
        try:
            return parse_command(asked.data).name in known
        except (InvalidCommandError, MalformedRequestError):
            return False

    def get_response(self, asked: Asked, connection: object) -> Deferred[str]:
        """The reply to a plain command that came by ``connection``; a copy's is its first's."""
        running = self._running.get(asked)
        if running is not None and running.first is not connection:
            self._log.info("{asked.sender} asks again: {asked.data}", asked=asked)
            copy: Deferred[str] = Deferred()
            running.copies.append(copy)
            return copy
        kept = self._take_kept(asked)
        if kept is not None:
            self._log.info("{asked.sender} asks again, after: {asked.data}", asked=asked)
            return succeed(kept) if isinstance(kept, str) else fail(kept)
        response = self._repeater.get_response(*asked)
        if running is None:
            self._running[asked] = _Running(connection)
            response.addBoth(self._ended, asked)
        return response

    def keep(self, asked: Asked, outcome: Outcome) -> None:
        """Keep a reply that could not be delivered."""
        if self._keep_seconds > 0:
            self._kept[asked] = _Kept(outcome, self._clock.seconds() + self._keep_seconds)

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
        return kept.outcome if kept is not None and kept.until > now else None

    def _ended(self, outcome: Outcome, asked: Asked) -> Outcome:
        for copy in self._running.pop(asked).copies:
            copy.callback(outcome)
        return outcome

    def _learn(self, request_type: str) -> None:
        description = self._repeater.get_response(request_type, "Describe", "")
        description.addCallback(self._learned, request_type)
        description.addErrback(self._not_learned, request_type)

    def _not_learned(self, failure: Failure, request_type: str) -> None:
        # While the processor is down it is asked again with the next command. A type that does
        # not describe itself is left as one whose every command acts.
        if failure.check(PychronCommunicationError, OutcomeUnknownError):
            del self._reads[request_type]

    def _learned(self, description: str, request_type: str) -> None:
        self._reads[request_type] = frozenset(
            word
            for command in json.loads(description)["commands"]
            if command["effect"] == Effect.READ.value
            for word in (command["name"], *command["aliases"])
        )
