"""The line protocol that server and processor share: whole lines in, ordered replies out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import LineTooLongError, MalformedRequestError
from pychron_comms.interfaces import IKnownRead, Replies, ReplyToCome
from pychron_comms.transport.ahead import Ahead, AheadUnanswered
from pychron_comms.transport.backlog import Backlog, Instead
from pychron_comms.transport.budget import FREE
from pychron_comms.transport.connections import AWAITED, UNASKED, UNUSED, Connections
from pychron_comms.transport.fair_backlog import FairBacklog
from pychron_comms.transport.few_lines import Take, few_of, few_of_chunk
from pychron_comms.transport.peer_identity import introduced
from pychron_comms.transport.reply_order import Turn
from pychron_comms.transport.replying import ReplyingProtocol
from pychron_comms.transport.turns import SLICE, slice_after
from pychron_comms.wire.grammar import Request, Tags, split_words
from pychron_comms.wire.line_table import LineTable
from pychron_comms.wire.lines import TIMING_MARK, TOO_LONG, LineDecoder
from pychron_comms.wire.other_protocols import ENOUGH, other_protocol

#: Bytes of lines that are worked off in one go: a long one costs as much as many short ones. And
#: of replies that are made in one: when so many have left, it shows whether the client reads them.
_ENOUGH = 65536


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class CommandLineReceiver(ReplyingProtocol):
    """Takes requests from one connection and writes one reply for each.

    A subclass says in ``answer`` what the reply is.

    While the client leaves replies unread, has its limit of commands in flight, or has had its
    turn, what it sends further waits in a ``Backlog``; what makes safe goes ahead. When that is
    long, the client is read no further.

    A ``LineReceiver`` whose lines are cut by a ``LineDecoder``: CR, LF and CRLF end them, whatever
    ``delimiter`` says, each goes to the ``Exchange``, and there is no raw mode.
    """

    _has_turn = _is_working = False
    _reading_paused = False
    _takes_no_more = False
    _acts_wait = False
    # Told where something came that is not looked at yet, and no command waits.
    _more_came: Callable[[], object] | None = None
    _silence_timer: IDelayedCall | None = None
    # Lines that are worked off in one go, and seconds that they may take; a last slice may begin
    # later.
    _slice = SLICE
    _long_enough = 0.005
    # What came first, until it tells that commands come; then None.
    _first: bytes | None = b""

    #: What lines mean that were answered before; None where its lines are not looked up.
    known_reads: LineTable[IKnownRead] | None = None
    #: When it was first seen silent; None where a byte has come since.
    quiet_since: float | None = None

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._exchange = connections.exchange
        self._decoder = LineDecoder(connections.options.line_length)

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        """The text of the reply; errors are raised, or are the Deferred's failure."""
        raise NotImplementedError

    def ask_again(self, read: IKnownRead, tags: Tags) -> str | Deferred[str] | ReplyToCome:
        """As ``answer``, of one of ``known_reads``."""
        raise NotImplementedError

    def ask_all(self, reads: Sequence[IKnownRead], tags: Tags, replies: Replies) -> None:
        """The same of some that came together; as ``Reader`` says."""
        raise NotImplementedError

    def makes_safe(self, line: bytes) -> bool:
        """Whether a line is a command that makes safe: it waits for no turn."""
        return False

    def only_reads(self, line: bytes) -> bool:
        """Whether a line is known to change nothing."""
        return False

    def goes_ahead(self, line: bytes) -> bool:
        """Whether a line waits for no turn."""
        return self.makes_safe(line)

    def may_go_ahead(self, lines: bytes) -> bool:
        """Whether any of many lines may be one that waits for no turn; quickly."""
        return True

    def new_backlog(self) -> Backlog | FairBacklog:
        """What lines wait in that cannot be worked off at once."""
        return Backlog(self._look, self._none_goes_ahead)

    # -- what comes in

    def handshakeCompleted(self) -> None:
        """Of TLS: before any line comes, the peer's certificate tells who sends it."""
        self.sender = introduced(self.transport, self._log)

    def dataReceived(self, data: bytes) -> None:
        if self._more_came is not None and not self.is_busy:
            self._more_came()
        if self._takes_no_more or (self._first is not None and self._is_refused(data)):
            return
        self.quiet_since = None
        lines = self._decoder.feed(data)
        if self._decoder.mark_asked:
            self._decoder.mark_asked = False
            self._write(TIMING_MARK)
        line = lines[0] if len(lines) == 1 else TOO_LONG
        if line is not TOO_LONG and not self._backlog and self.pressure.may_begin:
            # Nearly always, and nothing is to be gathered.
            self._exchange.take(line, self)
        elif lines:
            self._take(lines)
        if self._backlog or self._account.kept or len(self._decoder.unfinished) > FREE:
            self._account_for_kept()
        if self._options.unterminated_after is not None:
            self._await_silence(self._options.unterminated_after)

    def _is_refused(self, data: bytes) -> bool:
        """Whether this is the begin of another protocol, and the end of this connection."""
        first = (self._first or b"") + data[:ENOUGH]
        protocol = other_protocol(first)
        self._first = first if protocol is None else None
        if not protocol:
            return False
        self._connections.log.warn(
            self._log, "{sender} speaks {protocol} here", sender=self.sender, protocol=protocol
        )
        self._exchange.refuse(
            MalformedRequestError(f"commands are wanted here, not {protocol}"), self
        )
        self._takes_no_more = True
        self._outbox.close()
        return True

    def lineLengthExceeded(self, line: bytes) -> None:
        self._exchange.refuse(LineTooLongError(self._options.line_length), self)

    def setRawMode(self) -> None:
        """There is none: whatever comes is lines."""
        raise NotImplementedError("commands are lines")

    def _take(self, lines: list[bytes | None]) -> None:
        """Work lines off, as many as it is this connection's turn to; the others wait."""
        backlog, done = self._backlog, 0
        if not backlog:
            done = self._work_off(
                few_of_chunk(lines), self._connections.turns.at_once(len(lines), self._host)
            )
        if done < len(lines):
            if backlog is None:
                backlog = self._backlog = self.new_backlog()
            backlog.add(lines[done:])
            self._go_on()
            self._update_reading()

    def _work_off(self, take: Take, most: int) -> int:
        """So many lines, until none may begin or they were long; how many did."""
        done = length = made = 0
        begin = self._clock.seconds()
        until = begin + self._long_enough
        with self._connections.cork as cork:
            while (count := min(self._slice, most - done, self.pressure.room)) > 0:
                if done:
                    # The other end begins with those meanwhile.
                    cork.let_out()
                lines, size = take(count, _ENOUGH - length)
                length += size
                self._work_off_slice(lines)
                done += len(lines)
                made += self._outbox.held
                now = self._clock.seconds()
                self._slice = slice_after(len(lines), now - begin, self._slice)
                begin = now
                # One go more needs no turn: in a rest that waits, what makes safe is done twice.
                late = now > until and done + self._slice < most
                if late or max(length, made) >= _ENOUGH:
                    break
        return done

    def _work_off_slice(self, lines: Sequence[Instead]) -> None:
        at = 0
        while at < len(lines):
            line = lines[at]
            if isinstance(line, bytes):
                at += self._exchange.take_from(lines, at, self)
            else:
                self._take_other(line)
                at += 1

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

    def go_on(self) -> None:
        if self._is_working:
            return
        if self._backlog:
            self._go_on()
        elif self._ended and not self.pressure.in_flight:
            self._close_ended()

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
            self._is_working = True
            self._work_off(few_of(backlog.next), min(most, self._slice, len(backlog)))
            self._is_working = False
            if not backlog:
                self._backlog = None
            self._update_reading()
            self._account_for_kept()
            self.go_on()
        self._account.host.call_next()

    def _look(self, line: bytes) -> Instead:
        """A line has come near its turn; what makes safe goes ahead.

        Where something that acts waits before it, that may undo it: then it is done again in its
        turn, and only that is answered.
        """
        if not self._backlog:
            self._acts_wait = False
        known = self.known_reads
        if known is not None and known.get(split_words(line)[1]) is not None:
            # It changes nothing, and need not be understood to know that.
            return line
        if not self.goes_ahead(line):
            self._acts_wait = self._acts_wait or not self.only_reads(line)
            return line
        return self.go_ahead(line)

    def go_ahead(self, line: bytes) -> Instead:
        """Work off one that waits for no turn; what stands in its place then."""
        if self._acts_wait and self.makes_safe(line):
            self._exchange.take(line, AheadUnanswered(self))
            return line
        ahead = Ahead(self)
        self._exchange.take(line, ahead)
        return ahead.turn

    def _none_goes_ahead(self, lines: bytes) -> bool:
        """Whether ``_look`` would change nothing, with these behind what waits."""
        return self._acts_wait and not self.may_go_ahead(lines)

    @property
    def worth(self) -> int:
        if self.is_busy or self._events is not None:
            return AWAITED
        return UNUSED if self._first is None else UNASKED

    @property
    def is_busy(self) -> bool:
        """Whether commands wait for their replies, or for their turn."""
        return self.pressure.in_flight > 0 or bool(self._backlog)

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

    # -- the end

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

    def take_no_more(self) -> None:
        """Answer what has come, as far as its replies are read; look at nothing that comes now."""
        self._takes_no_more = True
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        backlog = self._backlog
        while backlog and self._work_off(few_of(backlog.next), len(backlog)):
            """All of it, as long as the client reads."""
        self._forget_backlog()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._connections.remove(self)
        super().connectionLost(reason)
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
