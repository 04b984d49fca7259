"""Qtegra's datagrams: each is one command, its reply one datagram back."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol

from pychron_comms.errors import QueueFullError, error_line
from pychron_comms.qtegra.answers import Answer, decode

#: Bytes of a datagram that are read, as into the script's own buffer; the rest is lost.
BUFFER = 1024

#: Commands of one listener that may wait for their replies.
PENDING_LIMIT = 1024

_Address = tuple[str, int]


class QtegraDatagrams(DatagramProtocol):
    """Answers every client of one port. ``name`` is how logs call the listener."""

    noisy = False

    def __init__(self, answer: Answer, name: str) -> None:
        self._answer = answer
        self._name = name
        self._pending = 0

    def logPrefix(self) -> str:
        return f"{self._name} (UDP)"

    def datagramReceived(self, datagram: bytes, addr: _Address) -> None:
        if self._pending >= PENDING_LIMIT:
            full = QueueFullError(f"{PENDING_LIMIT} datagrams wait for their replies")
            self._send(error_line(full), addr)
            return
        result = self._answer(decode(datagram[:BUFFER]), addr[0])
        if isinstance(result, Deferred):
            self._pending += 1
            result.addCallback(partial(self._answered, addr=addr))
        else:
            self._send(result, addr)

    def _answered(self, text: str | None, addr: _Address) -> None:
        self._pending -= 1
        self._send(text, addr)

    def _send(self, text: str | None, addr: _Address) -> None:
        # Stopped meanwhile: nobody is left to tell.
        if text is not None and self.transport is not None:
            self.transport.write(text.encode("ascii", errors="replace"), addr)
