"""The repeater by way of a broker: commands go to whichever processor owns the hardware."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import BrokerChannel, RejectedError
from pychron_comms.broker.figures import BrokerFigures
from pychron_comms.broker.link import BrokerLink
from pychron_comms.broker.message import REQUEST, Message, stamped
from pychron_comms.broker.names import COMMANDS, Lane, topic_of
from pychron_comms.broker.outcomes import LostReply
from pychron_comms.broker.presence import StateWatcher
from pychron_comms.broker.reach import OwnerReach
from pychron_comms.broker.sent import SentCommands
from pychron_comms.broker.ticks import Ticks
from pychron_comms.broker.waiting import Waiting
from pychron_comms.errors import CommandError, PychronCommunicationError
from pychron_comms.interfaces import IAsksAgain, ICommandRepeater, IKnownRead, Replies
from pychron_comms.observability.metrics import Histogram
from pychron_comms.safeguards.fence import unstopped
from pychron_comms.transport.broker_strings import BrokerAddress
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.read_run import ask_each
from pychron_comms.transport.taken import ReadLately, TakenReplies
from pychron_comms.wire.context import PLAIN, RequestContext, terms_of
from pychron_comms.wire.grammar import quoted, write_request

#: Seconds between two words to the processor that this server lives.
_ALIVE = 1.0

#: Seconds between looks for those who have waited too long, and what a reply may take on the way.
_SWEEP = 0.5
_GRACE = 0.5

#: Seconds after which what makes safe is published again where its queue was full.
_AGAIN = 0.05

#: Seconds that an owner may take to say what became of a command.
_OUTCOME = 2.0

_TEST_DATA = "are you there"


class _Sending(NamedTuple):
    """A message by a lane; ``number``: of who waits for its reply."""

    channel: BrokerChannel
    lane: Lane
    message: Message
    number: int


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

    is_near = False

    def __init__(
        self,
        address: BrokerAddress,
        reactor: Any,
        figures: BrokerFigures,
        cork: Cork,
        *,
        timeout: float = 30.0,
        seconds: Callable[[], float] = unstopped,
        link: type[BrokerLink] = BrokerLink,
        hop: Histogram | None = None,
    ) -> None:
        super().__init__()
        self._topics = {lane: topic_of(address.hardware, lane) for lane in Lane}
        self._timeout = timeout
        self._clock = reactor
        self._seconds = seconds
        self._figures = figures
        #: The way to the owner.
        self.reach = OwnerReach(
            address,
            reactor,
            self,
            cork,
            log=figures.sender_log(reactor),
            seconds=seconds,
            link=link,
        )
        self.reach.setServiceParent(self)
        figures.show(lambda: self.reach.commands is not None, lambda: self.reach.is_blocked)
        self._sent = SentCommands(self.reach.known_as, seconds, self._ask_outcome, hop)
        self._taken = TakenReplies(reactor, self.reach.say)
        self._read_lately = ReadLately(reactor)
        self._ticks = (
            Ticks(self._look, _SWEEP, reactor),
            Ticks(lambda: self.reach.say("Alive"), _ALIVE, reactor),
        )

    def startService(self) -> None:
        super().startService()
        for each in self._ticks:
            each.start()

    def stopService(self) -> Any:
        for each in self._ticks:
            each.stop()
        self._taken.stop()
        self._sent.stop()
        return super().stopService()

    def watch_state(self, watcher: StateWatcher) -> None:
        """Let ``watcher`` hear how things stand at the owner, while there is one."""
        self.reach.presence.watch(watcher)

    def when_connected(self, act: Callable[[], None]) -> None:
        """Call this each time that there is an owner again: it may be another."""
        self.reach.presence.when_found.append(act)

    # -- what is asked

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return len(self._sent)

    @property
    def connection(self) -> BrokerConnection | None:
        """By which commands go; None while there is none."""
        return self.reach.connection

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
        reach = self.reach
        channel = reach.commands
        if channel is None or reach.why_not:
            return fail(PychronCommunicationError(reach.known_as, reach.why_not))
        try:
            words = write_request(data, request_type)
            line = f"@from={quoted(sender)}{terms_of(context)} {words}"
            self._sent.take_place(lane, sender)
        except CommandError:
            return fail()
        seconds = self._timeout
        if context.within is not None:
            seconds = min(seconds, max(context.within, 0.0))
        stamp = reach.owner.stamp(seconds)
        headers = stamped(stamp)
        if self._taken.asks and lane is Lane.ACT:
            # It may tell whether this one is a copy.
            headers["taken"] = " ".join(self._taken.take())
        reply: Deferred[str] = Deferred()
        now = self._seconds()
        until = now + seconds + _GRACE
        key = context.key if lane is Lane.ACT else ""
        number = self._sent.add(
            Waiting(reply, data, stamp.epoch, now, until, lane, sender, request_type, key)
        )
        message = Message(
            REQUEST,
            line.encode(),
            name=f"{reach.queue}.{number}",
            number=str(number),
            reply_to=reach.queue,
            expires=None if lane is Lane.SAFE else int(seconds * 1000),
            headers=headers,
        )
        self._publish(_Sending(channel, lane, message, number))
        return reply

    def _publish(self, sending: _Sending) -> None:
        published = sending.channel.publish(COMMANDS, self._topics[sending.lane], sending.message)
        self._figures.timed(published)
        published.addErrback(self._not_published, sending)

    def _not_published(self, failure: Failure, sending: _Sending) -> None:
        if (
            failure.check(RejectedError)
            and sending.lane is Lane.SAFE
            and self._sent.has_time(sending.number, _AGAIN + _GRACE)
        ):
            # Its queue may be full of rubbish for a moment, and no limit refuses what makes safe.
            self._clock.callLater(_AGAIN, self._publish_again, failure, sending)
        else:
            self._sent.not_published(failure, sending.number)

    def _publish_again(self, failure: Failure, sending: _Sending) -> None:
        if sending.channel is self.reach.commands:
            self._publish(sending)
        else:
            self._sent.not_published(failure, sending.number)

    def asker_gone(self, response: Deferred[str]) -> None:
        number = self._sent.number_of(response)
        if number is not None:
            self.reach.say(f"Forget {number}")

    def session_ended(self, session: str, sender: str) -> None:
        self.reach.say(f"Gone {session}")

    def reply_taken(self, ask: str) -> None:
        self._read_lately.add(ask)
        self._taken.add(ask)

    def test_connection(self) -> Deferred[None]:
        return self.get_response("test", _TEST_DATA, "").addCallback(self._check_echo)

    def _check_echo(self, text: str) -> None:
        if text != _TEST_DATA:
            raise PychronCommunicationError(self.reach.known_as, f"its echo was {text}")

    def _ask_outcome(self, lost: LostReply) -> Deferred[str]:
        context = RequestContext(within=_OUTCOME)
        return self.send(Lane.READ, lost.request_type, lost.question, lost.sender, context)

    # -- what the owner's reach tells

    def replied(self, message: Message) -> None:
        """A reply has come."""
        self._sent.replied(message)

    def owner_is(self, epoch: str) -> None:
        """Another one than before."""
        self._sent.owner_is(epoch)

    def reachable(self) -> None:
        """Commands can be sent, to one that was not there a moment ago."""
        for ask in self._read_lately.asks():
            self._taken.add(ask)
        self._sent.ask_for_outcomes()

    def lost(self, why: str) -> None:
        """Replies that are on the way do not come."""
        self._sent.lost(why)

    # -- words beside commands

    def _ask_word(self, words: str) -> Deferred[str]:
        reach = self.reach
        if reach.why_not:
            return fail(PychronCommunicationError(reach.known_as, reach.why_not))
        try:
            self._sent.take_place(Lane.READ, "")
        except CommandError:
            return fail()
        reply: Deferred[str] = Deferred()
        now = self._seconds()
        until = now + self._timeout
        number = self._sent.add(Waiting(reply, words, reach.owner.epoch, now, until, Lane.READ, ""))
        reach.say(words, str(number))
        return reply

    def _look(self) -> None:
        self._sent.give_up_late()
        if self.reach.look():
            self._sent.ask_for_outcomes()
