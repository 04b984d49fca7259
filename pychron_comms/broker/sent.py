"""What a server has sent by way of a broker, until it is answered, refused or given up."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pychron_comms.broker.channel import BrokerError, RejectedError, UnroutableError
from pychron_comms.broker.message import Message
from pychron_comms.broker.names import Lane
from pychron_comms.broker.outcomes import LostReply, Outcomes
from pychron_comms.broker.waiting import Waiting, WaitingReplies
from pychron_comms.errors import (
    CommandError,
    OutcomeUnknownError,
    PychronCommunicationError,
    QueueFullError,
)
from pychron_comms.observability.metrics import Histogram

#: How a reply begins that knows nothing.
_UNKNOWN = f"ERROR {OutcomeUnknownError.code}"


class SentCommands:
    """Those of one server to one set of hardware, called ``name``.

    A reply that is lost is asked for by its key, with ``ask``; without one it is 201.
    """

    def __init__(
        self,
        name: str,
        seconds: Callable[[], float],
        ask: Callable[[LostReply], Deferred[str]],
        hop: Histogram | None,
    ) -> None:
        self._name = name
        self._seconds = seconds
        self._hop = hop
        self._waiting = WaitingReplies()
        self._outcomes = Outcomes(ask, self._found, self._fail)
        self.take_place = self._waiting.take_place
        self.add = self._waiting.add
        self.number_of = self._waiting.number_of
        self.ask_for_outcomes = self._outcomes.look

    def __len__(self) -> int:
        return len(self._waiting)

    def has_time(self, number: int, seconds: float) -> bool:
        """Whether somebody waits for that one for longer than that."""
        waiting = self._waiting.get(number)
        return waiting is not None and self._seconds() + seconds < waiting.until

    # -- what comes of one

    def not_published(self, failure: Failure, number: int) -> None:
        """The broker has refused the message of that number, or was lost before it confirmed it."""
        failure.trap(BrokerError)
        waiting = self._waiting.get(number)
        if waiting is None:
            return
        if not failure.check(UnroutableError, RejectedError):
            self._reply_lost(number, waiting, f"the broker was lost ({failure.value})")
            return
        self._drop(number)
        if failure.check(UnroutableError):
            error: CommandError = PychronCommunicationError(self._name, str(failure.value))
        else:
            error = QueueFullError(f"{waiting.command}: {failure.value}")
        waiting.reply.errback(error)

    def replied(self, message: Message) -> None:
        """A reply; to what nobody waits for any more, perhaps."""
        number = int(message.number) if message.number.isdecimal() else 0
        text = message.body.decode("utf-8", "replace")
        if number in self._outcomes and text.startswith(_UNKNOWN):
            return  # a new owner knows more of it than who has found its message
        waiting = self._drop(number)
        if waiting is None:
            return  # it was given up
        if self._hop is not None:
            self._hop.observe(self._seconds() - waiting.sent)
        waiting.reply.callback(text)

    # -- what comes of all

    def give_up_late(self) -> None:
        """Nobody waits any longer than he said."""
        now = self._seconds()
        for number, waiting in self._waiting:
            if now > waiting.until:
                self._fail(number, "no reply in time")

    def owner_is(self, epoch: str) -> None:
        """Another one than before."""
        for number, waiting in self._waiting:
            # What makes safe is done by the new owner, if the old one has not.
            if waiting.epoch != epoch and waiting.lane is not Lane.SAFE:
                self._reply_lost(number, waiting, "the processor was lost")

    def lost(self, why: str) -> None:
        """Replies that are on the way do not come."""
        for number, waiting in self._waiting:
            self._reply_lost(number, waiting, f"the broker was lost ({why})")

    def stop(self) -> None:
        """Nobody is left to wait."""
        for number, _ in self._waiting:
            self._fail(number, "this server stops")

    def _reply_lost(self, number: int, waiting: Waiting, why: str) -> None:
        """Who has named his command is told what became of it, as soon as there is an owner."""
        if waiting.key:
            lost = LostReply(waiting.request_type, waiting.key, waiting.sender, why)
            self._outcomes.lost(number, lost)
        else:
            self._fail(number, why)

    def _drop(self, number: int) -> Waiting | None:
        self._outcomes.forget(number)
        return self._waiting.drop(number)

    def _fail(self, number: int, why: str) -> None:
        waiting = self._drop(number)
        if waiting is not None:
            waiting.reply.errback(OutcomeUnknownError(f"{why}: {waiting.command}"))

    def _found(self, number: int, text: str) -> None:
        waiting = self._drop(number)
        if waiting is not None:
            waiting.reply.callback(text)
