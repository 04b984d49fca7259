"""The two ways to a server for the blocking communicator: plain, and with tags.

Both raise ``NotSentError`` and ``NoReplyError`` for what the server did not say, and give its
replies as they are.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from pychron_comms.client.outcome import ClientError, no_reply, not_sent
from pychron_comms.client.wire.conversation import TaggedConversation, read_plain
from pychron_comms.client.wire.deadline import Clock, Deadline
from pychron_comms.client.wire.dialect import PROBE_TIME, Dialect
from pychron_comms.client.wire.endpoint import Address
from pychron_comms.client.wire.numbering import Numbering
from pychron_comms.client.wire.replies import PlainReply
from pychron_comms.client.wire.sockets import Channel, open_channel

#: Plain connections that ``tell`` leaves open for the replies that nobody reads.
TOLD_LIMIT = 8

OpenChannel = Callable[[Address, ssl.SSLContext | None, Deadline], Channel]


class World(NamedTuple):
    """What a communicator needs of the system: sockets and the time."""

    open_channel: OpenChannel = open_channel
    clock: Clock = time.monotonic


class Doorway:
    """Opens channels to one server and sends over them, with every fault explained."""

    def __init__(
        self, address: Address, tls: ssl.SSLContext | None, dialect: Dialect, world: World
    ) -> None:
        self._address = address
        self._tls = tls
        self._world = world
        self.dialect = dialect

    def open(self, command: str, deadline: Deadline) -> Channel:
        try:
            return self._world.open_channel(self._address, self._tls, deadline)
        except OSError as error:
            raise self.not_sent(command, error, deadline) from error

    def send(self, channel: Channel, line: bytes, command: str, deadline: Deadline) -> None:
        try:
            channel.send(line, deadline)
        except OSError as error:
            if channel.begun:
                raise self.unanswered(channel, command, error, deadline) from error
            raise self.not_sent(command, error, deadline) from error

    def not_sent(self, command: str, error: Exception, deadline: Deadline) -> ClientError:
        return not_sent(self._address.text, command, error, deadline.seconds)

    def unanswered(
        self, channel: Channel, command: str, error: Exception, deadline: Deadline
    ) -> ClientError:
        """What ``error`` means for a command that was given to this channel."""
        # Nobody is there to whom the system could have delivered the datagram.
        if channel.datagrams and isinstance(error, ConnectionRefusedError):
            return self.not_sent(command, error, deadline)
        return no_reply(self._address.text, command, error, deadline.seconds)


class PlainLink:
    """A connection for each command, so that no reply can be taken for another command's."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._told: deque[Channel] = deque()

    def ask(self, command: str, deadline: Deadline) -> str:
        doorway = self._doorway
        dialect = doorway.dialect
        with closing(doorway.open(command, deadline)) as channel:
            doorway.send(channel, dialect.plain(command), command, deadline)
            try:
                return read_plain(channel, PlainReply(dialect.frame), deadline)
            except (OSError, ValueError) as error:
                raise doorway.unanswered(channel, command, error, deadline) from error

    def tell(self, command: str, deadline: Deadline) -> None:
        """Leaves the connection open for a while: some servers stop when their asker has gone."""
        channel = self._doorway.open(command, deadline)
        self._told.append(channel)
        if len(self._told) > TOLD_LIMIT:
            self._told.popleft().close()
        self._doorway.send(channel, self._doorway.dialect.plain(command), command, deadline)

    def close(self) -> None:
        while self._told:
            self._told.pop().close()


class TaggedLink:
    """One connection, kept while all goes well, with replies matched by numbers."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._kept: TaggedConversation | None = None
        self._numbering = Numbering()

    def understood(self, command: str, deadline: Deadline) -> bool:
        """Ask the server whether it knows tags; keep the connection if it does.

        A server that closes after each reply is none to use them with. Raises ``NotSentError``
        where there is no server.
        """
        conversation = TaggedConversation(self._doorway.open(command, deadline))
        try:
            if self._answers_probe(conversation, deadline):
                self._kept = conversation
                return True
            return False
        finally:
            if self._kept is not conversation:
                conversation.channel.close()

    def ask(self, command: str, deadline: Deadline) -> str:
        conversation = self._conversation(command, deadline)
        channel = conversation.channel
        try:
            number = self._send(channel, command, deadline)
            text = conversation.read(number, deadline)
        except BaseException as error:
            channel.close()
            if isinstance(error, (OSError, ValueError)):
                raise self._doorway.unanswered(channel, command, error, deadline) from error
            raise
        self._kept = conversation
        return text

    def tell(self, command: str, deadline: Deadline) -> None:
        conversation = self._conversation(command, deadline)
        try:
            self._send(conversation.channel, command, deadline)
        except BaseException:
            conversation.channel.close()
            raise
        self._kept = conversation

    def close(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.channel.close()

    def _answers_probe(self, conversation: TaggedConversation, deadline: Deadline) -> bool:
        number = self._numbering.advance()
        try:
            probing = deadline.part(min(PROBE_TIME, deadline.seconds / 2))
            conversation.channel.send(self._doorway.dialect.probe(number), probing)
            conversation.read(number, probing)
            return conversation.outlives_a_reply(number, deadline)
        except (OSError, ValueError):
            return False

    def _conversation(self, command: str, deadline: Deadline) -> TaggedConversation:
        """The kept one or a new one. Who has used it to a good end keeps it again."""
        conversation, self._kept = self._kept, None
        if conversation is not None:
            if conversation.goes_on(self._numbering.last):
                return conversation
            conversation.channel.close()
        return TaggedConversation(self._doorway.open(command, deadline))

    def _send(self, channel: Channel, command: str, deadline: Deadline) -> int:
        number = self._numbering.advance()
        try:
            within = deadline.left()
        except TimeoutError as error:
            raise self._doorway.not_sent(command, error, deadline) from None
        line = self._doorway.dialect.tagged(number, self._numbering.key(), within, command)
        self._doorway.send(channel, line, command, deadline)
        return number
