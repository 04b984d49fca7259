"""The same service over UDP: a datagram is whole by nature, its reply one datagram back."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import (
    CommandError,
    ExpiredError,
    LineTooLongError,
    MalformedRequestError,
    OutcomeUnknownError,
    ReplyTooLongError,
    error_line,
)
from pychron_comms.interfaces import IKnownRead, ReplyToCome
from pychron_comms.server.dispatcher import GONE, RequestDispatcher
from pychron_comms.server.resend import evidence
from pychron_comms.server.resend.delivery import LAIN
from pychron_comms.transport.ahead import unanswered
from pychron_comms.transport.datagram_lanes import Address, DatagramLine
from pychron_comms.transport.datagrams import DATAGRAM_LIMIT, longest_reply
from pychron_comms.transport.exchange import Exchange
from pychron_comms.transport.laned_datagrams import LanedDatagrams
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.peer_identity import is_here
from pychron_comms.transport.shared import Shared
from pychron_comms.wire.context import RequestContext, asked_by
from pychron_comms.wire.copies import KEEP_DATAGRAM
from pychron_comms.wire.grammar import Request, Tags
from pychron_comms.wire.lines import TOO_LONG, LineDecoder
from pychron_comms.wire.rendering import render

#: Commands in one datagram of this computer.
LINES = 64

#: Lines of a kind of which twins are known.
TWINS = 1000

#: Seconds after which no twin comes any more of what was passed on, however long this stood still.
PASSED_ON = 60.0

#: A sender, and a line.
Asked = tuple[str, bytes]


class RecentLines:
    """Lines of the last so many seconds, each with its sender; the newest ``TWINS`` of them."""

    def __init__(self, clock: IReactorTime, keep: float) -> None:
        self._clock = clock
        self._keep = keep
        # By what stands for the sender and the line: a line may be long. Oldest first.
        self._until: OrderedDict[int, float] = OrderedDict()

    def add(self, asked: Asked) -> None:
        """One more."""
        now, twins = self._clock.seconds(), hash(asked)
        self._until[twins] = now + self._keep
        self._until.move_to_end(twins)
        while len(self._until) > TWINS or next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)

    def __contains__(self, asked: Asked) -> bool:
        """Whether it may be a twin of one of them."""
        return bool(self._until) and self._until.get(hash(asked), 0.0) > self._clock.seconds()


class _Datagram:
    """What asks the lines of a datagram. A copy of one comes in another datagram, from any port.

    Whether a reply arrives nobody can tell.
    """

    session = ""
    # Nobody can tell.
    has_gone = False

    def __init__(self, handler: DatagramMessagingHandler, line: DatagramLine) -> None:
        self._handler = handler
        self._came = line
        self._line = line.line
        self._address = line.address
        self._safe = line.makes_safe
        self._size = len(line.line)
        self.sender = line.address[0]
        self.known_reads = handler.dispatcher.known_reads

    def makes_safe(self, line: bytes) -> bool:
        return self._safe

    def ask_again(self, read: IKnownRead, tags: Tags) -> str | Deferred[str] | ReplyToCome:
        self._handler.guard.look_for_room(self.sender, self._safe, self._size)
        return self._handler.dispatcher.ask_again(read, self.sender, tags)

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        if not self._came.copies:
            request = unanswered(request)
        self._handler.guard.look_for_room(self.sender, self._safe, self._size)
        return self._handler.dispatcher.answer(request, self.sender, self)

    def reply(self, identifier: str, text: str) -> None:
        self._handler.send(text, identifier, self._address, self._came.copies)

    def wait(self, identifier: str) -> str:
        self._handler.guard.begin(self.sender, self._safe, self._size)
        return identifier

    def reply_late(self, text: str | bytes, identifier: str) -> None:
        self._handler.guard.end(self.sender, self._safe, self._size)
        self._handler.send(text, identifier, self._address, self._came.copies)

    @cached_property
    def ask(self) -> str:
        return self._handler.dispatcher.reports.datagram_name()

    def named(self, context: RequestContext) -> RequestContext:
        return asked_by(context, self.ask, 0.0)

    @property
    def lain(self) -> float:
        stood = self._handler.dispatcher.reports.watch.may_have_lain
        return self._handler.seconds_since(self._came) + (stood if self._came.has_lain else 0.0)

    def refusal(self, command: str) -> CommandError | None:
        """202 for what has lain too long, and for its twins; 201 where one was passed on before.

        Who sends it again has then done so more than once, and the gate knows the first no more.
        """
        handler, asked = self._handler, (self.sender, self._line)
        if self._came.has_lain or handler.seconds_since(self._came) > LAIN:
            (handler.in_doubt if asked in handler.passed_on else handler.not_begun).add(asked)
        if asked in handler.in_doubt:
            return OutcomeUnknownError(f"{command}: {GONE}, and a copy of it had come before")
        return ExpiredError(f"{command}: {GONE}") if asked in handler.not_begun else None

    def watch(self, ask: str, response: Deferred[str]) -> None:
        """Nobody can tell when it has gone."""
        if ask:
            self._handler.passed_on.add((self.sender, self._line))
            response.addBoth(self._handler.dispatcher.reports.datagram_answered, ask)


class DatagramMessagingHandler(LanedDatagrams):
    """Answers a datagram with one to where it came from.

    One from the network is one command, and its reply has at most ``datagram_reply`` bytes. On this
    computer itself each line of a datagram is one, and the replies may be as long as they can be.
    """

    def __init__(self, dispatcher: RequestDispatcher, options: WireOptions, shared: Shared) -> None:
        super().__init__(f"{dispatcher.request_type} (UDP)", shared)
        self.dispatcher = dispatcher
        self._options = options
        #: Lines whose senders were told that they are not begun: nor are their twins under way. A
        #: processor knows by itself what it has refused; this is for what never came to one.
        self.not_begun = RecentLines(shared.clock, KEEP_DATAGRAM)
        #: Those of which that cannot be said, since a twin of theirs had been passed on.
        self.in_doubt = RecentLines(shared.clock, KEEP_DATAGRAM)
        self.passed_on = RecentLines(shared.clock, PASSED_ON)
        self._exchange = Exchange(self.name, shared.metrics, shared.log)

    @property
    def lay_for_long(self) -> bool:
        """Whether who sent the datagram that is read now may have given up."""
        if not self.dispatcher.reports.lay_for_long:
            return False
        return evidence.seconds_since_datagram(evidence.handle_of(self.transport)) > LAIN

    def refuse_commands(self) -> None:
        """Answer every new command with 209, save those that make safe."""
        self._exchange.refusing = True

    def logPrefix(self) -> str:
        return f"RemoteCommandServer for {self.name}"

    def startProtocol(self) -> None:
        super().startProtocol()
        evidence.date_datagrams(evidence.handle_of(self.transport))

    def received(self, datagram: bytes, addr: Address) -> None:
        decoder = LineDecoder(self._options.line_length)
        lines = [*decoder.feed(datagram), *decoder.take_pending()]
        if len(lines) > 1 and not is_here(addr[0]):
            self._refuse(MalformedRequestError("one command for each datagram"), lines[0], addr)
            return
        if len(lines) > LINES:
            few = MalformedRequestError(f"at most {LINES} commands for each datagram")
            self._refuse(few, lines[0], addr)
            return
        has_lain = self.lay_for_long
        for line in lines:
            if line is TOO_LONG:
                self._refuse(LineTooLongError(self._options.line_length), line, addr)
            else:
                safe = self.dispatcher.makes_safe(line)
                if self.guard.may_answer(line, addr[0], safe):
                    self.come(line, addr, safe, has_lain)

    def send(self, text: str | bytes, identifier: str, addr: Address, times: int) -> None:
        """One reply, as one datagram, so many times; 213 for one that is none."""
        limit = self._options.datagram_reply or longest_reply(addr[0])
        data = render(identifier, text, self._options.frame)
        if len(data) > limit:
            most = f"{limit} in a datagram: ask by TCP" if limit < DATAGRAM_LIMIT else limit
            data = render(identifier, error_line(ReplyTooLongError(len(data), most)))
        self.answer(data, addr, times)

    def seconds_since(self, line: DatagramLine) -> float:
        """For how long it has waited in its lane."""
        return self.clock.seconds() - line.came

    def take(self, line: DatagramLine) -> None:
        self._exchange.take(line.line, _Datagram(self, line))

    def _refuse(self, error: CommandError, line: bytes | None, addr: Address) -> None:
        if self.guard.may_answer(line or b"", addr[0], False):
            refused = DatagramLine(b"", addr, False, self.clock.seconds(), has_lain=False)
            self._exchange.refuse(error, _Datagram(self, refused))
