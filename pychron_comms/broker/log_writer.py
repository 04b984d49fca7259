"""What a processor writes to the log of its set without waiting, kept until the broker has it.

The node of the broker that took a record may die before the others have it, while its writer lives
on and knows what was done. So a record that the next owner needs is kept until it is confirmed, and
is written again first of all on the next connection: there it is before any claim of this process,
and before that of another who waits for longer than connecting takes. Where it comes after
another's claim, that owner says 201; whoever owns the hardware later knows better.

A record whose confirmation was lost comes twice. Its readers know it by its epoch and its body, and
take it in once (``SharedMemory``).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pychron_comms.broker.channel import BrokerChannel, BrokerError, RejectedError
from pychron_comms.broker.message import Message
from pychron_comms.broker.names import JOURNAL, PROCESSORS, memory_topic

#: Bytes of records that are kept for want of a confirmation. Nothing is begun while the broker is
#: away, so that these are ends of what ran, and what became of leases.
ROOM = 8_000_000


class _Record(NamedTuple):
    topic: str
    message: Message


class LogWriter:
    """Writes by one channel after the other; above ``room`` bytes the oldest are given up."""

    def __init__(self, hardware: str, room: int = ROOM) -> None:
        self._hardware = hardware
        self._room = room
        self._size = 0
        self._channel: BrokerChannel | None = None
        # By their numbers, the oldest first.
        self._kept: OrderedDict[int, _Record] = OrderedDict()
        #: How many records were ever told to it.
        self.count = 0
        self._awaited: list[Deferred[None]] = []

    def begin(self, channel: BrokerChannel) -> None:
        """By this one, which confirms: first what the broker is not known to have."""
        self._channel = channel
        for number, record in list(self._kept.items()):
            self._write(number, record)

    def end(self) -> None:
        """The channel is gone: what is kept waits for the next one."""
        self._channel = None

    def write(self, event: str, message: Message, *, needed: bool) -> None:
        """One more record. One that nobody needs is not kept, and lost where the broker is away."""
        self.count += 1
        record = _Record(f"{self._hardware}.{event}", message)
        if needed:
            self._kept[self.count] = record
            self._size += len(message.body)
            while self._size > self._room:
                self._forget(next(iter(self._kept)))
        self._write(self.count, record)

    def written(self, clock: IReactorTime, seconds: float) -> Deferred[None]:
        """Fires when nothing is kept any more, or after so long."""
        if not self._kept:
            return succeed(None)
        awaited: Deferred[None] = Deferred()
        self._awaited.append(awaited)
        return awaited.addTimeout(seconds, clock, lambda value, timeout: None)

    def _write(self, number: int, record: _Record) -> None:
        if self._channel is not None:
            told = self._channel.publish(JOURNAL, record.topic, record.message)
            told.addCallbacks(
                self._confirmed, self._missed, callbackArgs=(number,), errbackArgs=(number,)
            )

    def _confirmed(self, result: object, number: int) -> None:
        self._forget(number)
        if not self._kept:
            awaited, self._awaited = self._awaited, []
            for each in awaited:
                each.callback(None)

    def _missed(self, failure: Failure, number: int) -> None:
        failure.trap(BrokerError)
        record = self._kept.get(number)
        if failure.check(RejectedError) and record is not None and self._channel is not None:
            # Perhaps by the queue of somebody who listens: once more, to the log alone.
            topic = memory_topic(self._hardware)
            told = self._channel.publish(PROCESSORS, topic, record.message)
            told.addCallbacks(self._confirmed, _kept, callbackArgs=(number,))

    def _forget(self, number: int) -> None:
        record = self._kept.pop(number, None)
        if record is not None:
            self._size -= len(record.message.body)


def _kept(failure: Failure) -> None:
    """It is, until there is another channel."""
    failure.trap(BrokerError)
