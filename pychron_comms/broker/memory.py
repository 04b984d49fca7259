"""What the processors of one set have done, as each of them knows it by way of the broker.

The owner has every command that has a name written to a log of the broker before it is run
(``taken``), and sends copies of its journal's records after it. Every processor of the set reads
the log from its beginning. Who takes over has read it to its end, since he has read his own claim.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from zope.interface import implementer

from pychron_comms.broker.message import CLAIM, RECORD, TAKEN, Message
from pychron_comms.errors import JournalError
from pychron_comms.interfaces import Happened, IJournal
from pychron_comms.journal.group import Told
from pychron_comms.journal.missing import nobody
from pychron_comms.journal.record import REFUSED, time_text

#: Bytes of records that are kept here; the broker's log has as many.
ROOM = 64_000_000

#: Events of the journal that the next owner must know: those of commands, and those of leases.
NEEDED = frozenset(
    {"begin", "end", "claim", "release", "lapse", "override", "unsafe", "safe", "all_safe", "stop"}
)
_REFUSED = f'"{REFUSED}"'.encode()


class _Record(NamedTuple):
    """A line of the log. Two that are alike are one that came twice: a record has its number, of
    the process that wrote it in that epoch."""

    kind: str
    epoch: str
    line: bytes


class SharedMemory:
    """Takes in the messages of the log, in their order; what comes twice, once.

    So a log may be read from its beginning again, which may be another log than before: what is
    known stays known.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._size = 0
        # In the order in which each came first, and the same for looking up.
        self._records: deque[_Record] = deque()
        self._known: set[_Record] = set()
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
        elif message.kind in {TAKEN, RECORD}:
            epoch = str(message.headers.get("epoch", ""))
            for line in message.body.split(b"\n"):
                self._keep(_Record(message.kind, epoch, line))

    def read_to(self, epoch: str) -> Deferred[None]:
        """Fires when that claim was read, and so all that was written before it."""
        awaited = self._awaited[epoch] = Deferred(lambda _: self._awaited.__delitem__(epoch))
        return awaited

    def next_epoch(self, last: str, token: str) -> str:
        """A name for one more ownership: no other has it, and people see which was later.

        ``last``: the last one of who asks, also where the log has it no more.
        """
        return f"{max(map(_number, [last, *self.epochs])) + 1}.{token}"

    def others_since(self, epoch: str) -> bool:
        """Whether somebody else has claimed the hardware after that epoch."""
        token = _token(epoch)
        later = reversed(self.epochs)
        return any(_token(each) != token for each in takewhile(epoch.__ne__, later))

    def _keep(self, record: _Record) -> None:
        if record in self._known:
            return
        self._known.add(record)
        self._records.append(record)
        self._size += len(record.line)
        while self._size > self._room:
            oldest = self._records.popleft()
            self._known.discard(oldest)
            self._size -= len(oldest.line)

    def records(self) -> Iterator[Mapping[str, Any]]:
        """What was done, as records of a journal. A command that was taken and has no end there may
        have begun: it has a ``begin``."""
        taken: dict[tuple[str, str, str], dict[str, Any]] = {}
        begun = set()
        for kept in self._in_order():
            record = _read(kept)
            if record is None:
                continue
            name = name_of(record)
            if kept.kind == TAKEN:
                # One that is asked again is taken again, and not begun again.
                if name not in begun:
                    taken[kept.epoch, *name] = record
                continue
            # It has its begin now; or that owner has refused it, and so never begun.
            taken.pop((kept.epoch, *name), None)
            if record["event"] in NEEDED:
                begun.add(name)
                yield record
        yield from taken.values()

    def refusals(self) -> Iterator[Mapping[str, Any]]:
        """What was refused, as records of a journal."""
        for kept in self._in_order():
            # Most say nothing of it: not worth to be parsed.
            record = _read(kept) if _REFUSED in kept.line else None
            if record is not None and record["event"] == REFUSED:
                yield record

    def _in_order(self) -> list[_Record]:
        """As they were done: one that is told late belongs to the epoch that it was made in."""
        places = {epoch: place for place, epoch in enumerate(self.epochs)}
        return sorted(self._records, key=lambda record: places.get(record.epoch, -1))


def _read(kept: _Record) -> dict[str, Any] | None:
    """With numbers that no other process's have; None for what is none."""
    try:
        record = json.loads(kept.line)
        event = record["event"]
        if event in {"begin", "end"}:
            name = "n" if event == "begin" else "of"
            if name in record:
                record[name] = f"{_token(kept.epoch)}/{record[name]}"
        str(record["at"])
    except (ValueError, KeyError, TypeError):
        return None
    return dict(record)


def name_of(record: Mapping[str, Any]) -> tuple[str, str]:
    """Of the command that a record is about: who asked for it, and by which name."""
    return str(record.get("sender", "")), str(record.get("key", record.get("ask", "")))


def _token(epoch: str) -> str:
    """Of the process whose epoch it is; each of its epochs has it."""
    return epoch.partition(".")[2]


def _number(epoch: str) -> int:
    number = epoch.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0


@implementer(IJournal)
class SharedJournal:
    """A journal whose records are told to others too, and that recalls theirs.

    ``tell`` gets each record that was written; it must not raise. ``others``: what they have done.
    """

    def __init__(
        self,
        journal: IJournal,
        tell: Callable[[Mapping[str, Any]], object],
        others: SharedMemory,
        at: Callable[[], str],
    ) -> None:
        self._journal = journal
        self._tell = tell
        self._others = others
        self._at = at

    @property
    def groups(self) -> bool:
        return self._journal.groups

    def write(self, event: str, fields: Mapping[str, Any], before: Sequence[Happened] = ()) -> int:
        number = self._journal.write(event, fields, before)
        for at, each in enumerate((*before, (event, fields)), number - len(before)):
            self._told(at, *each)
        return number

    def write_soon(self, event: str, fields: Mapping[str, Any], told: Told) -> None:
        def heard(outcome: int | JournalError) -> None:
            if isinstance(outcome, int):
                self._told(outcome, event, fields)
            told(outcome)

        self._journal.write_soon(event, fields, heard)

    def refused(self, fields: Mapping[str, Any], over: Callable[[], None] = nobody) -> None:
        self._journal.refused(fields, over)
        self._told(0, REFUSED, fields)

    def records(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        return self._journal.records(since)

    def carry(self, carrier: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        self._journal.carry(carrier)

    def recall(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        yield from self._journal.recall(since)
        yield from self._others.records()

    def refusals(self, since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        yield from self._journal.refusals(since)
        wanted = time_text(max(since, 0.0))
        yield from (each for each in self._others.refusals() if each["at"] >= wanted)

    def close(self) -> None:
        self._journal.close()

    def _told(self, number: int, event: str, fields: Mapping[str, Any]) -> int:
        self._tell({"n": number, "at": self._at(), "event": event, **fields})
        return number
