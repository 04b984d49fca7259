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
from pychron_comms.qtegra.answers import Answers, decode
from pychron_comms.transport.connections import IN_FLIGHT_MEANING
from pychron_comms.transport.datagrams import (
    DatagramGuard,
    longest_reply,
)
from pychron_comms.transport.shared import Shared
from pychron_comms.transport.socket_tuning import let_datagrams_wait

#: Bytes of a datagram that are read, as into the script's own buffer; the rest is lost.
BUFFER = 1024

_Address = tuple[str, int]


class QtegraDatagrams(DatagramProtocol):
    """Answers every client of one port. ``name`` is how logs and metrics call the listener."""

    noisy = False

    def __init__(self, answers: Answers, name: str, shared: Shared) -> None:
        self._answers = answers
        self._name = f"{name} (UDP)"
        self._refusing = self._takes_no_more = False
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
        """Answer every new command with 209, save those that make safe."""
        self._refusing = True

    def take_no_more(self) -> None:
        """Nothing is looked at that comes from now on; replies still go."""
        self._takes_no_more = True

    def logPrefix(self) -> str:
        return self._name

    def startProtocol(self) -> None:
        let_datagrams_wait(self.transport)
        self._guard.listens(self.transport)

    def datagramReceived(self, datagram: bytes, addr: _Address) -> None:
        self._guard.came(self.transport)
        host, line = addr[0], decode(datagram[:BUFFER])
        safe = self._answers.makes_safe(line)
        if self._takes_no_more or not self._guard.may_answer(datagram, host, safe):
            return
        try:
            if self._refusing and not safe:
                raise ShuttingDownError(line)
            self._guard.look_for_room(host, safe)
        except CommandError as error:
            self._send(error_line(error), addr)
            return
        result = self._answers.answer(line, host)
        if isinstance(result, Deferred):
            self._guard.begin(host, safe)
            result.addCallback(partial(self._answered, addr=addr, safe=safe))
        else:
            self._send(result, addr)

    def _answered(self, text: str | None, addr: _Address, safe: bool) -> None:
        self._guard.end(addr[0], safe)
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
