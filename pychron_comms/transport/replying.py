"""What a connection writes: a reply for each request, in order, as far as its client reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import MalformedRequestError, OutcomeUnknownError, error_line
from pychron_comms.observability.state.patterns import parse_wish
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Subscription
from pychron_comms.transport.backlog import Backlog
from pychron_comms.transport.backpressure import Backpressure
from pychron_comms.transport.budget import Account
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.fair_backlog import FairBacklog
from pychron_comms.transport.outbox import Outbox
from pychron_comms.transport.peer_identity import sender_of
from pychron_comms.transport.reply_order import ReplyOrder, Turn
from pychron_comms.transport.socket_tuning import make_prompt
from pychron_comms.wire.grammar import (
    LINE_END,
    PLAIN_REPLY_LIMIT,
    plain_reply,
    tagged_replies,
    tagged_reply,
)
from pychron_comms.wire.rendering import render


@implementer(IPushProducer)
class ReplyingProtocol(LineReceiver):
    """Writes the replies of one connection.

    Those to requests without an id keep the order of the requests; those with one may overtake.
    While the client leaves replies unread, no command of its begins; it is dropped when that takes
    too long, or when its computer owes too much.
    """

    # Set on the class, not on the instance: most connections are idle, and each byte counts.
    _log = Logger()
    _order: ReplyOrder | None = None
    _events: Subscription | None = None
    #: Seconds between two rounds of events.
    events_apart = 0.0
    _stall_timer: IDelayedCall | None = None
    _dropped = False
    # Lines that wait for their turn; and whether the client sends no more.
    _backlog: Backlog | FairBacklog | None = None
    _ended = False

    sender = ""
    transport: Any

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._options = connections.options
        self._clock = connections.clock

    def go_on(self) -> None:
        """A reply has gone or was read, and more is to be done: commands wait, or the end does."""
        raise NotImplementedError

    def connectionMade(self) -> None:
        if not self.sender:
            self.sender = sender_of(self.transport.getPeer())
        self._host = self.sender
        self._account = Account(self._connections.budgets, self._host)
        self.pressure = Backpressure(self._options.in_flight, self._account.host)
        self._outbox = Outbox(self.transport, self._connections.cork)
        if self._options.close_after_reply:
            self._outbox.sent = self._sent
        make_prompt(self.transport)
        self.transport.registerProducer(self, True)

    # -- replies

    def sendLine(self, line: bytes) -> None:
        self._write(line + self.delimiter)

    def wait(self, identifier: str) -> int | str:
        """The reply to what was just asked comes later; its place, or its id."""
        self.pressure.begin()
        if identifier:
            return identifier
        order = self._order
        return order.reserve() if order is not None else self._ordered.reserve()

    def wait_for_all(self, identifiers: Sequence[str]) -> int | Sequence[str]:
        """As ``wait``, of what is asked together; the first place, or their ids."""
        self.pressure.begin(len(identifiers))
        return identifiers if identifiers[0] else self._ordered.reserve(len(identifiers))

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        """The reply to a request with this id is that Deferred's to tell."""

    def reply(self, identifier: str, text: str) -> None:
        """The reply to what was just asked is known at once."""
        if identifier:
            self._outbox.write(tagged_reply(identifier, text))
        elif self._order is None:
            self._outbox.write(self.plain(text))
        else:
            self._write(self._order.append(self.plain(text)))

    def reply_all(self, identifiers: Sequence[str], texts: Sequence[str | bytes]) -> None:
        """As ``reply``, of what was asked together."""
        if identifiers[0]:
            self._outbox.write(tagged_replies(identifiers, texts))
            return
        for text in texts:
            self._write(self._ordered.append(self.plain(text)))

    def reply_late(self, text: str | bytes, place: int | str) -> None:
        """The reply for which there was to wait."""
        self.pressure.end()
        if isinstance(place, str):
            self._outbox.write(render(place, text))
        elif self._order is not None:
            data = self._order.fill(place, (self.plain(text),))
            if data:
                self._outbox.write(data)
        if self._backlog or self._ended:
            self.go_on()

    def reply_late_to_all(
        self, texts: Sequence[str | bytes], place: int | Sequence[str], at: int
    ) -> None:
        """As ``reply_late``, of what was asked together: to the one there and those behind it."""
        self.pressure.end(len(texts))
        if isinstance(place, int):
            self._write(self._ordered.fill(place + at, self._all_plain(texts)))
        else:
            self._outbox.write(tagged_replies(place[at : at + len(texts)], texts))
        self.go_on()

    def reply_ahead(self, text: str | bytes, turn: Turn) -> None:
        """As ``reply_late``, of one that went ahead."""
        self.pressure.end()
        turn.reply = self.plain(text)
        self._write(self._ordered.turn_came(turn))
        self.go_on()

    @property
    def _ordered(self) -> ReplyOrder:
        if self._order is None:
            self._order = ReplyOrder()
        return self._order

    def plain(self, text: str | bytes) -> bytes:
        """A reply to a request without an id."""
        frame = self._options.frame
        if frame is None:
            data = plain_reply(text) if isinstance(text, str) else text + LINE_END
        else:
            data = render("", text, frame)
        if len(data) > PLAIN_REPLY_LIMIT:
            self._connections.log.warn(
                self._log,
                "a reply of {length} bytes to {sender}: a client that reads once takes {limit}",
                length=len(data),
                sender=self.sender,
                limit=PLAIN_REPLY_LIMIT,
            )
        return data

    def _all_plain(self, texts: Sequence[str | bytes]) -> list[bytes]:
        """As ``plain`` of each."""
        if self._options.frame is None:
            lines = [text + LINE_END for text in texts if isinstance(text, bytes)]
            if len(lines) == len(texts) and max(map(len, lines)) <= PLAIN_REPLY_LIMIT:
                # Nearly always.
                return lines
        return [self.plain(text) for text in texts]

    def _write(self, data: bytes) -> None:
        if data:
            self._outbox.write(data)

    def _sent(self, size: int) -> None:
        if self.pressure.is_unread and self._account.owe(size):
            self._drop_indebted()
        if self._options.close_after_reply:
            self._forget_backlog()
            self._outbox.close()

    # -- events

    def follow(self, stream: StateStream, wish: str) -> str:
        """``OK``, and what changes of it as event lines until the connection ends.

        ``wish`` is what ``parse_wish`` takes; a second one takes the place of the first. Errors:
        206.
        """
        try:
            patterns, session, number = parse_wish(wish)
            audience = self._connections.events.audience(stream, self.events_apart)
            events = Subscription(audience, patterns, self._outbox.write, self._cut_off)
        except ValueError as error:
            raise MalformedRequestError(f"Subscribe: {error}") from None
        if self._events is not None:
            self._events.end()
        self._events = events
        events.begin(session, number)
        return "OK"

    def _cut_off(self, why: str) -> None:
        self._log.warn("dropped {sender}: {why}", sender=self.sender, why=why)
        self.transport.abortConnection()

    # -- how much of it

    def pauseProducing(self) -> None:
        """The client does not read its replies; told again at each further write."""
        if self.pressure.is_unread:
            return
        self._connections.count("readers_paused")
        self.pressure.is_unread = True
        self._outbox.sent = self._sent
        if self._events is not None:
            self._events.pause()
        self._stall_timer = self._clock.callLater(self._options.stall, self._drop_stalled)

    def resumeProducing(self) -> None:
        """The client has read them."""
        self.pressure.is_unread = False
        if not self._options.close_after_reply:
            self._outbox.sent = None
        self._cancel_timers()
        self._account.settle()
        if self._backlog:
            self.go_on()
        if self._events is not None:
            self._events.resume()

    def stopProducing(self) -> None:
        """The connection is gone; ``connectionLost`` says so too."""

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return self.pressure.in_flight

    # -- the end

    def give_up(self) -> None:
        """Answer with 201 each request without an id that still waits; its own reply is dropped.

        Who sent an id takes the end of the connection for the same.
        """
        unknown = error_line(OutcomeUnknownError("no reply until this process stopped"))
        if self._order:
            self._write(self._order.fill_all(self.plain(unknown)))

    def close(self) -> None:
        """Close it when all replies are written."""
        self._outbox.close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._cancel_timers()
        self._forget_backlog()
        # It knows whose lines it keeps: what goes with a connection must make no circle.
        self._backlog = None
        self._account.close()
        if self._events is not None:
            self._events.end()

    def _forget_backlog(self) -> None:
        if self._backlog is not None:
            self._backlog.clear()

    def _drop_indebted(self) -> None:
        if not self._dropped:
            self._dropped = True
            self._connections.budgets.count_dropped()
            self._connections.log.warn(
                self._log,
                "dropped {sender}: its computer leaves {unread} bytes unread, {kept} unfinished",
                sender=self.sender,
                unread=self._account.host.unread,
                kept=self._account.host.kept,
            )
            self._forget_backlog()
            self.transport.abortConnection()

    def _drop_stalled(self) -> None:
        self._connections.count("stalled_dropped")
        self._connections.log.warn(
            self._log,
            "dropped {sender}: it left its replies unread for {seconds} s",
            sender=self.sender,
            seconds=self._options.stall,
        )
        self.transport.abortConnection()

    def _cancel_timers(self) -> None:
        if self._stall_timer is not None and self._stall_timer.active():
            self._stall_timer.cancel()
        self._stall_timer = None
