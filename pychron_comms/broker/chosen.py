"""Whom the broker has chosen: the subscription to a set's owners' queue, and beats that come back.

A queue that was deleted and made again at once gives its consumers nothing, and nobody is told. Who
stands by hears nothing in any case. So a subscription by which nothing came for a while is made
anew: it proved nothing, and nothing is lost with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from twisted.internet.defer import ensureDeferred
from twisted.python.failure import Failure

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import BrokerChannel, BrokerError
from pychron_comms.broker.links import BrokerLinks
from pychron_comms.broker.message import Delivery
from pychron_comms.broker.names import owner_queue
from pychron_comms.broker.ownership import Beats, Ownership

#: Seconds without a message after which a subscription is made anew.
AGAIN = 10.0

#: Beats that may be here and not acknowledged.
_AHEAD = 20


class Subscription:
    """By one connection after the other; ``ownership`` is told what comes."""

    def __init__(
        self,
        hardware: str,
        links: BrokerLinks,
        ownership: Ownership,
        beats: Beats,
        seconds: Callable[[], float],
    ) -> None:
        self._queue = owner_queue(hardware).name
        self._links = links
        self._ownership = ownership
        self._beats = beats
        self._seconds = seconds
        self._channel: BrokerChannel | None = None
        self._connection: BrokerConnection | None = None
        self._heard = math.inf

    async def begin(self, connection: BrokerConnection) -> None:
        """Errors: BrokerError."""
        self._connection, self._channel = connection, None
        self._ownership.subscribed()
        self._heard = math.inf
        channel = await self._links.channel(connection)
        await channel.ask("basic_qos", prefetch_count=_AHEAD)
        self._channel = channel
        await channel.consume(self._queue, lambda delivery: self._beaten(channel, delivery))
        self._heard = self._seconds()

    def end(self) -> None:
        """The connection is gone."""
        self._ownership.subscribed()
        self._channel = self._connection = None
        self._heard = math.inf

    def look(self) -> None:
        """To be called now and then."""
        if self._links.is_blocked:
            # No beat can come, and who was chosen still is.
            self._heard = max(self._heard, self._seconds())
        elif self._seconds() - self._heard >= AGAIN:
            self._begin_anew()

    def _begin_anew(self) -> None:
        channel = self._channel
        if channel is None or self._connection is None:
            return
        # Closed, since what it was given and not acknowledged must go back.
        channel.ended = lambda why: None
        channel.close()
        ensureDeferred(self.begin(self._connection)).addErrback(_ended)

    def _beaten(self, channel: BrokerChannel, delivery: Delivery) -> None:
        if channel is not self._channel:
            return
        self._heard = self._seconds()
        channel.ack(delivery.tag)
        self._ownership.delivered(self._beats.sent_at(delivery.message.body))


def _ended(failure: Failure) -> None:
    """The links know."""
    failure.trap(BrokerError)
