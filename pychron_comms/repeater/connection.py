"""One connection to a processor: pipelined, replies matched by id."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from typing import Protocol as Interface

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    INegotiated,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import OutcomeUnknownError
from pychron_comms.interfaces import Replies
from pychron_comms.observability.metrics import Histogram
from pychron_comms.observability.state.stream import Event
from pychron_comms.repeater.hop_places import HopPlaces
from pychron_comms.repeater.waiting import Waiting, WaitingResponse, WaitingRun, Wording
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.event_lines import events_apart
from pychron_comms.transport.outbox import Outbox
from pychron_comms.transport.socket_tuning import make_prompt, receive_directly
from pychron_comms.transport.taken import TakenReplies
from pychron_comms.wire.context import PLAIN, RequestContext, terms_of
from pychron_comms.wire.grammar import (
    parse_reply,
    payload_length,
    quoted,
    write_request,
)
from pychron_comms.wire.replies import ReplyDecoder

#: Bytes of one reply; a processor that sends more is taken for broken.
REPLY_LIMIT = 16 * 1024 * 1024

#: Seconds between looks for those who have waited too long, and what a reply may take on the way.
_SWEEP = 1.0
_GRACE = 0.5

#: Seconds for which who asks, and when, need not be written anew.
_MOMENT = 0.001

#: Seconds that a handshake of TLS may take, and what is asked first over it.
_HANDSHAKE = 10.0
_ECHO_TYPE, _ARE_YOU_THERE = "test", "are you there"


class ConnectionOwner(Interface):
    """Who keeps a connection, and is told of it."""

    #: Takes how long each reply took, where that is wanted.
    hop: Histogram | None

    #: Whether the other end is on this computer, and has its clock: so it can tell how long a
    #: command was on its way, where it may have stood still.
    is_near: bool

    def connected(self, connection: ProcessorConnection) -> None:
        """Commands may be sent over it: who is at its other end takes them."""

    def disconnected(self, connection: ProcessorConnection, reason: Failure) -> None:
        """It has ended, or never came so far; what waits there fails next."""

    def told(self, topic: str, text: str) -> None:
        """The processor tells of its state, unasked. Raises ValueError for what is no state."""

    def happened(self, events: Sequence[Event]) -> None:
        """So it does of what has happened there."""


_Pending = Waiting | WaitingResponse | WaitingRun

#: Senders are few, and ask again and again.
_name_of = lru_cache(256)(quoted)


@implementer(IHandshakeListener)
class ProcessorConnection(Protocol):
    """One connection to a processor. Ids are never used twice on it."""

    _log = Logger()
    transport: Any

    def __init__(
        self, owner: ConnectionOwner, clock: IReactorTime, timeout: float, cork: Cork
    ) -> None:
        self._owner = owner
        self._cork = cork
        self._clock = clock
        self._timeout = timeout
        self._decoder = ReplyDecoder(payload_length, REPLY_LIMIT)
        self._places = HopPlaces()
        self._pending: dict[int, _Pending] = {}
        self._last_id = 0
        # Who asked last, when, and the tags that say so.
        self._asker, self._stamped, self._said = "", -math.inf, ""
        #: Replies that were read.
        self.taken = TakenReplies(clock, self.say)
        self._sweep = LoopingCall(self._give_up_late)
        self._sweep.clock = clock

    @property
    def in_flight(self) -> int:
        """Commands of clients that wait for their replies."""
        return sum(each.place is not None for each in self._pending.values())

    def send(
        self, request_type: str, data: str, sender: str, context: RequestContext
    ) -> Deferred[str]:
        """The reply to come. Errors: 203, and 206 for a command that is more than one line."""
        if context.ask and self.taken.concern(context.ask):
            self.taken.tell()
        words = write_request(data, request_type)
        room = self._places
        places = room.safe(request_type) if context.safe else room.ordinary
        places.take(sender)
        now = self._clock.seconds()
        tags, until = self._terms(sender, context, now)
        response = WaitingResponse(data, self._last_id + 1, now, until, (places, sender))
        self._send(words, tags, response)
        return response

    def ask(self, command: Wording, sender: str, context: RequestContext) -> Waiting:
        """The reply to come to a read of that sender. Errors: 203."""
        places = self._places.ordinary
        places.take(sender)
        now = self._clock.seconds()
        tags, until = self._terms(sender, context, now)
        waiting = Waiting(command.command, now, until, (places, sender))
        self._send(command.words, tags, waiting)
        return waiting

    def ask_all(
        self,
        commands: Sequence[Wording],
        sender: str,
        context: RequestContext,
        replies: Replies,
    ) -> None:
        """As ``ask`` of each, in one piece. Errors: 203, for all of them."""
        places = self._places.ordinary
        places.take(sender, len(commands))
        now = self._clock.seconds()
        tags, until = self._terms(sender, context, now)
        first = self._last_id + 1
        self._last_id += len(commands)
        numbers = range(first, self._last_id + 1)
        waiting = WaitingRun(
            commands, first, replies, sent=now, until=until, place=(places, sender)
        )
        self._pending.update(dict.fromkeys(numbers, waiting))
        pairs = zip(numbers, commands, strict=True)
        lines = [f"@id={number}{tags} {each.words}\r\n" for number, each in pairs]
        self._outbox.write("".join(lines).encode())

    def _terms(self, sender: str, context: RequestContext, now: float) -> tuple[str, float]:
        """The tags that say who asks, when, and on which terms; and until when there is to wait."""
        seconds = self._timeout
        if sender != self._asker or not self._stamped <= now < self._stamped + _MOMENT:
            # To the millisecond it is the same for a whole chunk.
            self._asker, self._stamped = sender, now
            sent = f";sent={now:.3f}" if self._owner.is_near else ""
            self._said = f";from={_name_of(sender)}{sent}"
        tags = self._said
        if context is not PLAIN:
            if not self._owner.is_near:
                # By a clock that the other end knows nothing of: it compares.
                tags = f"{tags};left={now:.3f}"
            tags += terms_of(context)
            if context.within is not None:
                # The processor keeps to it as well, and has the better word for it.
                seconds = min(seconds, max(context.within, 0.0) + _GRACE)
        return tags, now + seconds

    def forget(self, response: Deferred[str]) -> None:
        """Tell the processor that nobody waits for this response; nothing where it is not ours."""
        if not isinstance(response, WaitingResponse) or response.place is None:
            return
        if self._pending.get(response.number) is response:
            _, sender = response.place
            # Behind the request itself, and not behind those of others.
            self.say(f"Forget {response.number}", f";from={_name_of(sender)}")

    def session_ended(self, session: str, sender: str) -> None:
        """Tell the processor, behind what that client has asked: others need not wait for it."""
        self.say(f"Gone {session}", f";from={_name_of(sender)}")

    def say(self, words: str, tags: str = "") -> None:
        """Tell the processor something of this connection; its reply is of no use."""
        self._say(words, self._timeout, tags).addErrback(lambda failure: None)

    def tell(self, words: str, seconds: float) -> Deferred[str]:
        """Words of the server's own; what the processor says. Errors: 201, so much later."""
        return self._say(words, seconds)

    def cut_off(self) -> None:
        """End it now, whatever is on its way."""
        self.transport.abortConnection()

    def connectionMade(self) -> None:
        make_prompt(self.transport)
        receive_directly(self.transport, self)
        self._outbox = Outbox(self.transport, self._cork)
        self._sweep.start(_SWEEP, now=False)
        self._ready_by = self._clock.seconds() + _HANDSHAKE
        # Of TLS, no command is sent until both sides know each other: it could only be lost.
        if not INegotiated.providedBy(self.transport):
            self._ready()

    def handshakeCompleted(self) -> None:
        # Under TLS 1.3 the processor looks at our certificate only now. What it answers once, it
        # has taken; what was sent before is lost where it has not.
        asked = self._say(write_request(_ARE_YOU_THERE, _ECHO_TYPE), _HANDSHAKE)
        asked.addCallbacks(lambda _: self._ready(), lambda _: None)

    def _ready(self) -> None:
        self._ready_by = math.inf
        self._owner.connected(self)

    def dataReceived(self, data: bytes) -> None:
        now = self._clock.seconds()
        try:
            # Nearly always all of them are such.
            replies = self._decoder.numbered(data)
            if len(replies) == 1:
                # Nothing is to be gathered.
                number, text = replies[0]
                self._answered(int(number), text, now)
            elif replies:
                with self._cork:
                    self._all_answered(replies, now)
            else:
                self._others_received(data, now)
        except ValueError as error:
            self._log.error("the processor answers garbage: {error}", error=error)
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._sweep.stop()
        self.taken.stop()
        self._owner.disconnected(self, reason)
        for number in list(self._pending):
            self._give_up(number, "the processor was lost during")

    def _say(self, words: str, seconds: float, tags: str = "") -> Deferred[str]:
        """Words of this connection's own; its reply, within so many seconds."""
        now = self._clock.seconds()
        response = WaitingResponse(words, self._last_id + 1, now, now + seconds)
        self._send(words, tags, response)
        return response

    def _send(self, words: str, tags: str, waiting: _Pending) -> None:
        number = self._last_id + 1
        self._last_id = number
        self._pending[number] = waiting
        self._outbox.write(f"@id={number}{tags} {words}\r\n".encode())

    def _over(self, waiting: _Pending, count: int, replied: float | None = None) -> None:
        """So many of these wait no more; when they were replied to, where they were."""
        if replied is not None and self._owner.hop is not None:
            self._owner.hop.observe(replied - waiting.sent, count)
        if waiting.place is not None:
            places, sender = waiting.place
            places.give_back(sender, count)

    def _give_up(self, number: int, why: str) -> None:
        """There is no reply to the one of that number. ``why`` comes before its command."""
        waiting = self._pending.pop(number)
        self._over(waiting, 1)
        waiting.failed(number, OutcomeUnknownError(f"{why} {waiting.named(number)}"))

    def _others_received(self, data: bytes, now: float) -> None:
        """What is not replies alone, or not all there is of them."""
        events: Sequence[Event] = ()
        if self._decoder.is_idle:
            events, data = events_apart(data)
        if data:
            with self._cork:
                for line, payload in self._decoder.feed(data):
                    self._reply_received(line, payload, now)
        if events:
            # Behind the replies: somebody waits for those.
            self._owner.happened(events)

    def _reply_received(self, line: bytes, payload: bytes, now: float) -> None:
        reply = parse_reply(line, payload)
        topic = reply.tags.get("event")
        if topic is not None:
            self._owner.told(topic, reply.text)
            return
        self._answered(int(reply.tags.get("id", "")), reply.text, now)

    def _all_answered(self, replies: Sequence[tuple[bytes, bytes]], now: float) -> None:
        """Those to commands that were sent together are told together."""
        pending, at = self._pending, 0
        while at < len(replies):
            begin, number = at, int(replies[at][0])
            waiting = pending.get(number)
            at += 1
            if not isinstance(waiting, WaitingRun):
                self._answered(number, replies[begin][1], now)
                continue
            del pending[number]
            end = number + 1
            while at < len(replies) and int(replies[at][0]) == end and pending.get(end) is waiting:
                del pending[end]
                at, end = at + 1, end + 1
            self._over(waiting, at - begin, now)
            waiting.replied(number, [text for _, text in replies[begin:at]])

    def _answered(self, number: int, text: str | bytes, now: float) -> None:
        waiting = self._pending.pop(number, None)
        if waiting is not None:
            self._over(waiting, 1, now)
            if isinstance(waiting, Waiting):
                waiting.callback(text)
            else:
                waiting.replied(number, (text,))
        elif 0 < number <= self._last_id:
            self._log.warn("a reply came too late: {text}", text=text)
        else:
            raise ValueError(f"a reply to request {number}, which was never sent")

    def _give_up_late(self) -> None:
        now = self._clock.seconds()
        if self._ready_by <= now:
            self.transport.abortConnection()
        for number in [number for number, each in self._pending.items() if each.until <= now]:
            self._give_up(number, "no reply in time to")


@implementer(IProtocolFactory)
class ProcessorConnectionFactory(Factory):
    """Builds a ``ProcessorConnection`` for each time that its owner connects."""

    noisy = False

    def __init__(
        self, owner: ConnectionOwner, clock: IReactorTime, timeout: float, cork: Cork
    ) -> None:
        self._arguments = (owner, clock, timeout, cork)

    def buildProtocol(self, addr: IAddress | None) -> ProcessorConnection:
        return ProcessorConnection(*self._arguments)
