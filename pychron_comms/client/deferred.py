"""The communicator for Twisted programs: persistent, pipelined, reconnecting."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import deferLater

from pychron_comms.client import answers
from pychron_comms.client.link.asking import Asking
from pychron_comms.client.link.dialect import PROBE_TIME, Dialect, Form, checked_seconds
from pychron_comms.client.link.endpoint import parse_address
from pychron_comms.client.link.numbering import Numbering
from pychron_comms.client.link.plain_queue import PlainQueue
from pychron_comms.client.link.tagged_session import TaggedSession
from pychron_comms.client.link.timekeeper import Timekeeper
from pychron_comms.client.link.wires import Dialer
from pychron_comms.client.outcome import UnsettledError
from pychron_comms.client.settling import (
    POLL_INTERVAL,
    Outcome,
    before_command,
    outcome_question,
    parse_outcome,
    question_about,
    verdict,
)
from pychron_comms.client.watch.deferred import DeferredWatch, Told
from pychron_comms.errors import CommandError, QueueFullError

#: Commands of one communicator that may wait at a time.
PENDING_LIMIT = 10_000


class DeferredCommunicator:
    """Asks one server; takes the arguments of ``Communicator``, and Twisted's TLS options.

    With tags any number of commands are on their way at once, over one connection that is opened
    by the first and, where it was lost, by the next one. Plain commands go one after another,
    each on a connection of its own. Nothing is ever sent twice.
    """

    def __init__(
        self,
        endpoint: str,
        reactor: Any,
        *,
        timeout: float = 2.0,
        form: str = "auto",
        terminator: str = "\r",
        frame: str = "",
        request_type: str = "",
    ) -> None:
        self._server = endpoint
        self._reactor = reactor
        self._timeout = checked_seconds(timeout)
        self._dialect = Dialect.parse(form, terminator, frame, request_type)
        self._form = self._dialect.form
        self._address = parse_address(endpoint)
        self._dialer = Dialer(self._address, reactor)
        self._numbering = Numbering()
        self._plain = PlainQueue(self._dialer, self._dialect, reactor, self._found_plain)
        self._timekeeper = Timekeeper(reactor)
        self._session: TaggedSession | None = None
        self._waiting: list[Asking] = []
        self._opens = False
        self._opening: Deferred[None] | None = None

    def ask(self, command: str, timeout: float | None = None, key: str = "") -> Deferred[str]:
        """The reply to one command, with the arguments of ``Communicator.ask``.

        It fails as ``Communicator.ask`` raises, and with 203 where ``PENDING_LIMIT`` commands
        wait. Cancelling it discards the reply; what was sent stays sent.
        """
        return self._submit(command, timeout, key=key)

    def tell(self, command: str) -> Deferred[None]:
        """Send one command and discard its reply; fires when it has left."""
        return self._submit(command, None, told=True)

    def outcome(self, key: str, request_type: str = "") -> Deferred[Outcome]:
        """As ``Communicator.outcome``."""
        return self._outcome(outcome_question(key, request_type))

    def settle(self, error: UnsettledError, timeout: float | None = None) -> Deferred[str]:
        """As ``Communicator.settle``."""
        return Deferred.fromCoroutine(self._settle(error, timeout))

    def check(self, command: str) -> Deferred[None]:
        """As ``Communicator.check``."""
        question = before_command("Check", command)
        return self.ask(question).addCallback(lambda reply: answers.check_done(question, reply))

    def watch(self, *patterns: str, told: Told) -> DeferredWatch:
        """Have ``told`` called with what ``Communicator.watch`` tells, until it is stopped."""
        return DeferredWatch(self._address, patterns, told, self._reactor)

    def close(self) -> Deferred[None]:
        """Fail what waits and close what is open; fires when that is gone.

        The next ``ask`` opens it again.
        """
        error = ConnectionError("the communicator was closed")
        self._fail_waiting(error)
        if self._opening is not None:
            self._opening.cancel()
        if self._session is not None:
            self._session.end(error)
        self._plain.end(error)
        return self._dialer.close()

    def _outcome(self, question: str) -> Deferred[Outcome]:
        return self.ask(question).addCallback(lambda reply: parse_outcome(question, reply))

    async def _settle(self, error: UnsettledError, timeout: float | None) -> str:
        question = question_about(error)
        seconds = self._timeout if timeout is None else checked_seconds(timeout)
        end = self._reactor.seconds() + seconds
        while True:
            found = await self._outcome(question)
            if found.is_settled or self._reactor.seconds() >= end:
                return verdict(error, found)
            await deferLater(self._reactor, POLL_INTERVAL)

    def _submit(
        self, command: str, timeout: float | None, told: bool = False, key: str = ""
    ) -> Deferred[Any]:
        session = self._session
        try:
            self._dialect.check(command, key)
            seconds = self._timeout if timeout is None else checked_seconds(timeout)
            # Commands wait in one of three places: for replies, for a connection, for their turn.
            if (len(session.pending) if session else self._unsent()) >= PENDING_LIMIT:
                raise QueueFullError(f"{PENDING_LIMIT} commands wait for {self._server}")
        except (CommandError, ValueError):
            return fail()
        asking = Asking(self._server, command, seconds, self._timekeeper, told=told, key=key)
        result = asking.result
        if session:
            session.send(asking)
        elif self._form is Form.PLAIN:
            self._plain.send(asking)
        else:
            self._waiting.append(asking)
            if not self._opens:
                self._opens = True
                self._opening = Deferred.fromCoroutine(self._open())
        return result

    def _unsent(self) -> int:
        return len(self._waiting) + self._plain.pending

    async def _open(self) -> None:
        """Connect, and give what waits to what takes it."""
        try:
            taker = await self._connected()
        except Exception as error:
            self._opens = False
            self._fail_waiting(error)
            return
        self._opens = False
        waiting, self._waiting = self._waiting, []
        for asking in waiting:
            if not asking.is_over:
                taker.send(asking)

    async def _connected(self) -> TaggedSession | PlainQueue:
        session = TaggedSession(self._dialect, self._numbering, self._reactor, self._forget)
        await session.dial(self._dialer)
        if self._form is Form.AUTO:
            seconds = min(PROBE_TIME, self._timeout / 2)
            if not await session.answers_probe(self._server, seconds):
                session.end(ConnectionError())
                return self._plain
            self._form = Form.TAGGED
        self._session = session
        return session

    def _forget(self, session: TaggedSession) -> None:
        if self._session is session:
            self._session = None

    def _found_plain(self) -> None:
        # Believed at the first plain reply: a server of ours may have been too busy to say.
        self._form = Form.PLAIN

    def _fail_waiting(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, []
        for asking in waiting:
            asking.failed(error)
