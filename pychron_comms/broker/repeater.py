"""The repeater by way of a broker: commands go to whichever processor owns the hardware."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, ensureDeferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import (
    BrokerChannel,
    BrokerError,
    Delivery,
    RejectedError,
    UnroutableError,
)
from pychron_comms.broker.figures import BrokerFigures
from pychron_comms.broker.link import BrokerLink
from pychron_comms.broker.message import (
    OWNER,
    REPLY,
    REQUEST,
    STATE,
    WORD,
    Message,
    stamped,
)
from pychron_comms.broker.names import (
    COMMANDS,
    REPLIES,
    Lane,
    owner_topic,
    topic_of,
)
from pychron_comms.broker.outcomes import LostReply, Outcomes
from pychron_comms.broker.owner import KnownOwner
from pychron_comms.broker.state import lines_of
from pychron_comms.broker.ticks import Ticks
from pychron_comms.broker.topology import bind, make_exchanges
from pychron_comms.broker.waiting import Waiting, WaitingReplies
from pychron_comms.errors import (
    CommandError,
    OutcomeUnknownError,
    PychronCommunicationError,
    QueueFullError,
)
from pychron_comms.interfaces import IAsksAgain, ICommandRepeater, IKnownRead, Replies
from pychron_comms.observability.metrics import Histogram
from pychron_comms.safeguards.fence import unstopped
from pychron_comms.transport.broker_strings import STATE_EXCHANGE, BrokerAddress, stream_topic
from pychron_comms.transport.outage import Outage
from pychron_comms.transport.read_run import ask_each
from pychron_comms.transport.taken import ReadLately, TakenReplies
from pychron_comms.wire.context import PLAIN, RequestContext, terms_of
from pychron_comms.wire.grammar import quoted, write_request

#: Seconds between two words to the processor that this server lives.
_ALIVE = 1.0

#: Seconds between looks for those who have waited too long, and what a reply may take on the way.
_SWEEP = 0.5
_GRACE = 0.5

#: Seconds that an owner may take to say what became of a command.
_OUTCOME = 2.0

#: How a reply begins that knows nothing.
_UNKNOWN = f"ERROR {OutcomeUnknownError.code}"

_TEST_DATA = "are you there"


class StateWatcher(Protocol):
    """Hears how things stand at a processor."""

    def heard(self, topic: str, text: str) -> None:
        """A message of its state stream. Raises ValueError for what is none."""

    def lost(self, reason: str) -> None:
        """It cannot be heard any more."""


@implementer(IKnownRead)
class _BrokerRead:
    """A read with the lane that it goes by."""

    __slots__ = ("_type", "command", "way")

    def __init__(self, repeater: BrokerRepeater, request_type: str, command: str) -> None:
        self.way = repeater
        self._type = request_type
        self.command = command

    def ask(self, sender: str, context: RequestContext) -> Deferred[str]:
        return self.way.send(Lane.READ, self._type, self.command, sender, context)


@implementer(ICommandRepeater, IAsksAgain)
class BrokerRepeater(MultiService):
    """Repeats commands to the owner of one set of hardware, by a broker.

    While the broker is away, takes nothing, or no processor owns the hardware, a command fails at
    once with 011: it was never sent. So does one that the broker cannot route. What was sent to an
    owner that is none any more, and what is not answered in ``timeout`` seconds, fails with 201;
    where it has a key, the new owner is asked first what became of it.
    """

    _log = Logger()
    is_near = False

    def __init__(
        self,
        address: BrokerAddress,
        reactor: Any,
        figures: BrokerFigures,
        *,
        timeout: float = 30.0,
        seconds: Callable[[], float] = unstopped,
        link: type[BrokerLink] = BrokerLink,
        hop: Histogram | None = None,
    ) -> None:
        super().__init__()
        self._hardware = address.hardware
        self._name = f"{address.name}, {address.hardware}"
        self._reactor = reactor
        self._timeout = timeout
        self._seconds = seconds
        self._hop = hop
        self._watcher: StateWatcher | None = None
        self._when_connected: list[Callable[[], None]] = []
        self._owner = KnownOwner(seconds)
        self._had_owner = False
        self._blocked = ""
        self._figures = figures
        figures.show(lambda: self._commands is not None, lambda: bool(self._blocked))
        self._queue = ""
        self._commands: BrokerChannel | None = None
        self._words: BrokerChannel | None = None
        self._waiting = WaitingReplies()
        self._taken = TakenReplies(reactor, self._say)
        self._read_lately = ReadLately(reactor)
        self._outcomes = Outcomes(self._ask_outcome, self._found, self._fail)
        self._outage = Outage(f"owner of {address.hardware}", reactor)
        outage = Outage(address.name, reactor)
        self._consuming = link(address, reactor, self, "server, consuming", outage)
        self._publishing = link(address, reactor, self, "server, publishing")
        for each in (self._consuming, self._publishing):
            each.setServiceParent(self)
        self._ticks = (
            Ticks(self._look, _SWEEP, reactor),
            Ticks(lambda: self._say("Alive"), _ALIVE, reactor),
        )

    def startService(self) -> None:
        super().startService()
        for each in self._ticks:
            each.start()

    def stopService(self) -> Any:
        for each in self._ticks:
            each.stop()
        self._taken.stop()
        for number, _ in self._waiting:
            self._fail(number, "this server stops")
        return super().stopService()

    def watch_state(self, watcher: StateWatcher) -> None:
        """Let ``watcher`` hear how things stand at the owner, while there is one."""
        self._watcher = watcher

    def when_connected(self, act: Callable[[], None]) -> None:
        """Call this each time that there is an owner again: it may be another."""
        self._when_connected.append(act)

    # -- what is asked

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return len(self._waiting)

    @property
    def connection(self) -> BrokerConnection | None:
        """By which commands go; None while there is none."""
        return None if self._commands is None else self._publishing.connection

    def known_read(self, request_type: str, data: str) -> IKnownRead:
        return _BrokerRead(self, request_type, data)

    def ask_all(
        self,
        reads: Sequence[_BrokerRead],
        sender: str,
        context: RequestContext,
        replies: Replies,
    ) -> None:
        ask_each(_BrokerRead.ask, reads, sender, context, replies)

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        if not request_type:
            return self._ask_word(data)
        lane = Lane.SAFE if context.safe else Lane.ACT
        return self.send(lane, request_type, data, sender, context)

    def send(
        self, lane: Lane, request_type: str, data: str, sender: str, context: RequestContext
    ) -> Deferred[str]:
        """The reply to come. Errors: 011, 201, 203, and 206 for more than one line."""
        channel = self._commands
        if channel is None or self._why_not():
            return fail(PychronCommunicationError(self._name, self._why_not()))
        try:
            words = write_request(data, request_type)
            line = f"@from={quoted(sender)}{terms_of(context)} {words}"
            self._waiting.take_place(lane, sender)
        except CommandError:
            return fail()
        seconds = self._timeout
        if context.within is not None:
            seconds = min(seconds, max(context.within, 0.0))
        stamp = self._owner.stamp(seconds)
        headers = stamped(stamp)
        if self._taken.asks and lane is Lane.ACT:
            # It may tell whether this one is a copy.
            headers["taken"] = " ".join(self._taken.take())
        reply: Deferred[str] = Deferred()
        now = self._seconds()
        until = now + seconds + _GRACE
        key = context.key if lane is Lane.ACT else ""
        number = self._waiting.add(
            Waiting(reply, data, stamp.epoch, now, until, lane, sender, request_type, key)
        )
        message = Message(
            REQUEST,
            line.encode(),
            name=f"{self._queue}.{number}",
            number=str(number),
            reply_to=self._queue,
            expires=None if lane is Lane.SAFE else int(seconds * 1000),
            headers=headers,
        )
        published = channel.publish(COMMANDS, topic_of(self._hardware, lane), message)
        self._figures.timed(published)
        published.addErrback(self._not_published, number)
        return reply

    def asker_gone(self, response: Deferred[str]) -> None:
        number = self._waiting.number_of(response)
        if number is not None:
            self._say(f"Forget {number}")

    def session_ended(self, session: str) -> None:
        self._say(f"Gone {session}")

    def reply_taken(self, ask: str) -> None:
        self._read_lately.add(ask)
        self._taken.add(ask)

    def test_connection(self) -> Deferred[None]:
        return self.get_response("test", _TEST_DATA, "").addCallback(self._check_echo)

    def _check_echo(self, text: str) -> None:
        if text != _TEST_DATA:
            raise PychronCommunicationError(self._name, f"its echo was {text}")

    def _why_not(self) -> str:
        """Why nothing can be sent; empty where it can."""
        if self._blocked:
            return f"it takes nothing: {self._blocked}"
        if self._commands is None:
            links = (self._consuming, self._publishing)
            return next((link.why for link in links if link.connection is None), "not ready yet")
        if not self._owner.is_there:
            return "no processor owns the hardware"
        return ""

    # -- what becomes of it

    def _not_published(self, failure: Failure, number: int) -> None:
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

    def _replied(self, message: Message) -> None:
        number = int(message.number) if message.number.isdigit() else 0
        text = message.body.decode("utf-8", "replace")
        if number in self._outcomes and text.startswith(_UNKNOWN):
            return  # a new owner knows more of it than who has found its message
        waiting = self._drop(number)
        if waiting is None:
            return  # it was given up
        if self._hop is not None:
            self._hop.observe(self._seconds() - waiting.sent)
        waiting.reply.callback(text)

    def _drop(self, number: int) -> Waiting | None:
        self._outcomes.forget(number)
        return self._waiting.drop(number)

    def _fail(self, number: int, why: str) -> None:
        waiting = self._drop(number)
        if waiting is not None:
            waiting.reply.errback(OutcomeUnknownError(f"{why}: {waiting.command}"))

    def _reply_lost(self, number: int, waiting: Waiting, why: str) -> None:
        """Who has named his command is told what became of it, as soon as there is an owner."""
        if waiting.key:
            lost = LostReply(waiting.request_type, waiting.key, waiting.sender, why)
            self._outcomes.lost(number, lost)
        else:
            self._fail(number, why)

    def _ask_outcome(self, lost: LostReply) -> Deferred[str]:
        context = RequestContext(within=_OUTCOME)
        return self.send(Lane.READ, lost.request_type, lost.question, lost.sender, context)

    def _found(self, number: int, text: str) -> None:
        waiting = self._drop(number)
        if waiting is not None:
            waiting.reply.callback(text)

    def _look(self) -> None:
        now = self._seconds()
        for number, waiting in self._waiting:
            if now > waiting.until:
                self._fail(number, "no reply in time")
        if self._had_owner and self._owner.is_there:
            self._outcomes.look()
        elif self._had_owner:
            self._had_owner = False
            self._lost("no word of it")
        elif self._commands is not None and not self._had_owner:
            self._outage.attempt_failed("no processor says that it owns the hardware")

    def _lost(self, why: str) -> None:
        self._outage.lost(why)
        if self._watcher is not None:
            self._watcher.lost(why)

    # -- words beside commands

    def _say(self, words: str) -> None:
        if self._words is not None and not self._blocked:
            message = Message(WORD, words.encode(), reply_to=self._queue)
            self._words.tell(COMMANDS, topic_of(self._hardware, Lane.READ), message)

    def _ask_word(self, words: str) -> Deferred[str]:
        if self._words is None or self._why_not():
            return fail(PychronCommunicationError(self._name, self._why_not()))
        try:
            self._waiting.take_place(Lane.READ, "")
        except CommandError:
            return fail()
        reply: Deferred[str] = Deferred()
        now = self._seconds()
        until = now + self._timeout
        number = self._waiting.add(
            Waiting(reply, words, self._owner.epoch, now, until, Lane.READ, "")
        )
        message = Message(WORD, words.encode(), number=str(number), reply_to=self._queue)
        self._words.tell(COMMANDS, topic_of(self._hardware, Lane.READ), message)
        return reply

    # -- what comes

    def came(self, delivery: Delivery) -> None:
        """A message from that queue."""
        message = delivery.message
        if message.kind == REPLY:
            self._replied(message)
        elif message.kind == OWNER:
            self._owner_said(message)
        elif message.kind == STATE and self._watcher is not None:
            self._state_came(self._watcher, message)

    def _state_came(self, watcher: StateWatcher, message: Message) -> None:
        try:
            for topic, text in lines_of(message):
                watcher.heard(topic, text)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._log.warn("no state of a processor: {error!r}", error=error)

    def _owner_said(self, message: Message) -> None:
        try:
            is_new = self._owner.heard(message)
        except ValueError as error:
            self._log.warn("no word of an owner: {error}", error=error)
            return
        if is_new:
            for number, waiting in self._waiting:
                # What makes safe is done by the new owner, if the old one has not.
                if waiting.epoch != self._owner.epoch and waiting.lane is not Lane.SAFE:
                    self._reply_lost(number, waiting, "the processor was lost")
            self._had_owner = False
        self._look_for_owner()

    def _look_for_owner(self) -> None:
        """Where commands can be sent, to one that was not there a moment ago, say so."""
        if self._had_owner or self._why_not():
            return
        self._had_owner = True
        self._outage.connected()
        for ask in self._read_lately.asks():
            self._taken.add(ask)
        for act in self._when_connected:
            act()
        self._say("Snapshot")
        self._outcomes.look()

    # -- joining

    def linked(self) -> None:
        """One of the connections is there."""
        if self._consuming.connection and self._publishing.connection:
            joined = ensureDeferred(
                self._join(self._consuming.connection, self._publishing.connection)
            )
            joined.addErrback(self._not_joined)

    async def _join(self, consuming: BrokerConnection, publishing: BrokerConnection) -> None:
        await make_exchanges(consuming)
        queue = f"pychron.server.{secrets.token_hex(8)}"
        replies = await self._channel(consuming)
        await replies.ask("queue_declare", queue=queue, exclusive=True)
        await bind(replies, queue, REPLIES, queue)
        for topic in (owner_topic, stream_topic):
            await bind(replies, queue, STATE_EXCHANGE, topic(self._hardware))
        await replies.consume(queue, self.came, auto_ack=True)
        commands = await self._channel(publishing)
        await commands.confirm()
        words = await self._channel(publishing)
        self.joined(queue, commands, words)

    def joined(self, queue: str, commands: BrokerChannel, words: BrokerChannel) -> None:
        """From now on commands may go: by a channel that confirms, and words by one that does not.
        Replies come to that queue."""
        self._queue, self._words, self._commands = queue, words, commands
        self._look_for_owner()

    async def _channel(self, connection: BrokerConnection) -> BrokerChannel:
        channel = await connection.channel()
        channel.ended = self.leave
        return channel

    def _not_joined(self, failure: Failure) -> None:
        if not failure.check(BrokerError):
            self._log.failure("a bug met the broker", failure)
        self.leave(str(failure.value))

    def leave(self, why: str) -> None:
        """Begin anew with both connections; replies that are on the way are lost."""
        was_there = self._commands is not None
        self._commands = self._words = None
        self._owner.lost()
        for link in (self._consuming, self._publishing):
            link.drop()
        for number, waiting in self._waiting:
            self._reply_lost(number, waiting, f"the broker was lost ({why})")
        if was_there and self._had_owner:
            self._had_owner = False
            self._lost(why)

    def blocked(self, why: str) -> None:
        """The broker takes nothing, as ``why`` says; or does again."""
        self._blocked = why
        if why:
            self._log.warn("{name} takes nothing: {why}", name=self._name, why=why)
