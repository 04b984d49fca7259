"""One of the two processors of a pair, as its server knows it."""

from __future__ import annotations

import math
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError
from pychron_comms.repeater.connection import ProcessorConnection
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.safeguards.ownership import (
    ALLOWANCE,
    GIVEN_UP,
    KEYS,
    LEASE,
    Answer,
    Standing,
    Verb,
    parse_answer,
    question,
)

#: Seconds for which a connection is asked when its processor gives up.
_FOR_GOOD = 1e9


class Member:
    """Asks a processor how it stands, and knows from when on it can own nothing.

    ``heard`` is called after each answer; ``told_keys`` once, with what stands for each key that it
    knows.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        repeater: CommandRepeater,
        instance: str,
        clock: IReactorTime,
        told_keys: Callable[[str, list[str]], None],
    ) -> None:
        self.name = name
        self.repeater = repeater
        self._instance = instance
        self._clock = clock
        self._told_keys = told_keys
        self.has_told_keys = False
        #: Why it cannot be asked to own the hardware; empty where it can.
        self.problem = "nothing is known of it yet"
        self.standing = Standing.UNKNOWN
        self._token = ""
        # An earlier process of the server may have given it a lease just before this one began.
        self._may_own_until = clock.seconds() + LEASE + ALLOWANCE
        self._connection: ProcessorConnection | None = None
        # Whether a lease was sent over it; until when one may hold that was sent over earlier ones.
        self._has_leased = False
        self._sent_elsewhere_until = -math.inf
        self._is_asked = False

    @property
    def owns_nothing(self) -> bool:
        """Whether that is known."""
        return self._clock.seconds() >= self._may_own_until

    @property
    def can_be_opened(self) -> bool:
        """Whether it would take a lease now."""
        return self.standing is Standing.FREE and bool(self._token)

    def ask(self, verb: Verb, heard: Callable[[], None]) -> None:
        """Ask it, unless it is being asked; without a token nothing is given."""
        self._notice_connection()
        connection = self._connection
        if connection is None or self._is_asked:
            return
        token, self._token = self._token, ""
        if not token:
            verb = Verb.ASK
        if verb is not Verb.ASK:
            self._may_own_until = self._clock.seconds() + LEASE + ALLOWANCE
            self._has_leased = True
        self._is_asked = True
        answer = connection.tell(question(self._instance, verb, token), LEASE)
        answer.addCallback(self._answered, connection)
        answer.addErrback(self._not_answered, connection)
        answer.addCallback(lambda _: heard())
        answer.addErrback(lambda failure: self._log.failure("an answer about a lease", failure))

    def cut_off(self) -> None:
        """It has been silent until its lease was over: what it has not answered is unknown."""
        if self.standing not in {Standing.FREE, Standing.RELEASED}:
            self.standing = Standing.UNKNOWN
            self.repeater.cut_off()

    def watch(self, given_up: Callable[[], None]) -> None:
        """Have that called when it says that it has given up, over this connection."""
        connection = self._connection
        if connection is not None:
            said = connection.tell(f"{GIVEN_UP} {self._instance}", _FOR_GOOD)
            said.addCallbacks(self._gave_up, lambda failure: None, callbackArgs=(given_up,))

    def _notice_connection(self) -> None:
        """A connection that is another knows nothing of what was asked by the last one."""
        connection = self.repeater.connection
        if connection is self._connection:
            return
        self._connection = connection
        if self._has_leased:
            self._has_leased = False
            self._sent_elsewhere_until = self._may_own_until
        self._is_asked = False
        self._token = ""
        self.standing = Standing.UNKNOWN
        self.problem = "it is not connected" if connection is None else ""
        if connection is not None and not self.has_told_keys:
            connection.tell(KEYS, LEASE).addCallbacks(self._keys, lambda failure: None)

    def _answered(self, text: str, connection: ProcessorConnection) -> None:
        if connection is not self._connection:
            return
        self._is_asked = False
        try:
            answer = parse_answer(text)
        except ValueError:
            self.standing = Standing.UNKNOWN
            self._say_problem(f"it takes no lease; is its [processor] owner this server? ({text})")
            # Whoever it listens to, or acts for without any, may have given it the hardware.
            self._may_own_for_now()
            return
        self._take(answer)

    def _say_problem(self, problem: str) -> None:
        if problem != self.problem:
            self._log.warn("{name}: {problem}", name=self.name, problem=problem)
        self.problem = problem

    def _take(self, answer: Answer) -> None:
        self.standing, self._token = answer
        if self.standing is not Standing.HELD:
            self.problem = ""
        if self.standing is Standing.FREE:
            # What was sent over another connection may still lie there, unread.
            self._may_own_until = self._sent_elsewhere_until
        elif self.standing is Standing.RELEASED:
            self._may_own_until = -math.inf
        elif self.standing is Standing.HELD:
            self._say_problem("another server asks it")
            self._may_own_for_now()
        elif self.standing is Standing.OWNS:
            # By whomever it was leased.
            self._may_own_for_now()

    def _may_own_for_now(self) -> None:
        until = self._clock.seconds() + LEASE + ALLOWANCE
        self._may_own_until = max(self._may_own_until, until)

    def _not_answered(self, failure: Failure, connection: ProcessorConnection) -> None:
        failure.trap(CommandError)
        if connection is self._connection:
            self._is_asked = False
            self.standing = Standing.UNKNOWN
            self.problem = str(failure.value)
            # Nobody tells in time that the other end of a connection has vanished.
            self.repeater.cut_off()

    def _gave_up(self, text: str, given_up: Callable[[], None]) -> None:
        if text == Standing.RELEASED.value:
            self._take(Answer(Standing.RELEASED))
            given_up()

    def _keys(self, text: str) -> None:
        if not text.startswith("ERROR "):
            self.has_told_keys = True
            self._told_keys(self.name, text.split())
