"""A command that is worked off before its turn, while its reply keeps its place."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import IKnownRead, ReplyToCome
from pychron_comms.transport.backpressure import Backpressure
from pychron_comms.transport.reply_order import Turn
from pychron_comms.wire.grammar import Request, Tags
from pychron_comms.wire.line_table import LineTable

#: Tags of the asking that is answered, and of no other.
_ITS_OWN = frozenset({"id", "key"})


class Receiver(Protocol):
    """Where the command came in."""

    sender: str
    known_reads: LineTable[IKnownRead] | None
    pressure: Backpressure

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        """The text of the reply."""

    def ask_again(self, read: IKnownRead, tags: Tags) -> str | Deferred[str] | ReplyToCome:
        """As ``answer``, of one of ``known_reads``."""

    def makes_safe(self, line: bytes) -> bool:
        """Whether a line is a command that makes safe."""

    def plain(self, text: str) -> bytes:
        """The bytes of a reply to a request without an id."""

    def reply(self, identifier: str, text: str) -> None:
        """Send a reply that is known at once."""

    def reply_late(self, text: str | bytes, place: int | str) -> None:
        """Send a reply that had to be waited for."""

    def reply_ahead(self, text: str | bytes, turn: Turn) -> None:
        """The same, of one that went ahead."""


class Ahead:
    """Asks for one. ``turn`` is its reply's; None where that bears an id, and may overtake."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.sender = receiver.sender
        self.known_reads = receiver.known_reads
        self.ask_again = receiver.ask_again
        self.makes_safe = receiver.makes_safe
        self.turn: Turn | None = None

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        return self._receiver.answer(request)

    def reply(self, identifier: str, text: str) -> None:
        if identifier:
            self._receiver.reply(identifier, text)
        else:
            self.turn = Turn(self._receiver.plain(text))

    def wait(self, identifier: str) -> Turn | str:
        self._receiver.pressure.begin()
        if identifier:
            return identifier
        self.turn = Turn()
        return self.turn

    def reply_late(self, text: str | bytes, place: Turn | str) -> None:
        if isinstance(place, Turn):
            self._receiver.reply_ahead(text, place)
        else:
            self._receiver.reply_late(text, place)


class AheadUnanswered(Ahead):
    """Asks for one that is asked again in its turn, and answered only then."""

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        return super().answer(unanswered(request))

    def reply(self, identifier: str, text: str) -> None:
        """It is not known yet whether it will be true then."""

    def wait(self, identifier: str) -> Turn | str:
        return ""

    def reply_late(self, text: str | bytes, place: Turn | str) -> None:
        """As ``reply``."""


def unanswered(request: Request) -> Request:
    """The same, without what is for the one that is answered: who repeats a key asks for that."""
    tags = {name: value for name, value in request.tags.items() if name not in _ITS_OWN}
    return request._replace(tags=tags)
