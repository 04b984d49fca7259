"""Commands on their way to a processor, and what waits for their replies."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import Replies
from pychron_comms.transport.pending_reply import PendingReply
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


class Waiting(PendingReply):
    """A command that was ``sent`` then, and is given up at ``until``: its reply is to come.

    ``place``: of which it takes one, and whose it is.
    """

    __slots__ = ("command", "place", "sent", "until")

    def __init__(self, command: str, sent: float, until: float, place: tuple[Places, str]) -> None:
        self.command = command
        self.sent = sent
        self.until = until
        self.place = place

    def named(self, number: int) -> str:
        """The command of that number."""
        return self.command

    def failed(self, number: int, error: Exception) -> None:
        """There is no reply to it."""
        self.errback(error)


class WaitingResponse(Deferred[str]):
    """The same, where others than who asked want to hear the reply; ``number`` is its id.

    What the hop says of itself takes no ``place``.
    """

    def __init__(
        self,
        command: str,
        number: int,
        sent: float,
        until: float,
        place: tuple[Places, str] | None = None,
    ) -> None:
        super().__init__()
        self.command = command
        self.number = number
        self.sent = sent
        self.until = until
        self.place = place

    def named(self, number: int) -> str:
        """The command of that number."""
        return self.command

    def replied(self, number: int, texts: Sequence[str | bytes]) -> None:
        """Its reply has come."""
        (text,) = texts
        self.callback(text if isinstance(text, str) else text.decode())

    def failed(self, number: int, error: Exception) -> None:
        """There is no reply to it."""
        self.errback(error)


class WaitingRun:
    """The same of commands that were sent together: their numbers count up from ``first``."""

    __slots__ = ("commands", "first", "place", "replies", "sent", "until")

    def __init__(
        self,
        commands: Sequence[Wording],
        first: int,
        replies: Replies,
        *,
        sent: float,
        until: float,
        place: tuple[Places, str],
    ) -> None:
        self.commands = commands
        self.first = first
        self.replies = replies
        self.sent = sent
        self.until = until
        self.place = place

    def named(self, number: int) -> str:
        """The command of that number."""
        return self.commands[number - self.first].command

    def replied(self, number: int, texts: Sequence[str | bytes]) -> None:
        """The replies to the one of that number, and to those behind it."""
        self.replies.replied(number - self.first, texts)

    def failed(self, number: int, error: Exception) -> None:
        """There is no reply to the one of that number."""
        self.replies.failed(number - self.first, error)
