"""One command and its reply over a channel, blocking: plain, and with tags."""

from __future__ import annotations

from collections.abc import Iterator

from pychron_comms.client.link.deadline import Deadline
from pychron_comms.client.link.dialect import PROBE_REST, QUIET
from pychron_comms.client.link.replies import PlainReply, TaggedReplies
from pychron_comms.client.link.sockets import Channel


def read_plain(channel: Channel, reply: PlainReply, deadline: Deadline) -> str:
    """The reply to the one command that was sent on this channel.

    Raises OSError (TimeoutError in particular), and ValueError for what is no reply.
    """
    if channel.datagrams:
        return reply.datagram(channel.receive(deadline.left()))
    while True:
        seconds = deadline.left()
        try:
            data = channel.receive(min(seconds, QUIET) if reply.may_be_whole else seconds)
        except TimeoutError:
            deadline.left()
            if not reply.may_be_whole:
                raise
            return reply.taken()
        text = reply.feed(data) if data else reply.ended()
        if text is not None:
            return text


class TaggedConversation:
    """A channel kept for many commands, one after another, with replies matched by number."""

    def __init__(self, channel: Channel) -> None:
        self._replies = TaggedReplies()
        self.channel = channel

    def goes_on(self, last: int) -> bool:
        """Take in what has come since; False where the server has ended it, or talks garbage.

        ``last`` is the highest number that was ever given to a command.
        """
        try:
            while (data := self.channel.poll()) is not None:
                if not data and not self.channel.datagrams:
                    return False
                self._discard(data, last)
        except (OSError, ValueError):
            return False
        return True

    def read(self, number: int, deadline: Deadline) -> str:
        """The reply to command ``number``; those to earlier ones are late, and are discarded.

        Raises OSError (TimeoutError in particular), and ValueError for what is no reply.
        """
        begun = False
        while True:
            data = self.channel.receive(deadline.left())
            if not data and not self.channel.datagrams:
                if begun:
                    raise ValueError("the connection ended inside the reply")
                raise ConnectionError("closed by the server without a reply")
            begun = True
            text = self._answer_among(data, number)
            if text is not None:
                return text

    def outlives_a_reply(self, last: int, deadline: Deadline) -> bool:
        """Whether the server keeps the connection open; it is given ``PROBE_REST`` to close it."""
        try:
            data = self.channel.receive(min(PROBE_REST, deadline.left()))
            self._discard(data, last)
        except TimeoutError:
            return True
        except (OSError, ValueError):
            return False
        return bool(data)

    def _discard(self, data: bytes, last: int) -> None:
        """Late replies are nobody's."""
        for _ in self._replies_in(data, last):
            pass

    def _answer_among(self, data: bytes, number: int) -> str | None:
        """The reply to ``number``, the last that was given, where ``data`` completes it."""
        found = self._replies.only(data, number)
        if found is not None:
            return found
        for other, text in self._replies_in(data, number):
            if other == number:
                if found is not None:
                    raise ValueError(f"two replies to one command: {found!r} and {text!r}")
                found = text
        return found

    def _replies_in(self, data: bytes, last: int) -> Iterator[tuple[int, str]]:
        replies = self._replies
        for number, text in (replies.datagram if self.channel.datagrams else replies.feed)(data):
            if number > last:
                raise ValueError(f"a reply to command {number}, which was never sent")
            yield number, text
