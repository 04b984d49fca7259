"""Reads the log of a set from its beginning, and gives each message of it to one who remembers.

An owner would read what it has written itself, at more cost than to write it. So while it owns the
hardware it reads in quiet moments only: the broker sends ``AHEAD`` messages and no more, until it
is told that they came. That risks nothing. Nobody else writes there meanwhile but what he tells
late. Another's claim is of one who has waited until this lease was over, by this process's own
clock too; and then it reads on at once, and owns nothing again before it has come to its own next
claim, and so past all that others have written.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pychron_comms.broker.channel import BrokerChannel, Delivery
from pychron_comms.broker.message import Message

#: Messages that are on the way at a time, and of how many at once the broker is told that they
#: came. It keeps them all the same.
AHEAD = 40
SEEN = 20

#: Seconds in which the broker is told so in any case: it closes a channel that leaves something
#: unacknowledged for longer than its ``consumer_timeout``, which is half an hour.
PATIENCE = 60.0


class LogReader:
    """By one channel. ``take`` gets each message."""

    def __init__(
        self,
        channel: BrokerChannel,
        take: Callable[[Message], object],
        seconds: Callable[[], float],
    ) -> None:
        self._channel = channel
        self._take = take
        self._seconds = seconds
        self._is_resting = False
        self._unseen = self._last = 0
        self._since = math.inf

    async def begin(self, queue: str) -> None:
        """Errors: ChannelLostError."""
        await self._channel.ask("basic_qos", prefetch_count=AHEAD)
        await self._channel.consume(queue, self._came, arguments={"x-stream-offset": "first"})

    def rest(self) -> None:
        """From now on in quiet moments only."""
        self._is_resting = True

    def go_on(self) -> None:
        """As fast as may be."""
        self._is_resting = False
        self._look()

    def pass_time(self, *, is_quiet: bool) -> None:
        """To be called now and then. ``is_quiet``: there is nothing else to do."""
        if self._unseen and self._seconds() - self._since >= PATIENCE:
            self._say_seen()
        elif is_quiet:
            self._look()

    def _came(self, delivery: Delivery) -> None:
        if not self._unseen:
            self._since = self._seconds()
        self._unseen += 1
        self._last = delivery.tag
        if not self._is_resting:
            self._look()
        self._take(delivery.message)

    def _look(self) -> None:
        if self._unseen >= SEEN:
            self._say_seen()

    def _say_seen(self) -> None:
        self._unseen = 0
        self._channel.ack(self._last, multiple=True)
