"""What the processors of one set have done, as each of them knows it by way of the broker.

The owner has every command that has a name written to a log of the broker before it is run
(``taken``), and sends copies of its journal's records after it. Every processor of the set reads
the log from its beginning. Who takes over has read it to its end, since he has read his own claim.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from pychron_comms.broker.message import CLAIM, RECORD, TAKEN, Message
from pychron_comms.interfaces import IJournal

#: Bytes of records that are kept here; the broker's log has as many.
ROOM = 64_000_000

#: Events of the journal that a standby must know, beside those of commands.
_OF_LEASES = frozenset({"claim", "release", "lapse", "override", "unsafe", "safe", "stop"})
_OF_COMMANDS = frozenset({"begin", "end"})


class SharedMemory:
    """Takes in the messages of the log, in their order."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._size = 0
        self._records: deque[Message] = deque()
        # What was known before the log was read anew, and has not come again yet.
        self._earlier: set[tuple[str, str, bytes]] = set()
        self._awaited: dict[str, Deferred[None]] = {}
        #: The epochs that were claimed, the newest last.
        self.epochs: list[str] = []

    def take(self, message: Message) -> None:
        """One more message; what is none of ours is passed over."""
        if message.kind == CLAIM:
            epoch = message.body.decode("utf-8", "replace")
            if epoch not in self.epochs:
                self.epochs.append(epoch)
            awaited = self._awaited.pop(epoch, None)
            if awaited is not None:
                awaited.callback(None)
        elif message.kind in {TAKEN, RECORD} and not self._is_known(message):
            self._records.append(message)
            self._size += len(message.body)
            while self._size > self._room:
                self._size -= len(self._records.popleft().body)

    def read_to(self, epoch: str) -> Deferred[None]:
        """Fires when that claim was read, and so all that was written before it."""
        awaited = self._awaited[epoch] = Deferred(lambda _: self._awaited.__delitem__(epoch))
        return awaited

    def read_again(self) -> None:
        """The log is read from its beginning again.

        It may be another one than before: what is known stays known, and comes in once.
        """
        self._earlier = {_identity(each) for each in self._records}

    def next_epoch(self, last: str, token: str) -> str:
        """A name for one more ownership: no other has it, and people see which was later.

        ``last``: the last one of who asks, also where the log has it no more.
        """
        return f"{max(map(_number, [last, *self.epochs])) + 1}.{token}"

    def others_since(self, epoch: str) -> bool:
        """Whether somebody else has claimed the hardware after that epoch."""
        token = epoch.partition(".")[2]
        later = reversed(self.epochs)
        return any(each.partition(".")[2] != token for each in takewhile(epoch.__ne__, later))

    def _is_known(self, message: Message) -> bool:
        identity = _identity(message)
        if identity in self._earlier:
            self._earlier.discard(identity)
            return True
        return False

    def records(self) -> Iterator[Mapping[str, Any]]:
        """What was done, as records of a journal. A command that was taken and has no end there may
        have begun: it has a ``begin``."""
        taken: dict[tuple[str, str], dict[str, Any]] = {}
        begun = set()
        for message in self._records:
            record = _record(message)
            if record is None:
                continue
            name = _name(record)
            if message.kind == TAKEN:
                # One that is asked again is taken again, and not begun again.
                if name not in begun:
                    taken[name] = record
                continue
            # It has its begin now; or it was refused, and so never begun.
            taken.pop(name, None)
            if record["event"] in _OF_COMMANDS or record["event"] in _OF_LEASES:
                begun.add(name)
                yield record
        yield from taken.values()


def _identity(message: Message) -> tuple[str, str, bytes]:
    """Of all messages of the log: a record has its number, within its epoch."""
    return message.kind, str(message.headers.get("epoch", "")), message.body


def _record(message: Message) -> dict[str, Any] | None:
    """With numbers that no other process's have; None for what is none."""
    epoch = str(message.headers.get("epoch", ""))
    try:
        record = json.loads(message.body)
        event = record["event"]
        if event in {"begin", "end"}:
            name = "n" if event == "begin" else "of"
            if name in record:
                record[name] = f"{epoch}/{record[name]}"
        str(record["at"])
    except (ValueError, KeyError, TypeError):
        return None
    return dict(record)


def _name(record: Mapping[str, Any]) -> tuple[str, str]:
    return str(record.get("sender", "")), str(record.get("key", record.get("ask", "")))


def _number(epoch: str) -> int:
    number = epoch.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0


@implementer(IJournal)
class SharedJournal:
    """A journal whose records are told to others too, and that recalls theirs.

    ``tell`` gets each record that was written; it must not raise. ``remembered``: what others have
    done, for ``recall``.
    """

    def __init__(
        self,
        journal: IJournal,
        tell: Callable[[Mapping[str, Any]], object],
        remembered: Callable[[], Iterable[Mapping[str, Any]]],
        at: Callable[[], str],
    ) -> None:
        self._journal = journal
        self._tell = tell
        self._remembered = remembered
        self._at = at

    @property
    def groups(self) -> bool:
        return self._journal.groups

    def write(self, event: str, **fields: Any) -> int:
        number = self._journal.write(event, **fields)
        self._told(number, event, fields)
        return number

    def write_soon(self, event: str, **fields: Any) -> Deferred[int]:
        written = self._journal.write_soon(event, **fields)
        return written.addCallback(self._told, event, fields)

    def refused(self, **fields: Any) -> None:
        self._journal.refused(**fields)
        self._told(0, "refused", fields)

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return self._journal.records(since)

    def carry(self, carrier: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        self._journal.carry(carrier)

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        yield from self._journal.recall(since)
        yield from self._remembered()

    def close(self) -> None:
        self._journal.close()

    def _told(self, number: int, event: str, fields: Mapping[str, Any]) -> int:
        self._tell({"n": number, "at": self._at(), "event": event, **fields})
        return number
