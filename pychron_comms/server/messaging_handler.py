"""The server's end of a client's connection."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, ExpiredError
from pychron_comms.interfaces import IKnownRead, Replies, ReplyToCome
from pychron_comms.observability.state.audience import APART
from pychron_comms.server.dispatcher import GONE, RequestDispatcher
from pychron_comms.server.resend import evidence
from pychron_comms.server.resend.conversation import Conversation
from pychron_comms.server.resend.delivery import LAIN
from pychron_comms.transport.connections import HELD, Connections
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.socket_tuning import read_bit_by_bit
from pychron_comms.wire.context import RequestContext, asked_by
from pychron_comms.wire.grammar import Request, Tags

#: Seconds in which a client that has gone resets the connection that a reply was written to.
LINGER = 0.5


#: How a client begins that wants to be told how things stand.
SUBSCRIBE = "Subscribe "


class MessagingHandler(CommandLineReceiver):
    """Takes one client's commands to the repeater and writes its replies.

    What happens on the connection tells whether its client has read them: ``Conversation``.
    """

    # Made for the first command that acts: most connections only read.
    _conversation: Conversation | None = None
    # However many watch, and whatever happens: commands come first.
    events_apart = APART
    _asked = 0
    _heard_at = 0.0
    _session = ""
    _linger: IDelayedCall | None = None

    def __init__(self, dispatcher: RequestDispatcher, connections: Connections) -> None:
        super().__init__(connections)
        self._dispatcher = dispatcher
        self.known_reads = dispatcher.known_reads

    def connectionMade(self) -> None:
        super().connectionMade()
        read_bit_by_bit(self.transport)
        self._connections.reads.share(self.transport, self._account.host.reads)
        # Its client may have made it while this process stood still.
        lain = self._dispatcher.reports.watch.may_have_lain
        if lain:
            lain = min(lain, evidence.seconds_since_made(self._socket()))
        self._heard_at = self._clock.seconds() - lain

    @property
    def worth(self) -> int:
        # A lease may end with it.
        return HELD if self._session else super().worth

    def makes_safe(self, line: bytes) -> bool:
        return self._dispatcher.makes_safe(line)

    def may_go_ahead(self, lines: bytes) -> bool:
        return self._dispatcher.may_make_safe(lines)

    def only_reads(self, line: bytes) -> bool:
        return self._dispatcher.only_reads(line)

    def ask_again(self, read: IKnownRead, tags: Tags) -> str | Deferred[str] | ReplyToCome:
        if self._conversation is not None:
            self._conversation.asked_on()
        self._asked += 1
        self._heard_at = self._clock.seconds()
        return self._dispatcher.ask_again(read, self.sender, tags)

    def ask_all(self, reads: Sequence[IKnownRead], tags: Tags, replies: Replies) -> None:
        if self._conversation is not None:
            self._conversation.asked_on()
        self._asked += len(reads)
        self._heard_at = self._clock.seconds()
        self._dispatcher.ask_all(reads, self.sender, tags, replies)

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        if self._conversation is not None:
            self._conversation.asked_on()
        self._asked += 1
        if request.command.startswith(SUBSCRIBE) and "id" in request.tags:
            # Event lines are for who knows tags: a plain client would take one for its reply.
            self._dispatcher.admit(self.sender)
            return self.follow(self._dispatcher.stream, request.command[len(SUBSCRIBE) :])
        try:
            return self._dispatcher.answer(request, self.sender, self)
        finally:
            self._heard_at = self._clock.seconds()

    def readConnectionLost(self) -> None:
        if self._session:
            self._end_session()
        conversation = self._conversation
        if conversation is not None:
            conversation.ended(not self.is_busy)
        if conversation is None or not conversation.in_doubt:
            super().readConnectionLost()
            return
        self._ended = True
        if not self.is_busy:
            self._close_ended()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._linger is not None and self._linger.active():
            self._linger.cancel()
        if self._conversation is not None:
            self._conversation.gone()
        if self._session:
            self._end_session()
        super().connectionLost(reason)

    # -- what the dispatcher asks of a client

    @property
    def session(self) -> str:
        if not self._session:
            self._session = secrets.token_hex(8)
        return self._session

    @property
    def ask(self) -> str:
        conversation = self._conversation or self._known_conversation()
        return f"{conversation.name}.{self._asked}"

    def named(self, context: RequestContext) -> RequestContext:
        return asked_by(context, self.ask, self._clock.seconds() - self._heard_at)

    @property
    def lain(self) -> float:
        lain = self._dispatcher.reports.watch.may_have_lain
        return min(lain, evidence.seconds_since_heard(self._socket())) if lain else 0.0

    @property
    def has_gone(self) -> bool:
        """Whether its end was there with the request when this process went on."""
        if not self._dispatcher.reports.lay_for_long:
            return False
        handle = self._socket()
        return evidence.seconds_since_heard(handle) > LAIN and evidence.has_surely_ended(handle)

    def refusal(self, command: str) -> CommandError | None:
        return ExpiredError(f"{command}: {GONE}") if self.has_gone else None

    def watch(self, ask: str, response: Deferred[str]) -> None:
        (self._conversation or self._known_conversation()).add(ask, response)

    def _known_conversation(self) -> Conversation:
        if self._conversation is None:
            self._conversation = Conversation(self._dispatcher.reports, self._socket())
            self._more_came = self._conversation.more_came
        return self._conversation

    def _socket(self) -> object:
        return evidence.handle_of(self.transport)

    def _end_session(self) -> None:
        """A client that sends no more is taken for gone here: a dead one looks no different."""
        session, self._session = self._session, ""
        self._dispatcher.session_ended(session, self.sender)

    def _close_ended(self) -> None:
        """Close, but where the client had stopped sending first see whether it is still there.

        One that has gone altogether resets the connection when a reply comes; one that only
        stopped sending does not.
        """
        if self._conversation is None or not self._conversation.in_doubt:
            super()._close_ended()
        else:
            self._linger = self._clock.callLater(LINGER, self._settle)

    def _settle(self) -> None:
        if self._conversation is not None:
            self._conversation.settle()
        super()._close_ended()


class MessagingFactory(Factory):
    """Builds a ``MessagingHandler`` for each connection."""

    noisy = False

    def __init__(self, dispatcher: RequestDispatcher, connections: Connections) -> None:
        self._dispatcher = dispatcher
        self._connections = connections

    def logPrefix(self) -> str:
        return f"RemoteCommandServer for {self._dispatcher.request_type}"

    def buildProtocol(self, addr: IAddress | None) -> MessagingHandler:
        return MessagingHandler(self._dispatcher, self._connections)
