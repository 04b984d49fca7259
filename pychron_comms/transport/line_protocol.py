"""The line protocol that server and processor share: whole lines in, ordered replies out."""

from __future__ import annotations

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

from pychron_comms.errors import LineTooLongError, OutcomeUnknownError, error_line
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.outbox import Outbox
from pychron_comms.transport.peer_identity import introduced, sender_of
from pychron_comms.transport.reply_order import ReplyOrder, Turn
from pychron_comms.transport.socket_tuning import make_prompt
from pychron_comms.wire.grammar import PLAIN_REPLY_LIMIT, Request
from pychron_comms.wire.lines import TOO_LONG, LineDecoder
from pychron_comms.wire.rendering import render


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class CommandLineReceiver(LineReceiver):
    """Takes requests from one connection and writes one reply for each.

    Replies to requests without an id keep the order of the requests; those with one may overtake.
    A subclass says in ``answer`` what the reply is.

    Of ``LineReceiver`` it has the hooks: each line comes to ``lineReceived``, each that was too
    long to ``lineLengthExceeded``, and ``sendLine`` sends one. Lines are cut by a ``LineDecoder``:
    CR, LF and CRLF end them, whatever ``delimiter`` says, and there is no raw mode.
    """

    # Set on the class, not on the instance: most connections are idle, and each byte counts.
    _log = Logger()
    _order: ReplyOrder | None = None
    _in_flight = 0
    _output_full = False
    _reading_paused = False
    _ended = False
    _stall_timer: IDelayedCall | None = None
    _silence_timer: IDelayedCall | None = None

    sender = ""
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

    # -- what comes in

    def connectionMade(self) -> None:
        self.sender = sender_of(self.transport.getPeer())
        self._outbox = Outbox(self.transport)
        make_prompt(self.transport)
        self.transport.registerProducer(self, True)

    def handshakeCompleted(self) -> None:
        """Of TLS: before any line comes, the peer's certificate tells who sends it."""
        self.sender = introduced(self.transport, self._log)

    def dataReceived(self, data: bytes) -> None:
        self.quiet_since = None
        self._take(self._decoder.feed(data))
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
        """Work lines off; the replies known at once leave in one write."""
        outbox = self._outbox
        outbox.hold()
        for line in lines:
            if line is TOO_LONG:
                self.lineLengthExceeded(b"")
            else:
                self.lineReceived(line)
        if outbox.release(soon=self._in_flight > 0):
            self._written()

    def _await_silence(self, seconds: float) -> None:
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        if self._decoder.pending:
            self._silence_timer = self._clock.callLater(seconds, self._take_unterminated)

    def _take_unterminated(self) -> None:
        self._take(self._decoder.take_pending())

    # -- what goes out

    def sendLine(self, line: bytes) -> None:
        self._write(line + self.delimiter)

    def wait(self, identifier: str) -> Turn | str:
        """The reply to what was just asked comes later; its place, or its id."""
        place: Turn | str = identifier
        if not identifier:
            if self._order is None:
                self._order = ReplyOrder()
            place = self._order.reserve()
        self._in_flight += 1
        if self._in_flight >= self._options.in_flight:
            self._update_reading()
        return place

    def reply(self, identifier: str, text: str) -> None:
        """The reply to what was just asked is known at once."""
        if identifier:
            data = render(identifier, text)
        elif self._order is None:
            data = self._plain(text)
        else:
            data = self._order.append(self._plain(text))
        if data:
            self._write(data)

    def reply_late(self, text: str, place: Turn | str) -> None:
        """The reply for which there was to wait."""
        self._in_flight -= 1
        if isinstance(place, str):
            self._write(render(place, text))
        elif self._order is not None:
            data = self._order.fill(place, self._plain(text))
            if data:
                self._write(data)
        if self._reading_paused:
            self._update_reading()
        if self._ended and not self._in_flight:
            self._close_ended()

    def _plain(self, text: str) -> bytes:
        data = render("", text, self._options.frame)
        if len(data) > PLAIN_REPLY_LIMIT:
            self._log.warn(
                "a reply of {length} bytes to {sender}: a client that reads once takes {limit}",
                length=len(data),
                sender=self.sender,
                limit=PLAIN_REPLY_LIMIT,
            )
        return data

    def _write(self, data: bytes) -> None:
        # While more replies are to come, what is ready together leaves together.
        if self._outbox.write(data, soon=self._in_flight > 0):
            self._written()

    def _written(self) -> None:
        if self._options.close_after_reply:
            self._outbox.close()

    # -- how much of it, and the end

    def pauseProducing(self) -> None:
        """The client does not read its replies."""
        self._connections.count("readers_paused")
        self._output_full = True
        self._stall_timer = self._clock.callLater(self._options.stall, self._drop_stalled)
        self._update_reading()

    def resumeProducing(self) -> None:
        """The client has read them."""
        self._output_full = False
        self._cancel_timers()
        self._update_reading()

    def stopProducing(self) -> None:
        """The connection is gone; ``connectionLost`` says so too."""

    def readConnectionLost(self) -> None:
        """The client sends no more; it may still read the replies that it waits for."""
        self._ended = True
        if not self._in_flight:
            self._outbox.close_now()

    def _close_ended(self) -> None:
        """The client had stopped sending, and has its last reply."""
        self._outbox.close()

    def writeConnectionLost(self) -> None:
        """The client reads no more."""

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return self._in_flight

    def give_up(self) -> None:
        """Answer with 201 each request without an id that still waits; its own reply is dropped.

        Who sent an id takes the end of the connection for the same.
        """
        unknown = error_line(OutcomeUnknownError("no reply until this process stopped"))
        if self._order:
            self._write(self._order.fill_all(self._plain(unknown)))

    def close(self) -> None:
        """Close it when all replies are written."""
        self._outbox.close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._connections.remove(self)
        self._cancel_timers()
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        if self._decoder.pending:
            self._connections.count("unterminated_dropped")
            self._log.warn(
                "dropped {length} bytes of {sender}: the connection ended before the line did",
                length=len(self._decoder.pending),
                sender=self.sender,
            )

    def _update_reading(self) -> None:
        limit = self._options.in_flight
        # Some room below the limit, so that reading does not stop and start at every reply.
        most = limit // 2 if self._reading_paused else limit - 1
        pause = self._output_full or self._in_flight > most
        if pause and not self._reading_paused:
            self._reading_paused = True
            self.transport.pauseProducing()
        elif not pause and self._reading_paused:
            self._reading_paused = False
            self.transport.resumeProducing()

    def _drop_stalled(self) -> None:
        self._connections.count("stalled_dropped")
        self._log.warn(
            "dropped {sender}: it left its replies unread for {seconds} s",
            sender=self.sender,
            seconds=self._options.stall,
        )
        self.transport.abortConnection()

    def _cancel_timers(self) -> None:
        if self._stall_timer is not None and self._stall_timer.active():
            self._stall_timer.cancel()
        self._stall_timer = None
