"""The line protocol that server and processor share: whole lines in, ordered replies out."""

from __future__ import annotations

from collections import deque
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
)
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import (
    CommandError,
    LineTooLongError,
    OutcomeUnknownError,
    QueueFullError,
    ShuttingDownError,
    error_line,
)
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.peer_identity import introduced, sender_of
from pychron_comms.transport.socket_tuning import close_now, make_prompt, write_now
from pychron_comms.wire.grammar import PLAIN_REPLY_LIMIT, Request, decode, identifier, parse_request
from pychron_comms.wire.lines import TOO_LONG, LineDecoder
from pychron_comms.wire.rendering import render


class _Turn:
    """The place of an untagged reply in the order of the requests."""

    __slots__ = ("reply",)

    def __init__(self, reply: bytes | None = None) -> None:
        self.reply = reply


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class CommandLineReceiver(LineReceiver):
    """Takes requests from one connection and writes one reply for each.

    Replies to requests without an id keep the order of the requests; those with one may overtake.
    A subclass says in ``answer`` what the reply is.
    """

    # Set on the class, not on the instance: most connections are idle, and each byte counts.
    _log = Logger()
    _turns: deque[_Turn] | None = None
    _batch: list[bytes] | None = None
    _in_flight = 0
    _output_full = False
    _reading_paused = False
    _ended = False
    _refusing = False
    _connections: Connections | None = None
    _stall_timer: IDelayedCall | None = None
    _silence_timer: IDelayedCall | None = None

    delimiter = b"\r\n"
    sender = ""
    #: When it was first seen silent; None where a byte has come since.
    quiet_since: float | None = None
    transport: Any

    def __init__(self, options: WireOptions, clock: IReactorTime) -> None:
        self._options = options
        self._clock = clock
        self._decoder = LineDecoder(options.line_length)

    def answer(self, request: Request) -> str | Deferred[str]:
        """The text of the reply; errors are raised, or are the Deferred's failure."""
        raise NotImplementedError

    def join(self, connections: Connections) -> None:
        """Be one of a listener's connections; before it is connected."""
        self._connections = connections

    # -- what comes in

    def connectionMade(self) -> None:
        peer = self.transport.getPeer()
        self.sender = sender_of(peer)
        make_prompt(self.transport)
        self.transport.registerProducer(self, True)

    def handshakeCompleted(self) -> None:
        """Of TLS: before any line comes, the peer's certificate tells who sends it."""
        self.sender = introduced(self.transport, self._log)

    def dataReceived(self, data: bytes) -> None:
        self.quiet_since = None
        self._batch = []
        self._take(self._decoder.feed(data))
        if self._options.unterminated_after is not None:
            self._await_silence(self._options.unterminated_after)

    def lineReceived(self, line: bytes) -> None:
        try:
            request = parse_request(decode(line))
            if self._refusing:
                raise ShuttingDownError(request.command)
            result = self.answer(request)
        except Exception as error:
            self._send(identifier(line), self._error_text(error, line))
            return
        if isinstance(result, str):
            self._send(request.tags.get("id", ""), result)
        else:
            self._await(result, request)

    def lineLengthExceeded(self, line: bytes) -> None:
        self._count("lines_too_long")
        self._send("", error_line(LineTooLongError(self._options.line_length)))

    def _take(self, lines: list[bytes | None]) -> None:
        """Work lines off; the replies known at once leave in one write."""
        for line in lines:
            if line is TOO_LONG:
                self.lineLengthExceeded(b"")
            else:
                self.lineReceived(line)
        batch, self._batch = self._batch, None
        if batch:
            self._write(b"".join(batch))

    def _await_silence(self, seconds: float) -> None:
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        if self._decoder.pending:
            self._silence_timer = self._clock.callLater(seconds, self._take_unterminated)

    def _take_unterminated(self) -> None:
        self._take(self._decoder.take_pending())

    # -- what goes out

    def _await(self, result: Deferred[str], request: Request) -> None:
        turn: _Turn | str = request.tags.get("id", "")
        if not turn:
            turn = _Turn()
            if self._turns is None:
                self._turns = deque()
            self._turns.append(turn)
        self._in_flight += 1
        if self._in_flight >= self._options.in_flight:
            self._update_reading()
        result.addCallbacks(
            self._answered, self._failed, callbackArgs=(turn,), errbackArgs=(turn, request)
        )

    def _failed(self, failure: Failure, turn: _Turn | str, request: Request) -> None:
        error = cast(Exception, failure.value)
        self._answered(self._error_text(error, request.command, failure), turn)

    def _answered(self, text: str, turn: _Turn | str) -> None:
        self._in_flight -= 1
        if isinstance(turn, str):
            self._write(render(turn, text))
        else:
            turn.reply = self._plain(text)
            self._write_turns()
        if self._reading_paused:
            self._update_reading()
        if self._ended and not self._in_flight:
            self._close_ended()

    def _send(self, identifier: str, text: str) -> None:
        """Reply to a request whose answer is known at once."""
        data = render(identifier, text) if identifier else self._plain(text)
        if self._turns and not identifier:
            self._turns.append(_Turn(data))
        else:
            self._write(data)

    def _write_turns(self) -> None:
        turns = cast("deque[_Turn]", self._turns)
        ready = []
        while turns and turns[0].reply is not None:
            ready.append(turns.popleft().reply or b"")
        if ready:
            self._write(ready[0] if len(ready) == 1 else b"".join(ready))

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
        if self._batch is not None:
            self._batch.append(data)
            return
        if self._in_flight:
            # More replies come: what is ready together leaves together.
            self.transport.write(data)
        else:
            write_now(self.transport, data)
        if self._options.close_after_reply:
            self._close_when_written()

    def _error_text(
        self, error: Exception, command: bytes | str, failure: Failure | None = None
    ) -> str:
        if isinstance(error, QueueFullError):
            self._count("queue_full")
        if not isinstance(error, CommandError):
            self._count("bugs")
            self._log.failure(
                "a bug met {command!r} of {sender}",
                failure=failure,
                command=command,
                sender=self.sender,
            )
        return error_line(error, command)

    # -- how much of it, and the end

    def pauseProducing(self) -> None:
        """The client does not read its replies."""
        self._count("readers_paused")
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
            close_now(self.transport)

    def _close_ended(self) -> None:
        """The client had stopped sending, and has its last reply."""
        self._close_when_written()

    def _close_when_written(self) -> None:
        # A transport waits for a producer that it has paused, and would never close.
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """The client reads no more."""

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return self._in_flight

    def refuse_commands(self) -> None:
        """Answer every new command with 209."""
        self._refusing = True

    def give_up(self) -> None:
        """Answer with 201 each request without an id that still waits; its own reply is dropped.

        Who sent an id takes the end of the connection for the same.
        """
        unknown = error_line(OutcomeUnknownError("no reply until this process stopped"))
        for turn in self._turns or ():
            if turn.reply is None:
                turn.reply = self._plain(unknown)
        if self._turns:
            self._write_turns()

    def close(self) -> None:
        """Close it when all replies are written."""
        self._close_when_written()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._connections is not None:
            self._connections.remove(self)
        self._cancel_timers()
        if self._silence_timer is not None and self._silence_timer.active():
            self._silence_timer.cancel()
        if self._decoder.pending:
            self._count("unterminated_dropped")
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
        self._count("stalled_dropped")
        self._log.warn(
            "dropped {sender}: it left its replies unread for {seconds} s",
            sender=self.sender,
            seconds=self._options.stall,
        )
        self.transport.abortConnection()

    def _count(self, what: str) -> None:
        if self._connections is not None:
            self._connections.count(what)

    def _cancel_timers(self) -> None:
        if self._stall_timer is not None and self._stall_timer.active():
            self._stall_timer.cancel()
        self._stall_timer = None
