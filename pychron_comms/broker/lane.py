"""A set's lanes, consumed by its owner, who makes sure that they are.

A queue that somebody deletes and makes again at once is consumed by nobody, and the broker tells
nobody: it even counts a consumer. So whoever has heard nothing by a lane for a while sends a
*probe* there, which must come back.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pychron_comms.broker.channel import BrokerChannel
from pychron_comms.broker.message import PROBE, Delivery, Message
from pychron_comms.broker.names import PROCESSORS, Queue

#: Reads that are on the way at a time, which what makes safe may stand behind; and of how many at
#: once the broker is told that they came.
AHEAD = 64
SEEN = 32

#: Seconds without a message after which a probe is sent, and in which that must come back. A broker
#: that takes longer gives back no beat in time either, and then nothing is owned.
QUIET = 3.0
PATIENCE = 4.0


class WatchedLane:
    """``ahead``: how many messages of ``queue`` may be here and not acknowledged; ``take`` gets all
    but probes, which come by the queue's own topic."""

    def __init__(
        self,
        queue: Queue,
        ahead: int,
        channel: BrokerChannel,
        take: Callable[[BrokerChannel, Delivery], object],
        seconds: Callable[[], float],
    ) -> None:
        self.queue = queue
        self._ahead = ahead
        self._channel = channel
        self._take = take
        self._seconds = seconds
        self._came = 0
        self._heard = math.inf
        self._probed = math.inf

    async def begin(self) -> None:
        """Errors: BrokerError."""
        await self._channel.confirm()
        await self._channel.ask("basic_qos", prefetch_count=self._ahead)
        await self._channel.consume(self.queue.name, self._deliver)
        self._heard = self._seconds()

    def look(self, told: BrokerChannel) -> bool:
        """To be called now and then; probes go by ``told``. Whether it is served, as far as is
        known."""
        now = self._seconds()
        if now - self._heard < QUIET or self._came - self._channel.acked >= self._ahead:
            # It was, a moment ago; or nothing can come.
            self._probed = math.inf
        elif self._probed == math.inf:
            self._probed = now
            probe = Message(PROBE, b"", expires=int(PATIENCE * 1000))
            told.tell(PROCESSORS, self.queue.topic, probe)
        return now - self._probed < PATIENCE

    def _deliver(self, delivery: Delivery) -> None:
        self._heard, self._probed = self._seconds(), math.inf
        self._came += 1
        if delivery.message.kind == PROBE:
            self._channel.ack(delivery.tag)
        else:
            self._take(self._channel, delivery)


class ReadLane:
    """What only reads: no more of it is on the way than is worked off in a moment, and the rest
    stands at the broker. ``take`` gets each; what was given to one who dies is lost with him."""

    def __init__(
        self, queue: Queue, channel: BrokerChannel, take: Callable[[Delivery], object]
    ) -> None:
        self._queue = queue
        self._channel = channel
        self._take = take
        self._unseen = self._last = 0

    async def begin(self) -> None:
        """Errors: BrokerError."""
        await self._channel.ask("basic_qos", prefetch_count=AHEAD)
        await self._channel.consume(self._queue.name, self._deliver)

    def say_seen(self) -> None:
        """What has come; to be called now and then, too, since the broker ends a channel that
        leaves something unacknowledged for half an hour."""
        if self._unseen:
            self._channel.ack(self._last, multiple=True)
            self._unseen = 0

    def _deliver(self, delivery: Delivery) -> None:
        self._last = delivery.tag
        self._unseen += 1
        if self._unseen >= SEEN:
            self.say_seen()
        self._take(delivery)
