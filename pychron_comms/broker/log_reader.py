"""Reads the log of a set, and gives each message of it to one who remembers: the whole log once,
and by each later connection what has come since.

It goes on from the last message that is written once only, whose place it knows. Where another one
is there, or none, the log is another one, or has lost that part: then it is read from its beginning
again. So is nothing passed over.

An owner would read what it has written itself, at more cost than to write it. So while it owns the
hardware it reads in quiet moments only, and then what it has written so far: the broker sends as
many messages and no more, until it is told that they came. That risks nothing. Nobody else writes
there meanwhile but what he tells late. Another's claim is of one who has waited until this lease
was over, by this process's own clock too; and then it reads on at once, and owns nothing again
before it has come to its own next claim, and so past all that others have written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from pychron_comms.broker.channel import BrokerChannel, ChannelLostError
from pychron_comms.broker.message import CLAIM, TAKEN, Delivery, Message

#: Messages that are on the way at a time, and of how many at once the broker is told that they
#: came. It keeps them all the same.
AHEAD = 400
SEEN = 200

#: Messages that are asked for in one quiet moment, of which there are four in a second.
SIP = 100

#: Seconds in which the broker is told so in any case: it closes a channel that leaves something
#: unacknowledged for longer than its ``consumer_timeout``, which is half an hour, and should not be
#: below five minutes.
PATIENCE = 240.0

#: Seconds in which the first message comes, where it is where it was. In another log the broker
#: sends nothing, until that has come so far.
SOON = 2.0

#: By what the broker says where in the log a message is, and is told where to begin.
OFFSET = "x-stream-offset"

#: What is written once. A record may be told again, to another log, and be in the same place there.
_ONCE = frozenset({CLAIM, TAKEN})


class _Place(NamedTuple):
    """Where in the log what is."""

    offset: int
    kind: str
    body: bytes


class LogReader:
    """By one channel after the other. ``take`` gets each message, and some of them again;
    ``other`` is told where the log must be read from its beginning, by another channel."""

    def __init__(
        self,
        take: Callable[[Message], object],
        other: Callable[[], object],
        seconds: Callable[[], float],
    ) -> None:
        self._take = take
        self._other = other
        self._seconds = seconds
        self._channel: BrokerChannel | None = None
        # The last one that is known; and the same, until it has come as the first of a channel.
        self._place: _Place | None = None
        self._expected: _Place | None = None
        self._is_resting = False
        # Messages that came and were not acknowledged; the tag of the last one, and since when.
        self._unseen = self._last = 0
        self._since = self._begun = math.inf
        # Messages that are there, and have not come while it rests.
        self._to_come = 0

    async def begin(self, channel: BrokerChannel, queue: str) -> None:
        """Errors: ChannelLostError."""
        self._channel = channel
        self._expected = self._place
        self._begun = math.inf
        self._is_resting = False
        self._unseen = 0
        start = "first" if self._place is None else self._place.offset
        await channel.ask("basic_qos", prefetch_count=AHEAD)

        def came(delivery: Delivery) -> None:
            if channel is self._channel:
                self._came(delivery)

        try:
            await channel.consume(queue, came, arguments={OFFSET: start})
        except ChannelLostError:
            # Perhaps it has no such place: not twice from there.
            self._place = None
            raise
        self._begun = self._seconds()

    def end(self) -> None:
        """The channel is gone."""
        self._channel = None

    def rest(self) -> None:
        """From now on in quiet moments only. All of it has come."""
        self._is_resting = True
        self._to_come = 0

    def go_on(self) -> None:
        """As fast as may be."""
        self._is_resting = False
        self._look()

    def pass_time(self, written: int) -> None:
        """To be called now and then. ``written``: how many messages more were written to the log by
        who rests; where there were none, it is quiet."""
        self._to_come += written
        now = self._seconds()
        if self._channel is not None and self._expected is not None and now - self._begun >= SOON:
            self._begin_anew()
        elif self._unseen and now - self._since >= PATIENCE:
            self._say_seen(self._unseen)
        elif not written and self._is_resting:
            self._sip()

    def _came(self, delivery: Delivery) -> None:
        message = delivery.message
        place = _place_of(message)
        if self._expected is not None and place != self._expected:
            self._begin_anew()
            return
        self._expected = None
        if message.kind in _ONCE:
            self._place = place
        if not self._unseen:
            self._since = self._seconds()
        self._unseen += 1
        self._to_come -= 1
        self._last = delivery.tag
        if not self._is_resting:
            self._look()
        self._take(message)

    def _begin_anew(self) -> None:
        self._place = self._channel = None
        self._other()

    def _look(self) -> None:
        if self._unseen >= SEEN:
            self._say_seen(self._unseen)

    def _sip(self) -> None:
        """Let come what is there, and nothing of what will be."""
        may_come = AHEAD - self._unseen
        count = min(self._to_come - may_come, self._unseen, SIP)
        if count > 0:
            self._say_seen(count)

    def _say_seen(self, count: int) -> None:
        """That the oldest ``count`` have come."""
        self._unseen -= count
        if self._channel is not None:
            self._channel.ack(self._last - self._unseen, multiple=True)


def _place_of(message: Message) -> _Place | None:
    offset = message.headers.get(OFFSET)
    return _Place(offset, message.kind, message.body) if isinstance(offset, int) else None
