"""The line protocol that server and processor share: whole lines in, ordered replies out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
)
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import (
    LineTooLongError,
    MalformedRequestError,
    OutcomeUnknownError,
    error_line,
)
from pychron_comms.interfaces import IKnownRead, ReplyToCome
from pychron_comms.observability.state.patterns import parse_wish
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Subscription
from pychron_comms.transport.ahead import Ahead
from pychron_comms.transport.backlog import Backlog, Instead
from pychron_comms.transport.backpressure import Backpressure
from pychron_comms.transport.budget import FREE, Account
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.fair_backlog import FairBacklog
from pychron_comms.transport.outbox import Outbox
from pychron_comms.transport.peer_identity import introduced, sender_of
from pychron_comms.transport.reply_order import ReplyOrder, Turn
from pychron_comms.transport.socket_tuning import make_prompt
from pychron_comms.transport.turns import SLICE
from pychron_comms.wire.grammar import LINE_END, PLAIN_REPLY_LIMIT, Request, Tags, tagged_reply
from pychron_comms.wire.line_table import LineTable
from pychron_comms.wire.lines import TOO_LONG, LineDecoder
from pychron_comms.wire.rendering import render

#: Bytes of replies that are made in one go; then it shows whether the client reads them. And of
#: lines that are worked off in one go: a long one costs as much as many short ones.
_ENOUGH = 65536

#: Seconds that one connection's lines may take in one go.
_LONG_ENOUGH = 0.005


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class CommandLineReceiver(LineReceiver):
    """Takes requests from one connection and writes one reply for each.

    Replies to requests without an id keep the order of the requests; those with one may overtake.
    A subclass says in ``answer`` what the reply is.

    While the client leaves replies unread, has its limit of commands in flight, or has had its
    turn, what it sends further waits in a ``Backlog``; what makes safe goes ahead. When that is
    long, the client is read no further.

    Of ``LineReceiver`` it has the hooks: each line comes to ``lineReceived``, each that was too
    long to ``lineLengthExceeded``, and ``sendLine`` sends one. Lines are cut by a ``LineDecoder``:
    CR, LF and CRLF end them, whatever ``delimiter`` says, and there is no raw mode.
    """

    # Set on the class, not on the instance: most connections are idle, and each byte counts.
    _log = Logger()
    _order: ReplyOrder | None = None
    _backlog: Backlog | FairBacklog | None = None
    _events: Subscription | None = None
    #: Seconds between two rounds of events.
    events_apart = 0.0
    _has_turn = False
    _reading_paused = False
    _ended = False
    _dropped = False
    _takes_no_more = False
    _stall_timer: IDelayedCall | None = None
    _silence_timer: IDelayedCall | None = None

    sender = ""
    #: What lines mean that were answered before; None where its lines are not looked up.
    known_reads: LineTable[IKnownRead] | None = None
    #: When it was first seen silent; None where a byte has come since.
    quiet_since: float | None = None
    transport: Any

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._options = connections.options
        self._clock = connections.clock
        self._exchange = connections.exchange
        self._decoder = LineDecoder(connections.options.line_length)

    def answer(self, request: Request) -> str | Deferred[str]:
        """The text of the reply; errors are raised, or are the Deferred's failure."""
        raise NotImplementedError

    def ask_again(self, read: IKnownRead, tags: Tags) -> str | Deferred[str] | ReplyToCome:
        """As ``answer``, of one of ``known_reads``."""
        raise NotImplementedError

    def makes_safe(self, line: bytes) -> bool:
        """Whether a line is a command that makes safe: it waits for no turn."""
        return False

    def goes_ahead(self, line: bytes) -> bool:
        """Whether a line waits for no turn."""
        return self.makes_safe(line)

    def new_backlog(self) -> Backlog | FairBacklog:
        """What lines wait in that cannot be worked off at once."""
        return Backlog(self._look)

    # -- what comes in

    def connectionMade(self) -> None:
        self.sender = sender_of(self.transport.getPeer())
        self._host = self.sender
        self._account = Account(self._connections.budgets, self._host)
        self.pressure = Backpressure(self._options.in_flight, self._account.host)
        self._outbox = Outbox(self.transport, self._connections.cork)
        if self._options.close_after_reply:
            self._outbox.sent = self._sent
        make_prompt(self.transport)
        self.transport.registerProducer(self, True)

    def handshakeCompleted(self) -> None:
        """Of TLS: before any line comes, the peer's certificate tells who sends it."""
        self.sender = introduced(self.transport, self._log)

    def dataReceived(self, data: bytes) -> None:
        if self._takes_no_more:
            return
        self.quiet_since = None
        lines = self._decoder.feed(data)
        line = lines[0] if len(lines) == 1 else TOO_LONG
        if line is not TOO_LONG and not self._backlog and self.pressure.may_begin:
            # Nearly always, and nothing is to be gathered.
            self.lineReceived(line)
        elif lines:
            self._take(lines)
        if self._backlog or self._account.kept or len(self._decoder.unfinished) > FREE:
            self._account_for_kept()
        if self._options.unterminated_after is not None:
            self._await_silence(self._options.unterminated_after)

    def lineReceived(self, line: bytes) -> None:
        self._exchange.take(line, self)

    def lineLengthExceeded(self, line: bytes) -> None:
        self._exchange.refuse(LineTooLongError(self._options.line_length), self)

    def setRawMode(self) -> None:
        """There is none: whatever comes is lines."""
        raise NotImplementedError("commands are lines")

    def _take(self, lines: list[bytes | None]) -> None:
        """Work lines off, as many as it is this connection's turn to; the others wait."""
        backlog, done = self._backlog, 0
        if not backlog:
            most = min(len(lines), self._connections.turns.at_once)
            done = self._work_off(iter(lines).__next__, most)
        if done < len(lines):
            if backlog is None:
                backlog = self._backlog = self.new_backlog()
            backlog.add(lines[done:])
            self._go_on()
            self._update_reading()

    def _work_off(self, take: Callable[[], bytes | Turn | None], most: int) -> int:
        """So many lines, until one may not begin or they were long; how many did."""
        pressure, outbox, done, length = self.pressure, self._outbox, 0, 0
        until = self._clock.seconds() + _LONG_ENOUGH
        with self._connections.cork as cork:
            # While commands may begin, and it shows whether the replies are read.
            while done < most and length < _ENOUGH and pressure.may_begin and outbox.held < _ENOUGH:
                line = take()
                if isinstance(line, bytes):
                    length += len(line)
                    self.lineReceived(line)
                else:
                    self._take_other(line)
                done += 1
                if not done % SLICE:
                    # The other end begins with these meanwhile.
                    cork.let_out()
                    if self._clock.seconds() > until:
                        break
        return done

    def _take_other(self, line: Turn | None) -> None:
        """Of a line that was too long, or went ahead."""
        if line is None:
            self.lineLengthExceeded(b"")
        else:
            self._write(self._ordered.place(line))

    def _await_silence(self, seconds: float) -> None:
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        if self._decoder.unfinished:
            self._silence_timer = self._clock.callLater(seconds, self._take_unterminated)

    def _take_unterminated(self) -> None:
        self._take(self._decoder.take_pending())

    # -- what waits for its turn

    def _go_on(self) -> None:
        """Ask for a turn, where something waits for one; or first for room in the host's budget."""
        if self._has_turn or not self._backlog:
            return
        if self.pressure.may_begin:
            self._has_turn = True
            self._connections.turns.wait(self, self._host)
        elif self.pressure.only_lacks_room:
            self._has_turn = True
            self._account.host.waiting.append(self._room_came)

    def _room_came(self) -> bool:
        self._has_turn = False
        self._go_on()
        return self._has_turn

    def work(self, most: int) -> None:
        """Its turn: work off so many of the lines that wait, at most."""
        self._has_turn = False
        backlog = self._backlog
        if backlog:
            self._work_off(backlog.next, min(most, len(backlog)))
            self._go_on()
            self._update_reading()
            self._account_for_kept()
            if self._ended and not self.is_busy:
                self._close_ended()
        self._account.host.call_next()

    def _look(self, line: bytes) -> Instead:
        """A line has come near its turn; what makes safe goes ahead."""
        if not self.goes_ahead(line):
            return line
        ahead = Ahead(self)
        self._exchange.take(line, ahead)
        return ahead.turn

    @property
    def is_busy(self) -> bool:
        """Whether commands wait for their replies, or for their turn."""
        return self.pressure.in_flight > 0 or bool(self._backlog)

    # -- what goes out

    def sendLine(self, line: bytes) -> None:
        self._write(line + self.delimiter)

    def wait(self, identifier: str) -> Turn | str:
        """The reply to what was just asked comes later; its place, or its id."""
        self.pressure.begin()
        if identifier:
            return identifier
        order = self._order
        return order.reserve() if order is not None else self._ordered.reserve()

    def reply(self, identifier: str, text: str) -> None:
        """The reply to what was just asked is known at once."""
        if identifier:
            self._outbox.write(tagged_reply(identifier, text))
        elif self._order is None:
            self._outbox.write(self.plain(text))
        else:
            self._write(self._order.append(self.plain(text)))

    def reply_late(self, text: str | bytes, place: Turn | str) -> None:
        """The reply for which there was to wait."""
        self.pressure.end()
        if isinstance(place, str):
            self._write(render(place, text))
        elif self._order is not None:
            data = self._order.fill(place, self.plain(text))
            if data:
                self._outbox.write(data)
        if self._backlog:
            self._go_on()
        elif self._ended and not self.pressure.in_flight:
            self._close_ended()

    @property
    def _ordered(self) -> ReplyOrder:
        if self._order is None:
            self._order = ReplyOrder()
        return self._order

    def plain(self, text: str | bytes) -> bytes:
        """A reply to a request without an id."""
        frame = self._options.frame
        if frame is None and isinstance(text, bytes):
            data = text + LINE_END
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

    def _write(self, data: bytes) -> None:
        if data:
            self._outbox.write(data)

    def _sent(self, size: int) -> None:
        if self.pressure.is_unread and self._account.owe(size):
            self._drop_indebted()
        if self._options.close_after_reply:
            self._forget_backlog()
            self._outbox.close()

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

    # -- how much of it, and the end

    def pauseProducing(self) -> None:
        """The client does not read its replies."""
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
        self._go_on()
        if self._events is not None:
            self._events.resume()

    def stopProducing(self) -> None:
        """The connection is gone; ``connectionLost`` says so too."""

    def readConnectionLost(self) -> None:
        """The client sends no more; it may still read the replies that it waits for."""
        self._ended = True
        if not self.is_busy:
            self._outbox.close_now()

    def _close_ended(self) -> None:
        """The client had stopped sending, and has its last reply."""
        self._outbox.close()

    def writeConnectionLost(self) -> None:
        """The client reads no more."""

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return self.pressure.in_flight

    def take_no_more(self) -> None:
        """Answer what has come, as far as its replies are read; look at nothing that comes now."""
        self._takes_no_more = True
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        backlog = self._backlog
        while backlog and self._work_off(backlog.next, len(backlog)):
            """All of it, as long as the client reads."""
        self._forget_backlog()

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
        self._connections.remove(self)
        self._cancel_timers()
        self._forget_backlog()
        self._account.close()
        if self._events is not None:
            self._events.end()
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        if self._decoder.unfinished:
            self._connections.count("unterminated_dropped")
            self._connections.log.warn(
                self._log,
                "dropped {length} bytes of {sender}: the connection ended before the line did",
                length=len(self._decoder.unfinished),
                sender=self.sender,
            )

    def _update_reading(self) -> None:
        is_long = self._backlog is not None and self._backlog.is_long
        if is_long and not self._reading_paused:
            self._reading_paused = True
            self.transport.pauseProducing()
        elif self._reading_paused and not is_long:
            self._reading_paused = False
            self.transport.resumeProducing()

    def _account_for_kept(self) -> None:
        waiting = self._backlog.size if self._backlog else 0
        if self._account.keep(len(self._decoder.unfinished) + waiting):
            self._drop_indebted()

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
