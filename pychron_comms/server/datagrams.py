"""The same service over UDP: a datagram is whole by nature, its reply one datagram back."""

from __future__ import annotations

from functools import partial
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import (
    CommandError,
    LineTooLongError,
    QueueFullError,
    ReplyTooLongError,
    ShuttingDownError,
    error_line,
)
from pychron_comms.observability.metrics import Metrics
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.resend.command_catalogue import Asked
from pychron_comms.server.resend.guard import Outcome
from pychron_comms.transport.connections import COUNTED, IN_FLIGHT_MEANING
from pychron_comms.transport.options import WireOptions
from pychron_comms.wire.grammar import decode, identifier, parse_request
from pychron_comms.wire.lines import TOO_LONG, LineDecoder
from pychron_comms.wire.rendering import render

#: Bytes that one datagram holds over IPv4.
DATAGRAM_LIMIT = 65507

#: Seconds in which the same datagram again is a copy; the copies of Pychron's clients come sooner.
KEEP = 2.1

#: Commands of one listener that may wait for their replies.
PENDING_LIMIT = 1024

_Address = tuple[str, int]

_COUNTED_ERRORS: dict[type[Exception], str] = {
    LineTooLongError: "lines_too_long",
    QueueFullError: "queue_full",
}


class _Datagram(Passing):
    """One request. A copy of it comes as a datagram of its own, from any port.

    Whether its reply arrives nobody can tell, so that each is kept for a copy.
    """

    def __init__(self, dispatcher: RequestDispatcher) -> None:
        self._guard = dispatcher.guard

    def watch(self, asked: Asked, response: Deferred[str], keep: bool) -> None:
        if keep:
            response.addBoth(self._answered, asked, self._guard.counted(asked))

    def _answered(self, outcome: Outcome, asked: Asked, since: int) -> Outcome:
        self._guard.keep(asked, outcome, since, KEEP)
        return outcome


class DatagramMessagingHandler(DatagramProtocol):
    """Answers each line of a datagram with a datagram to where it came from."""

    noisy = False
    _log = Logger()

    def __init__(
        self, dispatcher: RequestDispatcher, options: WireOptions, metrics: Metrics | None = None
    ) -> None:
        self._dispatcher = dispatcher
        self._options = options
        self._pending = 0
        self._refusing = False
        metrics = Metrics() if metrics is None else metrics
        name = f"{dispatcher.request_type} (UDP)"
        self._counters = {
            error: metrics.counter(f"pychron_{what}_total", COUNTED[what], listener=name)
            for error, what in _COUNTED_ERRORS.items()
        }
        metrics.gauge("pychron_in_flight", IN_FLIGHT_MEANING, lambda: self._pending, listener=name)

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return self._pending

    def refuse_commands(self) -> None:
        """Answer every new command with 209."""
        self._refusing = True

    def logPrefix(self) -> str:
        return f"RemoteCommandServer for {self._dispatcher.request_type} (UDP)"

    def datagramReceived(self, datagram: bytes, addr: _Address) -> None:
        decoder = LineDecoder(self._options.line_length)
        for line in [*decoder.feed(datagram), *decoder.take_pending()]:
            if line is TOO_LONG:
                self._error(LineTooLongError(self._options.line_length), "", addr)
            else:
                self._line_received(line, addr)

    def _line_received(self, line: bytes, addr: _Address) -> None:
        try:
            if self._pending >= PENDING_LIMIT:
                raise QueueFullError(f"{PENDING_LIMIT} datagrams wait for their replies")
            request = parse_request(decode(line))
            if self._refusing:
                raise ShuttingDownError(request.command)
            result = self._dispatcher.answer(request, addr[0], _Datagram(self._dispatcher))
        except Exception as error:
            self._error(error, identifier(line), addr)
            return
        name = request.tags.get("id", "")
        if isinstance(result, str):
            self._send(result, name, addr)
        else:
            self._await(result, name, addr)

    def _await(self, result: Deferred[str], name: str, addr: _Address) -> None:
        self._pending += 1
        result.addBoth(self._answered).addCallbacks(
            partial(self._send, name=name, addr=addr),
            lambda failure: self._error(cast(Exception, failure.value), name, addr),
        )

    def _answered(self, result: str | Failure) -> str | Failure:
        self._pending -= 1
        return result

    def _error(self, error: Exception, name: str, addr: _Address) -> None:
        counter = self._counters.get(type(error))
        if counter is not None:
            counter.value += 1
        if not isinstance(error, CommandError):
            self._log.failure("a bug met a datagram of {sender}", Failure(error), sender=addr[0])
        self._send(error_line(error), name, addr)

    def _send(self, text: str, name: str, addr: _Address) -> None:
        data = render(name, text, self._options.frame)
        if len(data) > DATAGRAM_LIMIT:
            data = render(name, error_line(ReplyTooLongError(len(data), DATAGRAM_LIMIT)))
        # Stopped meanwhile: nobody is left to tell.
        if self.transport is not None:
            self.transport.write(data, addr)
