"""The same service over UDP: a datagram is whole by nature, its reply one datagram back."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol

from pychron_comms.errors import (
    LineTooLongError,
    QueueFullError,
    ReplyTooLongError,
    error_line,
)
from pychron_comms.observability.metrics import Metrics
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.resend.command_catalogue import Asked
from pychron_comms.server.resend.guard import Outcome
from pychron_comms.transport.connections import IN_FLIGHT_MEANING
from pychron_comms.transport.exchange import Exchange
from pychron_comms.transport.options import WireOptions
from pychron_comms.wire.grammar import Request
from pychron_comms.wire.lines import TOO_LONG, LineDecoder
from pychron_comms.wire.rendering import render

#: Bytes that one datagram holds over IPv4.
DATAGRAM_LIMIT = 65507

#: Seconds in which the same datagram again is a copy; the copies of Pychron's clients come sooner.
KEEP = 2.1

#: Commands of one listener that may wait for their replies.
PENDING_LIMIT = 1024

_Address = tuple[str, int]


class _Datagram(Passing):
    """One line of a datagram. A copy of it comes as a datagram of its own, from any port.

    Whether its reply arrives nobody can tell, so that each is kept for a copy.
    """

    def __init__(self, handler: DatagramMessagingHandler, address: _Address) -> None:
        self._handler = handler
        self._guard = handler.dispatcher.guard
        self._address = address
        self.sender = address[0]

    def answer(self, request: Request) -> str | Deferred[str]:
        if self._handler.in_flight >= PENDING_LIMIT:
            raise QueueFullError(f"{PENDING_LIMIT} datagrams wait for their replies")
        return self._handler.dispatcher.answer(request, self.sender, self)

    def makes_safe(self, line: bytes) -> bool:
        return self._handler.dispatcher.makes_safe(line)

    def reply(self, identifier: str, text: str) -> None:
        self._handler.send(text, identifier, self._address)

    def wait(self, identifier: str) -> str:
        self._handler.in_flight += 1
        return identifier

    def reply_late(self, text: str, identifier: str) -> None:
        self._handler.in_flight -= 1
        self._handler.send(text, identifier, self._address)

    def watch(self, asked: Asked, response: Deferred[str], keep: bool) -> None:
        if keep:
            response.addBoth(self._answered, asked, self._guard.counted(asked))

    def _answered(self, outcome: Outcome, asked: Asked, since: int) -> Outcome:
        self._guard.keep(asked, outcome, since, KEEP)
        return outcome


class DatagramMessagingHandler(DatagramProtocol):
    """Answers each line of a datagram with a datagram to where it came from."""

    noisy = False

    def __init__(
        self, dispatcher: RequestDispatcher, options: WireOptions, metrics: Metrics
    ) -> None:
        self.dispatcher = dispatcher
        self._options = options
        #: Commands that wait for their replies.
        self.in_flight = 0
        name = f"{dispatcher.request_type} (UDP)"
        self._exchange = Exchange(name, metrics)
        metrics.gauge("pychron_in_flight", IN_FLIGHT_MEANING, lambda: self.in_flight, listener=name)

    def refuse_commands(self) -> None:
        """Answer every new command with 209."""
        self._exchange.refusing = True

    def logPrefix(self) -> str:
        return f"RemoteCommandServer for {self.dispatcher.request_type} (UDP)"

    def datagramReceived(self, datagram: bytes, addr: _Address) -> None:
        decoder = LineDecoder(self._options.line_length)
        asker = _Datagram(self, addr)
        for line in [*decoder.feed(datagram), *decoder.take_pending()]:
            if line is TOO_LONG:
                self._exchange.refuse(LineTooLongError(self._options.line_length), asker)
            else:
                self._exchange.take(line, asker)

    def send(self, text: str, identifier: str, addr: _Address) -> None:
        """One reply, as one datagram; 213 for one that is none."""
        data = render(identifier, text, self._options.frame)
        if len(data) > DATAGRAM_LIMIT:
            data = render(identifier, error_line(ReplyTooLongError(len(data), DATAGRAM_LIMIT)))
        # Stopped meanwhile: nobody is left to tell.
        if self.transport is not None:
            self.transport.write(data, addr)
