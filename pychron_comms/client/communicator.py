"""The blocking communicator: ask a server from a script or a notebook, without a reactor."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

from pychron_comms.client import answers
from pychron_comms.client.lease import OWNERS, Lease, Owner, parse_owners
from pychron_comms.client.link.deadline import Deadline
from pychron_comms.client.link.dialect import Dialect, Form, checked_seconds
from pychron_comms.client.link.endpoint import Address, parse_address
from pychron_comms.client.link.links import Doorway, PlainLink, TaggedLink, World
from pychron_comms.client.link.question import Question
from pychron_comms.client.link.tls import context_from
from pychron_comms.client.outcome import (
    ClientError,
    NoReplyError,
    NotSentError,
    UnsettledError,
    error_of,
)
from pychron_comms.client.settling import (
    POLL_INTERVAL,
    Outcome,
    before_command,
    of_type,
    outcome_question,
    parse_outcome,
    question_about,
    verdict,
)
from pychron_comms.client.waiting import Cancel

if TYPE_CHECKING:
    from pychron_comms.client.watch.blocking import Watch

T = TypeVar("T")

_SYSTEM: Final = World()


class Communicator:
    """Asks one server, one command at a time; threads take turns.

    ``endpoint`` is ``tcp:host:port``, ``udp:host:port``, ``tls:host:port`` or ``unix:/path``.
    ``timeout`` is in seconds, above 0 and at most a day, and spans the other threads' turns,
    connecting, sending and the reply; looking a name up takes as long as the system allows.
    ``form`` is ``tagged`` for a server of ours, ``plain`` for one that knows no tags, or
    ``auto``: one harmless question before the first command tells; ``closing`` for a plain one
    that ends each reply by closing the connection. ``frame`` (``L4,-,C4``) says how a plain
    server frames its replies. With ``request_type`` every command is written as ``Type|command``.
    ``laboratory`` is the file of the one that is meant, in full: a server of ours that serves
    another refuses (218); one that knows no tags cannot tell.
    Raises ValueError for arguments that make no sense, and for TLS files that cannot be used.

    A tagged connection is kept, and opened again by the next command where it was lost. A plain
    command has a connection of its own. Nothing is ever sent twice.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        timeout: float = 2.0,
        form: str = "auto",
        terminator: str = "\r",
        frame: str = "",
        request_type: str = "",
        laboratory: str = "",
        tls: ssl.SSLContext | None = None,
        _world: World = _SYSTEM,
    ) -> None:
        address = parse_address(endpoint)
        dialect = Dialect.parse(form, terminator, frame, request_type, laboratory)
        context = context_of(address, tls)
        doorway = Doorway(address, context, dialect, _world)
        self._server = endpoint
        self._timeout = checked_seconds(timeout)
        self._clock = _world.clock
        self._sleep = _world.sleep
        self._address = address
        self._open = partial(_world.open_channel, address, context)
        self._dialect = dialect
        self._form = dialect.form
        self._tagged = TaggedLink(doorway)
        self._plain = PlainLink(doorway)
        # Re-entrant, since only such a lock knows whose it is: see _in_turn.
        self._turn = RLock()

    def ask(self, command: str, timeout: float | None = None, key: str = "") -> str:
        """The reply to one command; ``timeout`` in seconds stands for the communicator's own.

        An ``ERROR nnn : text`` is raised as the class that the server raised. ``NotSentError``
        (011): the command may be tried again. ``UnsettledError`` (201): it may have been done;
        a late reply is discarded. 206 for what is not one line.

        A command with a ``key`` that the server has seen from here runs no second time: the reply
        is the first one's. Without one it gets a key of its own. 011 where the server knows none.
        """
        question = self._question(command, timeout, key)
        text = self._in_turn(self._ask, question)
        error = error_of(self._server, command, text, question.key)
        if error is not None:
            raise error
        return text

    def tell(self, command: str) -> None:
        """Send one command and discard its reply. Raises as ``ask`` does, but for the reply.

        In the plain form the next command may overtake it.
        """
        self._in_turn(self._tell, self._question(command, None, ""))

    @property
    def last_key(self) -> str:
        """The key of the command that was sent last, for who was interrupted; else empty."""
        return self._tagged.last_key

    def outcome(self, key: str, request_type: str = "") -> Outcome:
        """What became of the command of that key; it was one of this computer's.

        ``request_type`` is for a server that serves several. Reads are not remembered.
        """
        return self._outcome(outcome_question(key, request_type))

    def settle(self, error: UnsettledError, timeout: float | None = None) -> str:
        """The reply that was lost, asked for until the command is over; it is not sent again.

        Raises the error that the reply tells of. ``NotSentError`` (011): the server has never
        seen the command; with ``key=error.key`` it can be asked again without harm.
        ``NoReplyError`` (201): it had begun, and its end is not known; or it is not over after
        ``timeout`` seconds. ``error`` itself where it has no key.
        """
        question = question_about(error)
        seconds = self._timeout if timeout is None else checked_seconds(timeout)
        end = self._clock() + seconds
        while not (found := self._outcome(question)).is_settled and self._clock() < end:
            self._sleep(POLL_INTERVAL)
        return verdict(error, found)

    def check(self, command: str) -> None:
        """Raise what the command would get just now, such as 204 or 207; nothing is done."""
        question = before_command("Check", command)
        answers.check_done(question, self.ask(question))

    def lease(self, target: str, seconds: float) -> Lease:
        """Hold a request type (``CO2``) or a part of it (valve ``A``) for the length of a block.

        ``seconds``: how long it outlives this program, 0.1 or more; it is renewed meanwhile.
        """
        return Lease(self.ask, target, seconds, clock=self._clock)

    def owners(self, request_type: str = "") -> list[Owner]:
        """Every lease of the laboratory, oldest first; any type answers the same."""
        return parse_owners(self.ask(of_type(request_type, OWNERS)))

    def watch(
        self, *patterns: str, seconds: float | None = None, cancel: Cancel | None = None
    ) -> Watch:
        """A loop over how things stand (``System/valve/*``), each change, and what happens.

        It has a connection of its own, asks for nothing twice, and ends after ``seconds``,
        or when ``cancel`` is set or answers True.
        Raises ValueError for patterns that cannot be, and for a datagram server.
        """
        # Brings a part of Twisted along, which a command does not need.
        from pychron_comms.client.watch.blocking import Watch  # noqa: PLC0415

        return Watch(
            self._address,
            patterns,
            self._open,
            seconds=seconds,
            cancel=cancel,
            clock=self._clock,
            sleep=self._sleep,
        )

    def close(self) -> None:
        """Close what is open, after what another thread is asking; the next ``ask`` reopens it."""
        with self._turn:
            self._tagged.close()
            self._plain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _outcome(self, question: str) -> Outcome:
        return parse_outcome(question, self.ask(question))

    def _question(self, command: str, timeout: float | None, key: str) -> Question:
        self._dialect.check(command, key)
        seconds = self._timeout if timeout is None else checked_seconds(timeout)
        return Question(command, Deadline(seconds, self._clock), key)

    def _uses_tags(self, question: Question) -> bool:
        if self._form is Form.AUTO and self._tagged.understood(question):
            self._form = Form.TAGGED
        return self._form is Form.TAGGED

    def _ask(self, question: Question) -> str:
        if self._uses_tags(question):
            return self._tagged.ask(question)
        try:
            text = self._plain.ask(question)
        except NoReplyError as error:
            if self._form is not Form.AUTO:
                raise
            why = f"{error.why}; nothing that we know has answered there yet: is it the right port?"
            raise type(error)(self._server, question.command, why, question.key) from None
        # Believed only now: a server of ours may have been too busy to say what it is.
        self._form = Form.PLAIN
        return text

    def _tell(self, question: Question) -> None:
        link = self._tagged if self._uses_tags(question) else self._plain
        link.tell(question)

    def _in_turn(self, work: Callable[[Question], T], question: Question) -> T:
        seconds = question.deadline.seconds
        try:
            if not self._turn.acquire(timeout=seconds):
                why = f"others asked for all of {seconds:g} s"
                raise NotSentError(self._server, question.command, why, question.key)
            return work(question)
        except ClientError as error:
            # Where in here it came up says nothing to who asked: its text says what was wrong.
            raise error.with_traceback(None) from None
        finally:
            # An interrupt may come before the turn is ours, or right after: the lock knows.
            with suppress(RuntimeError):
                self._turn.release()


def context_of(address: Address, tls: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """The context of TLS for this address, None where it has none. Raises ValueError."""
    if address.kind == "tls":
        return tls or context_from(address.options)
    if tls is not None:
        raise ValueError(f"{address.text!r}: a TLS context is for tls: alone")
    return None
