"""Commands on their way to a processor, and what waits for their replies."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import Replies
from pychron_comms.transport.places import Places
from pychron_comms.wire.grammar import write_request


class Wording:
    """A command, and its words on the hop: ``Type|command``.

    Errors: 206 for a command that is more than one line.
    """

    __slots__ = ("command", "words")

    def __init__(self, request_type: str, command: str) -> None:
        self.command = command
        self.words = write_request(command, request_type)


class ReplyAsDeferred:
    """Hears the reply to one command, for who waits for a Deferred."""

    __slots__ = ("deferred",)

    def __init__(self) -> None:
        self.deferred: Deferred[str] = Deferred()

    def replied(self, at: int, texts: Sequence[str | bytes]) -> None:
        (text,) = texts
        self.deferred.callback(text if isinstance(text, str) else text.decode())

    def failed(self, at: int, error: Exception) -> None:
        self.deferred.errback(error)

    def later(self, at: int, reply: Deferred[str]) -> None:
        reply.chainDeferred(self.deferred)


class Waiting:
    """Commands that were ``sent`` together then, and are given up at ``until``.

    They have numbers one behind the other, from ``first``. ``place``: of which each of them takes
    one, and whose they are; what the hop says of itself takes none.
    """

    __slots__ = ("commands", "first", "place", "replies", "sent", "until")

    def __init__(
        self,
        commands: Sequence[Wording],
        replies: Replies,
        sent: float,
        until: float,
        place: tuple[Places, str] | None = None,
    ) -> None:
        self.commands = commands
        self.first = 0
        self.replies = replies
        self.sent = sent
        self.until = until
        self.place = place

    def named(self, number: int) -> str:
        """The command of that number."""
        return self.commands[number - self.first].command
