"""What a processor writes to the log of its set, and keeps until the broker has it.

The node of the broker that took a record may die before the others have it, while its writer lives
on and knows what was done. So a record that the next owner needs is kept until it is confirmed, and
is written again first of all on the next connection: there it is before any claim of this process,
and before that of another who waits for longer than connecting takes. Where it comes after
another's claim, that owner says 201; whoever owns the hardware later knows better.

A record whose confirmation was lost comes twice. Its readers know it by its epoch and its text, and
take it in once (``SharedMemory``).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from pychron_comms.broker.channel import (
    BrokerChannel,
    BrokerError,
    RejectedError,
)
from pychron_comms.broker.memory import NEEDED, name_of
from pychron_comms.broker.message import RECORD, TAKEN, Message
from pychron_comms.broker.names import JOURNAL, PROCESSORS, memory_topic

#: Bytes of records that are kept for want of a confirmation. Nothing is begun while the broker is
#: away, so that these are ends of what ran, and what became of leases.
ROOM = 8_000_000

#: Seconds for which ends wait, and begins of which the log knows that they may have come to pass,
#: to be one message with others; and how many bytes of these may wait.
TOGETHER = 0.01
_LARGE = 65_536

#: Commands that were taken, and of whose begin is known that it may wait.
_TAKEN = 1000

_FORM = json.JSONEncoder(separators=(",", ":"), default=str)


class _Told(NamedTuple):
    """A message of one or more records, and by which topic it goes."""

    topic: str
    message: Message


class LogWriter:
    """Writes by one channel after the other; above ``room`` bytes the oldest are given up."""

    def __init__(self, hardware: str, clock: IReactorTime, room: int = ROOM) -> None:
        self._hardware = hardware
        self._clock = clock
        self._room = room
        self._size = 0
        self._channel: BrokerChannel | None = None
        # By their numbers, the oldest first.
        self._kept: OrderedDict[int, _Told] = OrderedDict()
        # By their names, the newest last.
        self._taken: OrderedDict[tuple[str, str], None] = OrderedDict()
        # Begins and ends that wait, and of which epoch.
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._has_end = False
        self._epoch = ""
        self._due: IDelayedCall | None = None
        #: How many messages there ever were.
        self.count = 0
        self._awaited: list[Deferred[None]] = []

    def begin(self, channel: BrokerChannel) -> None:
        """By this one, which confirms: first what the broker is not known to have."""
        self._flush()
        self._channel = channel
        for number, told in list(self._kept.items()):
            self._write(number, told)

    def end(self) -> None:
        """The channel is gone: what is kept waits for the next one."""
        self._channel = None

    def take(self, channel: BrokerChannel, record: Mapping[str, Any], epoch: str) -> Deferred[None]:
        """That a command may begin from now on, by a channel that confirms; fires when the log has
        it. Errors: BrokerError."""
        self.count += 1
        name = name_of(record)
        self._taken[name] = None
        if len(self._taken) > _TAKEN:
            self._taken.popitem(last=False)
        message = Message(TAKEN, _text(record), headers={"epoch": epoch})
        taken = channel.publish(PROCESSORS, memory_topic(self._hardware), message)
        return taken.addErrback(self._untaken, name)

    def write(self, record: Mapping[str, Any], epoch: str) -> None:
        """A record of the journal. What nobody needs is not kept, and lost where the broker is
        away."""
        event, text = record["event"], _text(record)
        is_known = event in {"begin", "refused"} and self._is_known(record)
        if epoch != self._epoch or event not in {"begin", "end"}:
            # A refusal is never told again: with what is it would deny a second attempt.
            self._flush()
        self._epoch = epoch
        if event not in {"begin", "end"}:
            self._tell(event, text, is_needed=event in NEEDED)
            return
        self._waiting.append(text)
        self._waiting_size += len(text)
        self._has_end = self._has_end or event == "end"
        if self._waiting_size > _LARGE or (event == "begin" and not is_known):
            self._flush()
        elif self._due is None:
            self._due = self._clock.callLater(TOGETHER, self._flush)

    def written(self, seconds: float) -> Deferred[None]:
        """Fires when nothing is kept any more, or after so long."""
        self._flush()
        if not self._kept:
            return succeed(None)
        awaited: Deferred[None] = Deferred()
        self._awaited.append(awaited)
        return awaited.addTimeout(seconds, self._clock, lambda value, timeout: None)

    def _untaken(self, failure: Failure, name: tuple[str, str]) -> Failure:
        self._taken.pop(name, None)
        return failure

    def _is_known(self, record: Mapping[str, Any]) -> bool:
        """Whether the log has it that this command may have begun."""
        name = name_of(record)
        if name in self._taken:
            del self._taken[name]
            return True
        return False

    def _flush(self) -> None:
        """Write what waits as one message."""
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            event = "end" if self._has_end else "begin"
            self._waiting_size, self._has_end = 0, False
            self._tell(event, b"\n".join(waiting), is_needed=True)

    def _tell(self, event: str, lines: bytes, *, is_needed: bool) -> None:
        message = Message(RECORD, lines, headers={"epoch": self._epoch})
        told = _Told(f"{self._hardware}.{event}", message)
        self.count += 1
        if is_needed:
            self._keep(told)
        self._write(self.count, told)

    def _keep(self, told: _Told) -> None:
        self._kept[self.count] = told
        self._size += len(told.message.body)
        while self._size > self._room:
            self._forget(next(iter(self._kept)))

    def _write(self, number: int, told: _Told) -> None:
        if self._channel is not None:
            written = self._channel.publish(JOURNAL, told.topic, told.message)
            written.addCallbacks(
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
        told = self._kept.get(number)
        if failure.check(RejectedError) and told is not None and self._channel is not None:
            # Perhaps by the queue of somebody who listens: once more, to the log alone.
            topic = memory_topic(self._hardware)
            written = self._channel.publish(PROCESSORS, topic, told.message)
            written.addCallbacks(self._confirmed, _kept, callbackArgs=(number,))

    def _forget(self, number: int) -> None:
        told = self._kept.pop(number, None)
        if told is not None:
            self._size -= len(told.message.body)


def _text(record: Mapping[str, Any]) -> bytes:
    return _FORM.encode(record).encode()


def _kept(failure: Failure) -> None:
    """It is, until there is another channel."""
    failure.trap(BrokerError)
