"""A relay as quick as Twisted's reactor lets one be: nothing parsed but an id for each line.

Lines are cut by hand, all that comes of one chunk is written at once and past the transport's
buffer, and replies find their asker by their ids. All is answered with ``OK``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.protocol import Protocol

from benchmarks.half import relay
from pychron_comms.transport.socket_tuning import make_prompt, write_now

_END = b"\r\n"


class Lines(Protocol):
    """Cuts what comes into lines."""

    transport: Any
    _unfinished = b""

    def connectionMade(self) -> None:
        make_prompt(self.transport)

    def cut(self, data: bytes) -> list[bytes]:
        lines = (self._unfinished + data).split(_END)
        self._unfinished = lines.pop()
        return lines

    def write(self, lines: list[bytes]) -> None:
        if lines:
            write_now(self.transport, _END.join(lines) + _END)


class Client(Lines):
    """One client's connection."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def dataReceived(self, data: bytes) -> None:
        self._upstream.ask(self, self.cut(data))


class Upstream(Lines):
    """The connection to the far half."""

    def __init__(self) -> None:
        self._askers: dict[bytes, Client] = {}
        self._last = 0

    def ask(self, asker: Client, lines: list[bytes]) -> None:
        self.write([b"%b %b" % (self._number(asker), line) for line in lines])

    def dataReceived(self, data: bytes) -> None:
        for asker, replies in self._by_asker(self.cut(data)):
            asker.write(replies)

    def _number(self, asker: Client) -> bytes:
        self._last += 1
        number = b"@id=%d" % self._last
        self._askers[number] = asker
        return number

    def _by_asker(self, lines: list[bytes]) -> Iterator[tuple[Client, list[bytes]]]:
        replies: list[bytes] = []
        before: Client | None = None
        for line in lines:
            number, _, reply = line.partition(b" ")
            asker = self._askers.pop(number)
            if before is not None and asker is not before:
                yield before, replies
                replies = []
            before = asker
            replies.append(reply)
        if before is not None:
            yield before, replies


class Echo(Lines):
    """The far half: each line is answered at once."""

    def dataReceived(self, data: bytes) -> None:
        self.write([line.partition(b" ")[0] + b" OK" for line in self.cut(data)])


if __name__ == "__main__":
    relay(Client, Upstream, Echo)
