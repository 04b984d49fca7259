"""The two ways to a server for the blocking communicator: plain, and with tags.

Both raise ``NotSentError`` and ``NoReplyError`` for what the server did not say, and give its
replies as they are. An error's text says what the system had against it, so that no chain of
tracebacks stands in front of it.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from pychron_comms.client.link.conversation import TaggedConversation, read_plain
from pychron_comms.client.link.deadline import Clock, Deadline
from pychron_comms.client.link.dialect import NO_KEYS, PROBE_TIME, Dialect
from pychron_comms.client.link.endpoint import Address
from pychron_comms.client.link.numbering import Numbering
from pychron_comms.client.link.question import Question
from pychron_comms.client.link.replies import PlainReply
from pychron_comms.client.link.sockets import Channel, open_channel
from pychron_comms.client.outcome import ClientError, no_reply, not_sent
from pychron_comms.transport.tls.refusals import IdentityRefusedError, refused_identity

#: Plain connections that ``tell`` leaves open for the replies that nobody reads.
TOLD_LIMIT = 8

OpenChannel = Callable[[Address, ssl.SSLContext | None, Deadline], Channel]


class World(NamedTuple):
    """What a communicator needs of the system: sockets and the time."""

    open_channel: OpenChannel = open_channel
    clock: Clock = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Doorway:
    """Opens channels to one server and sends over them, with every fault explained."""

    def __init__(
        self, address: Address, tls: ssl.SSLContext | None, dialect: Dialect, world: World
    ) -> None:
        self._address = address
        self._tls = tls
        self._world = world
        self.dialect = dialect

    def open(self, question: Question) -> Channel:
        try:
            return self._world.open_channel(self._address, self._tls, question.deadline)
        except OSError as error:
            raise self.not_sent(question, error) from None

    def send(self, channel: Channel, line: bytes, question: Question) -> None:
        try:
            channel.send(line, question.deadline)
        except OSError as error:
            if channel.begun:
                raise self.unanswered(channel, question, error) from None
            raise self.not_sent(question, error) from None

    def not_sent(self, question: Question, error: Exception) -> ClientError:
        seconds = question.deadline.seconds
        return not_sent(self._address.text, question.command, error, seconds, question.key)

    def unanswered(self, channel: Channel, question: Question, error: Exception) -> ClientError:
        """What ``error`` means for a command that was given to this channel."""
        if refused_identity(error):
            return self.not_sent(question, IdentityRefusedError())
        # Nobody is there to whom the system could have delivered the datagram.
        if channel.datagrams and isinstance(error, ConnectionRefusedError):
            return self.not_sent(question, error)
        seconds = question.deadline.seconds
        return no_reply(self._address.text, question.command, error, seconds, question.key)


class PlainLink:
    """A connection for each command, so that no reply can be taken for another command's."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._told: deque[Channel] = deque()

    def ask(self, question: Question) -> str:
        doorway, dialect = self._doorway, self._doorway.dialect
        reply = PlainReply(dialect.frame, dialect.closes)
        self._check(question)
        with closing(doorway.open(question)) as channel:
            doorway.send(channel, dialect.plain(question.command), question)
            try:
                return read_plain(channel, reply, question.deadline)
            except (OSError, ValueError) as error:
                raise doorway.unanswered(channel, question, error) from None

    def tell(self, question: Question) -> None:
        """Leaves the connection open for a while: some servers stop when their asker has gone."""
        channel = self._doorway.open(question)
        self._told.append(channel)
        if len(self._told) > TOLD_LIMIT:
            self._told.popleft().close()
        self._doorway.send(channel, self._doorway.dialect.plain(question.command), question)

    def close(self) -> None:
        while self._told:
            self._told.pop().close()

    def _check(self, question: Question) -> None:
        # Without its key the command might run a second time.
        if question.key:
            raise self._doorway.not_sent(question, ValueError(NO_KEYS))


class TaggedLink:
    """One connection, kept while all goes well, with replies matched by numbers."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._kept: TaggedConversation | None = None
        self._numbering = Numbering()
        self.last_key = ""

    def understood(self, question: Question) -> bool:
        """Ask the server whether it knows tags; keep the connection if it does.

        A server that closes after each reply is none to use them with. Raises ``NotSentError``
        where there is no server.
        """
        conversation = TaggedConversation(self._doorway.open(question))
        try:
            if self._answers_probe(conversation, question.deadline):
                self._kept = conversation
                return True
            return False
        except ssl.SSLError as error:
            raise self._doorway.unanswered(conversation.channel, question, error) from None
        finally:
            if self._kept is not conversation:
                conversation.channel.close()

    def ask(self, question: Question) -> str:
        conversation = self._conversation(question)
        channel = conversation.channel
        try:
            number = self._send(channel, question)
            text = conversation.read(number, question.deadline)
        except BaseException as error:
            channel.close()
            if isinstance(error, (OSError, ValueError)):
                raise self._doorway.unanswered(channel, question, error) from None
            raise
        self._kept = conversation
        return text

    def tell(self, question: Question) -> None:
        conversation = self._conversation(question)
        try:
            self._send(conversation.channel, question)
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
        except (OSError, ValueError) as error:
            if refused_identity(error):
                raise
            return False

    def _conversation(self, question: Question) -> TaggedConversation:
        """The kept one or a new one. Who has used it to a good end keeps it again."""
        conversation, self._kept = self._kept, None
        if conversation is not None:
            if conversation.goes_on(self._numbering.last):
                return conversation
            conversation.channel.close()
        return TaggedConversation(self._doorway.open(question))

    def _send(self, channel: Channel, question: Question) -> int:
        number = self._numbering.advance()
        self.last_key = question.key = question.key or self._numbering.key()
        try:
            within = question.deadline.left()
        except TimeoutError as error:
            raise self._doorway.not_sent(question, error) from None
        line = self._doorway.dialect.tagged(number, question.key, within, question.command)
        self._doorway.send(channel, line, question)
        return number
