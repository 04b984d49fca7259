"""A command on its way to a processor, and what waits for its reply."""

from __future__ import annotations

from twisted.internet.defer import Deferred

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


class Waiting:
    """A command that was ``sent`` then, and is given up at ``until``.

    ``place``: of which it takes one, and whose it is; what the hop says of itself takes none.
    """

    __slots__ = ("command", "place", "reply", "sent", "until")

    def __init__(
        self,
        reply: Deferred[str] | PendingReply,
        command: str,
        sent: float,
        until: float,
        place: tuple[Places, str] | None = None,
    ) -> None:
        self.reply = reply
        self.command = command
        self.sent = sent
        self.until = until
        self.place = place
