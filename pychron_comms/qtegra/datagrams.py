"""Qtegra's datagrams: each is one command, its reply one datagram back."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol

from pychron_comms.errors import (
    CommandError,
    ReplyTooLongError,
    ShuttingDownError,
    error_line,
)
from pychron_comms.qtegra.answers import Answer, decode
from pychron_comms.transport.connections import IN_FLIGHT_MEANING
from pychron_comms.transport.datagrams import (
    DatagramGuard,
    longest_reply,
    take_few,
)
from pychron_comms.transport.shared import Shared

#: Bytes of a datagram that are read, as into the script's own buffer; the rest is lost.
BUFFER = 1024

_Address = tuple[str, int]


class QtegraDatagrams(DatagramProtocol):
    """Answers every client of one port. ``name`` is how logs and metrics call the listener."""

    noisy = False

    def __init__(self, answer: Answer, name: str, shared: Shared) -> None:
        self._answer = answer
        self._name = f"{name} (UDP)"
        self._refusing = False
        self._guard = DatagramGuard(self._name, shared.clock, shared.metrics, shared.log)
        shared.metrics.gauge(
            "pychron_comms_in_flight",
            IN_FLIGHT_MEANING,
            lambda: self.in_flight,
            listener=self._name,
        )

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return self._guard.in_flight

    def refuse_commands(self) -> None:
        """Answer every new command with 209."""
        self._refusing = True

    def logPrefix(self) -> str:
        return self._name

    def startProtocol(self) -> None:
        take_few(self.transport)

    def datagramReceived(self, datagram: bytes, addr: _Address) -> None:
        host = addr[0]
        if not self._guard.may_answer(datagram, host, False):
            return
        line = decode(datagram[:BUFFER])
        try:
            if self._refusing:
                raise ShuttingDownError(line)
            self._guard.look_for_room(host, False)
        except CommandError as error:
            self._send(error_line(error), addr)
            return
        result = self._answer(line, host)
        if isinstance(result, Deferred):
            self._guard.begin(host)
            result.addCallback(partial(self._answered, addr=addr))
        else:
            self._send(result, addr)

    def _answered(self, text: str | None, addr: _Address) -> None:
        self._guard.end(addr[0])
        self._send(text, addr)

    def _send(self, text: str | None, addr: _Address) -> None:
        # Stopped meanwhile: nobody is left to tell.
        if text is None or self.transport is None:
            return
        data = text.encode("ascii", errors="replace")
        limit = longest_reply(addr[0])
        if len(data) > limit:
            data = error_line(ReplyTooLongError(len(data), limit)).encode()
        self._guard.answered(addr[0], len(data))
        self.transport.write(data, addr)
