"""Qtegra's datagrams: each is one command, its reply one datagram back."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.errors import (
    CommandError,
    ReplyTooLongError,
    ShuttingDownError,
    error_line,
)
from pychron_comms.qtegra.answers import Answers, decode
from pychron_comms.transport.datagram_lanes import Address, DatagramLine
from pychron_comms.transport.datagrams import longest_reply
from pychron_comms.transport.laned_datagrams import LanedDatagrams
from pychron_comms.transport.shared import Shared

#: Bytes of a datagram that are read, as into the script's own buffer; the rest is lost.
BUFFER = 1024


class QtegraDatagrams(LanedDatagrams):
    """Answers every client of one port. ``name`` is how logs and metrics call the listener."""

    def __init__(self, answers: Answers, name: str, shared: Shared) -> None:
        super().__init__(f"{name} (UDP)", shared)
        self._answers = answers
        self._refusing = False

    def refuse_commands(self) -> None:
        """Answer every new command with 209, save those that make safe."""
        self._refusing = True

    def received(self, datagram: bytes, addr: Address) -> None:
        line = datagram[:BUFFER]
        safe = self._answers.makes_safe(decode(line))
        if self.guard.may_answer(line, addr[0], safe):
            self.come(line, addr, safe)

    def take(self, line: DatagramLine) -> None:
        host, command, safe = line.address[0], decode(line.line), line.makes_safe
        try:
            if self._refusing and not safe:
                raise ShuttingDownError(command)
            self.guard.look_for_room(host, safe)
        except CommandError as error:
            self._send(error_line(error), line)
            return
        result = self._answers.answer(command, host)
        if isinstance(result, Deferred):
            self.guard.begin(host, safe)
            result.addCallback(self._answered, line)
        else:
            self._send(result, line)

    def _answered(self, text: str | None, line: DatagramLine) -> None:
        self.guard.end(line.address[0], line.makes_safe)
        self._send(text, line)

    def _send(self, text: str | None, line: DatagramLine) -> None:
        if text is None:
            return
        data = text.encode("ascii", errors="replace")
        limit = longest_reply(line.address[0])
        if len(data) > limit:
            data = error_line(ReplyTooLongError(len(data), limit)).encode()
        self.answer(data, line.address, line.copies)
