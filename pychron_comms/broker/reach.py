"""The way of a server to whoever owns one set of hardware: joins the broker, and knows the owner.

What is sent by it, and what becomes of that, is the repeater's affair.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Protocol

from twisted.application.service import MultiService
from twisted.logger import Logger

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import BrokerChannel
from pychron_comms.broker.link import BrokerLink
from pychron_comms.broker.links import BrokerLinks
from pychron_comms.broker.message import OWNER, REPLY, STATE, WORD, Delivery, Message
from pychron_comms.broker.names import COMMANDS, REPLIES, Lane, owner_topic, topic_of
from pychron_comms.broker.owner import KnownOwner
from pychron_comms.broker.presence import OwnerPresence
from pychron_comms.broker.topology import KeptBindings, bind, make_exchanges
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.broker_strings import STATE_EXCHANGE, BrokerAddress, stream_topic
from pychron_comms.transport.cork import Cork


class ReachUser(Protocol):
    """Who sends commands to the owner."""

    def replied(self, message: Message) -> None:
        """A reply has come."""

    def owner_is(self, epoch: str) -> None:
        """Another one than before."""

    def reachable(self) -> None:
        """Commands can be sent, to one that was not there a moment ago."""

    def lost(self, why: str) -> None:
        """Replies that are on the way do not come."""


class OwnerReach(MultiService):
    """The way to the owner of one set of hardware, with a queue of this server's own."""

    _log = Logger()

    def __init__(
        self,
        address: BrokerAddress,
        reactor: Any,
        user: ReachUser,
        cork: Cork,
        *,
        log: SenderLog,
        seconds: Callable[[], float],
        link: type[BrokerLink] = BrokerLink,
    ) -> None:
        super().__init__()
        self._sender_log = log
        self._hardware = address.hardware
        #: How errors call it.
        self.known_as = f"{address.name}, {address.hardware}"
        self._user = user
        #: Who owns the hardware, and whether somebody does, for who wants to know.
        self.owner = KnownOwner(seconds)
        self.presence = OwnerPresence(address.hardware, reactor, log)
        #: By which replies come.
        self.queue = ""
        #: By which commands go, with confirmations; None while there is none.
        self.commands: BrokerChannel | None = None
        self._words: BrokerChannel | None = None
        self._bindings: KeptBindings | None = None
        self._seconds = seconds
        self._blocked = ""
        self._links = BrokerLinks(address, reactor, self, "server", cork=cork, link=link)
        self._links.setServiceParent(self)

    # -- whether it can be sent to

    @property
    def connection(self) -> BrokerConnection | None:
        """By which commands go; None while there is none."""
        return None if self.commands is None else self._links.publishing

    @property
    def is_blocked(self) -> bool:
        """Whether the broker takes nothing."""
        return bool(self._blocked)

    @property
    def why_not(self) -> str:
        """Why nothing can be sent; empty where it can."""
        if self._blocked:
            return f"it takes nothing: {self._blocked}"
        if self.commands is None:
            return self._links.why
        if not self.owner.is_there:
            return "no processor owns the hardware"
        return ""

    def say(self, words: str, number: str = "") -> None:
        """To the owner, beside commands; ``number``: of the reply that is wanted. Nothing tells
        whether it was heard."""
        if self._words is not None and not self._blocked:
            message = Message(WORD, words.encode(), number=number, reply_to=self.queue)
            self._words.tell(COMMANDS, topic_of(self._hardware, Lane.READ), message)

    def look(self) -> bool:
        """To be called now and then: whether there is an owner, as far as is known."""
        if self._bindings is not None:
            self._bindings.look()
        if not self.presence.is_known:
            if self.commands is not None:
                self.presence.missing()
        elif self.owner.is_there:
            return True
        else:
            self.presence.lost("no word of it")
        return False

    # -- what comes

    def came(self, delivery: Delivery) -> None:
        """A message from that queue."""
        message = delivery.message
        if message.kind == REPLY:
            self._user.replied(message)
        elif message.kind == OWNER:
            self._owner_said(message)
        elif message.kind == STATE:
            self.presence.state_came(message)

    def _owner_said(self, message: Message) -> None:
        try:
            is_new = self.owner.heard(message)
        except ValueError as error:
            self._sender_log.warn(
                self._log,
                "a message by {sender} is no word of an owner: {said}",
                sender=message.topic,
                said=str(error),
            )
            return
        if is_new:
            self._user.owner_is(self.owner.epoch)
            self.presence.replaced()
        self._look_for_owner()

    def _look_for_owner(self) -> None:
        if self.presence.is_known or self.why_not:
            return
        self._user.reachable()
        self.presence.found()
        self.say("Snapshot")

    # -- joining

    async def join(self, consuming: BrokerConnection, publishing: BrokerConnection) -> None:
        """Errors: BrokerError."""
        await make_exchanges(consuming)
        queue = f"pychron.server.{secrets.token_hex(8)}"
        replies = await self._links.channel(consuming)
        await replies.ask("queue_declare", queue=queue, exclusive=True)
        self._bindings = KeptBindings(replies, self._seconds)
        topics = [owner_topic(self._hardware), stream_topic(self._hardware)]
        for exchange, topic in ((REPLIES, queue), *((STATE_EXCHANGE, each) for each in topics)):
            await bind(replies, queue, exchange, topic)
            self._bindings.keep(queue, exchange, topic)
        await replies.consume(queue, self.came, auto_ack=True)
        commands = await self._links.channel(publishing)
        await commands.confirm()
        words = await self._links.channel(publishing)
        self.joined(queue, commands, words)

    def joined(self, queue: str, commands: BrokerChannel, words: BrokerChannel) -> None:
        """From now on commands may go: by a channel that confirms, and words by one that does not.
        Replies come to that queue."""
        self.queue, self._words, self.commands = queue, words, commands
        self._look_for_owner()

    def left(self, why: str) -> None:
        """Replies that are on the way are lost."""
        self.commands = self._words = self._bindings = None
        self.owner.lost()
        self._user.lost(why)
        self.presence.lost(why)

    def blocked(self, why: str) -> None:
        """The broker takes nothing, as ``why`` says; or does again."""
        self._blocked = why
        if why:
            self._log.warn("{name} takes nothing: {why}", name=self.known_as, why=why)
