"""From a message to the gate, and back: what is run, what is refused, and in which order.

What acts is run once at most. It is checked, written to the log that every processor of the set
reads, acknowledged, and begun only when the broker has been seen to know of both, in the order in
which it came. A message that
comes again, or that was meant for another ownership, is never run: its asker gets 201. What makes
safe is acknowledged when it is done, so that it is done by the next owner where this one dies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, ensureDeferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.broker.channel import BrokerChannel, BrokerError
from pychron_comms.broker.figures import StandbyFigures
from pychron_comms.broker.log_writer import LogWriter
from pychron_comms.broker.message import (
    REPLY,
    REQUEST,
    WORD,
    Delivery,
    ForeignMessageError,
    Message,
    Stamp,
    line_of,
    stamp_of,
)
from pychron_comms.broker.names import REPLIES
from pychron_comms.broker.servers import Servers
from pychron_comms.errors import (
    CommandError,
    ExpiredError,
    JournalError,
    MalformedRequestError,
    OutcomeUnknownError,
    error_line,
)
from pychron_comms.interfaces import IHardwareGate, IKnownRead
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.wire.context import PLAIN, RequestContext, context_of
from pychron_comms.wire.grammar import Request, decode, parse_request, split_tags


class Road(NamedTuple):
    """The channels of one connection: ``published`` confirms, ``told`` and ``replied`` do not.

    Replies have one of their own, so that at the broker none waits for what is told before it.
    """

    published: BrokerChannel
    told: BrokerChannel
    replied: BrokerChannel


class _Asked(NamedTuple):
    """A request as it was understood; ``read``: what it is where that is known from before."""

    message: Message
    stamp: Stamp
    request: Request
    context: RequestContext
    read: IKnownRead | None = None


class Intake:
    """Takes the messages of one set's lanes while this process owns the hardware.

    ``words``: what a server says beside commands, by its first word, with the server's name.
    """

    _log = Logger()

    def __init__(
        self,
        gate: IHardwareGate,
        fence: LeasedFence,
        road: Road,
        writer: LogWriter,
        servers: Servers,
        *,
        words: Mapping[str, Callable[[str, str], str | Deferred[str]]],
        figures: StandbyFigures,
        log: SenderLog,
        seconds: Callable[[], float],
        at: Callable[[], str],
    ) -> None:
        self._gate = gate
        self._fence = fence
        self._road = road
        self._writer = writer
        self._servers = servers
        self._words = words
        self._figures = figures
        self._sender_log = log
        self._seconds = seconds
        self._at = at
        # Fires when the one that came last has had its turn: they are begun as they came.
        self._turn: Deferred[None] = succeed(None)

    # -- the three lanes

    def act(self, channel: BrokerChannel, delivery: Delivery) -> None:
        """One that may act: acknowledged, and only then run."""
        asked = self._understood(delivery.message)
        if asked is None:
            channel.ack(delivery.tag)
            return
        self._figures.redelivered.value += delivery.redelivered
        refusal = self._refusal(asked, redelivered=delivery.redelivered)
        if refusal is not None:
            channel.ack(delivery.tag)
            self._reply(asked.message, error_line(refusal, asked.request.command))
            return
        begun = ensureDeferred(self._begin(channel, delivery.tag, asked))
        begun.addErrback(lambda failure: self._log.failure("a bug met a command", failure))

    def safe(self, channel: BrokerChannel, delivery: Delivery) -> None:
        """One that makes safe: run whoever owned the hardware when it was asked, and then
        acknowledged. What does not make safe is treated as what it is."""
        asked = self._understood(delivery.message)
        if asked is None or not self._gate.makes_safe(
            asked.request.request_type, asked.request.command
        ):
            self.act(channel, delivery)
            return
        if delivery.redelivered:
            self._figures.redelivered.value += 1
            self._log.warn("{line}: done again", line=asked.request.command)
        self._run(asked, lambda: channel.ack(delivery.tag))

    def read(self, delivery: Delivery) -> None:
        """One that reads, or a word; the broker has forgotten it already."""
        if delivery.message.kind == WORD:
            self._word(delivery.message)
            return
        asked = self._understood(delivery.message)
        if asked is None:
            return
        refusal = self._refusal(asked, redelivered=False)
        if refusal is not None:
            self._reply(asked.message, error_line(refusal, asked.request.command))
        else:
            self._run(asked)

    # -- what is behind them

    def _understood(self, message: Message) -> _Asked | None:
        """None for what cannot be read; whoever can be told so is."""
        try:
            if message.kind != REQUEST:
                raise ForeignMessageError(f"it is no request but {message.kind or 'nothing'!r}")
            asked = self._read_before(message) or self._parsed(message)
        except (ForeignMessageError, CommandError) as error:
            self._say(message, "a message by {sender} is left: {said}", str(error))
            if message.kind == REQUEST:
                self._reply(message, error_line(MalformedRequestError(error)))
            return None
        self._servers.heard(message.reply_to, self._seconds())
        return asked

    def _read_before(self, message: Message) -> _Asked | None:
        """A read that was asked in the same words before, by who says nothing beside it."""
        head, _, words = message.body.partition(b" ")
        read = self._gate.reads.get(words)
        tags = None if read is None else _sender_alone(head)
        if read is None or tags is None:
            return None
        line_of(message)
        return _Asked(message, stamp_of(message), Request(tags, "", read.command), PLAIN, read)

    def _parsed(self, message: Message) -> _Asked:
        line, stamp = line_of(message), stamp_of(message)
        request = parse_request(decode(line))
        context = context_of(request.tags)
        if not request.request_type:
            raise MalformedRequestError("Type|command is wanted")
        return _Asked(message, stamp, request, context)

    def _refusal(self, asked: _Asked, *, redelivered: bool) -> CommandError | None:
        """Why it must not be begun; None where it may."""
        command = asked.request.command
        if redelivered:
            return OutcomeUnknownError(f"{command} was given to a processor before")
        if asked.stamp.epoch != self._fence.epoch or not self._fence.is_open:
            return OutcomeUnknownError(f"{command} was meant for another owner of the hardware")
        if self._seconds() > asked.stamp.until:
            return ExpiredError(command)
        return None

    async def _begin(self, channel: BrokerChannel, tag: int, asked: _Asked) -> None:
        turn, self._turn = self._turn, Deferred()
        mine = self._turn
        try:
            try:
                unwritten = await self._is_taken(channel, tag, asked)
            finally:
                # Whatever met this one, those behind it have their turns, and none before its own.
                await turn
            refusal = unwritten or self._refusal(asked, redelivered=False)
            if refusal is not None:
                self._reply(asked.message, error_line(refusal, asked.request.command))
            else:
                self._run(asked)
        finally:
            mine.callback(None)

    async def _is_taken(
        self, channel: BrokerChannel, tag: int, asked: _Asked
    ) -> JournalError | None:
        """Wait until the broker has it written down, and has seen that it is acknowledged.

        Both leave as one, by the lane's own channel: where only one of them comes to pass, it is
        never begun.
        """
        is_named = asked.context.key or asked.context.ask
        taken = self._taken(asked) if is_named else {}
        channel.ack(tag)
        # A channel works off what it is told in order: what is answered behind the acknowledgement
        # tells that it has seen that.
        seen: Deferred[Any] = (
            self._figures.timed(self._writer.take(channel, taken, self._fence.epoch))
            if is_named
            else channel.ask("basic_qos", prefetch_count=1)
        )
        try:
            await seen
        except BrokerError as error:
            return JournalError(f"the broker does not take it: {error}")
        return None

    def _taken(self, asked: _Asked) -> dict[str, str]:
        context, request = asked.context, asked.request
        return {
            "n": asked.message.name,
            "at": self._at(),
            "event": "begin",
            "sender": request.tags.get("from", ""),
            "type": request.request_type,
            "command": request.command,
            **({"key": context.key} if context.key else {"ask": context.ask}),
        }

    def _run(self, asked: _Asked, done: Callable[[], None] = lambda: None) -> None:
        message, stamp, request, context, read = asked
        taken = message.headers.get("taken")
        if isinstance(taken, str):
            for ask in taken.split():
                self._gate.reply_taken(ask)
        patience = stamp.until - stamp.sent
        context = context._replace(
            within=patience if context.within is None else min(context.within, patience),
            age=max(self._seconds() - stamp.sent, 0.0),
            session=f"{message.reply_to}/{context.session}" if context.session else "",
        )
        sender = request.tags.get("from", "")
        # A text, or a Deferred of one.
        response: Any
        try:
            if read is not None:
                response = read.ask(sender, context)
            else:
                response = self._gate.process_server_request(
                    request.request_type, request.command, sender, context
                )
        except Exception as error:
            response = error_line(error, request.command)
        if isinstance(response, str):
            self._reply(message, response)
            done()
            return
        if not response.called:
            self._servers.waits(message.reply_to, message.number, response)
        response.addErrback(lambda failure: error_line(_error(failure), request.command))
        response.addCallback(self._answered, message, done)

    def _answered(self, text: str, message: Message, done: Callable[[], None]) -> None:
        self._servers.answered(message.reply_to, message.number)
        self._reply(message, text)
        done()

    def _word(self, message: Message) -> None:
        word, _, rest = message.body.decode("utf-8", "replace").partition(" ")
        self._servers.heard(message.reply_to, self._seconds())
        act = self._words.get(word)
        if act is None:
            self._say(message, "a message by {sender} says {said}, which is not known", word[:20])
            return
        answer = _deferred(act, rest, message.reply_to)
        answer.addErrback(lambda failure: error_line(_error(failure), word))
        if message.number:
            answer.addCallback(lambda text: self._reply(message, text))

    def _say(self, message: Message, text: str, said: str) -> None:
        """Whoever published it, nobody knows: by which topic it came is who it is of."""
        self._sender_log.warn(self._log, text, sender=message.topic, said=said)

    def _reply(self, message: Message, text: str) -> None:
        if message.reply_to and message.number:
            reply = Message(REPLY, text.encode(errors="replace"), number=message.number)
            self._road.replied.tell(REPLIES, message.reply_to, reply)


@lru_cache(256)
def _sender_alone(head: bytes) -> Mapping[str, str] | None:
    """The tags of a line that say who asks, and nothing beside; None for others."""
    try:
        tags, rest = split_tags(decode(head))
    except CommandError:
        return None
    return tags if tags.keys() == {"from"} and not rest else None


def _deferred(act: Callable[..., str | Deferred[str]], *arguments: object) -> Deferred[str]:
    """What it gives or raises; a Deferred that it gives is that very one."""
    try:
        result = act(*arguments)
    except Exception:
        return fail()
    return succeed(result) if isinstance(result, str) else result


def _error(failure: Failure) -> Exception:
    assert isinstance(failure.value, Exception)
    return failure.value
