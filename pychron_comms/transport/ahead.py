"""A command that is worked off before its turn, while its reply keeps its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import ReplyToCome
from pychron_comms.transport.backpressure import Backpressure
from pychron_comms.transport.reply_order import Turn
from pychron_comms.wire.grammar import Request

#: Tags of the asking that is answered, and of no other.
_ITS_OWN = frozenset({"id", "key"})


class Receiver(Protocol):
    """Where the command came in."""

    sender: str
    pressure: Backpressure

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        """The text of the reply."""

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        """The reply to a request with this id is that Deferred's to tell."""

    def makes_safe(self, line: bytes) -> bool:
        """Whether a line is a command that makes safe."""

    def plain(self, text: str) -> bytes:
        """The bytes of a reply to a request without an id."""

    def reply(self, identifier: str, text: str) -> None:
        """Send a reply that is known at once."""

    def answered(self, place: int | Sequence[str], at: int, texts: Sequence[str | bytes]) -> None:
        """Send replies that had to be waited for."""

    def turn_answered(self, turn: Turn, text: str | bytes) -> None:
        """The reply of one that went ahead has come."""


class Ahead:
    """Asks for one. ``turn`` is its reply's; None where that bears an id, and may overtake."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.sender = receiver.sender
        self.answer = receiver.answer
        self.makes_safe = receiver.makes_safe
        self.turn: Turn | None = None

    def reply(self, identifier: str, text: str) -> None:
        if identifier:
            self._receiver.reply(identifier, text)
        else:
            self.turn = Turn(self._receiver.plain(text))

    def begin(self, identifiers: Sequence[str]) -> Turn | Sequence[str]:
        self._receiver.pressure.begin()
        if identifiers[0]:
            return identifiers
        self.turn = Turn()
        return self.turn

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        self._receiver.expect(identifier, reply)

    def answered(self, place: Turn | Sequence[str], at: int, texts: Sequence[str | bytes]) -> None:
        if isinstance(place, Turn):
            self._receiver.turn_answered(place, texts[0])
        else:
            self._receiver.answered(place, at, texts)


class AheadUnanswered(Ahead):
    """Asks for one that is asked again in its turn, and answered only then."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self.answer = self._answer

    def reply(self, identifier: str, text: str) -> None:
        """It is not known yet whether it will be true then."""

    def begin(self, identifiers: Sequence[str]) -> Turn | Sequence[str]:
        return identifiers

    def answered(self, place: Turn | Sequence[str], at: int, texts: Sequence[str | bytes]) -> None:
        """As ``reply``."""

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        """Its id is that of the one that is answered."""

    def _answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        # The key is for the one that is answered: whoever repeats it asks for that outcome.
        tags = {name: value for name, value in request.tags.items() if name not in _ITS_OWN}
        return self._receiver.answer(request._replace(tags=tags))
