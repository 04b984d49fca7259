"""A bounded room for what is remembered of each sender, in which none crowds out another."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
Value = TypeVar("Value")

#: Bytes of one thing beside its texts: its place in the tables, and the objects around it.
OVERHEAD = 1000


#: A value, until when it is kept, and its bytes. A plain tuple: each command that acts makes one.
_Item = tuple[Value, float, int]

#: What was kept elsewhere, oldest first, by sender and name: the value, and ``texts`` and ``until``
#: as ``keep`` has them. Plain tuples, since a start makes a hundred thousand.
Kept = dict[tuple[str, Name], tuple[Value, int, float]]


class _Share(Generic[Name, Value]):
    """What one sender has, oldest first."""

    __slots__ = ("items", "size")

    def __init__(self) -> None:
        self.items: OrderedDict[Name, _Item[Value]] = OrderedDict()
        self.size = 0


class Shares(Generic[Name, Value]):
    """Keeps values by sender and name, in ``room`` bytes for all and ``share`` for each.

    Where there is no room, one of those who have most (to a factor of two) loses its oldest. No
    work grows with what is kept. ``forgotten`` is told of each value that is kept no longer.
    """

    def __init__(
        self,
        room: float,
        share: float = math.inf,
        forgotten: Callable[[Value], object] = lambda value: None,
    ) -> None:
        self._room = room
        self._share = share
        self._forgotten = forgotten
        #: Bytes, as they are counted here.
        self.size = 0
        # Nothing is to be forgotten before, for want of time.
        self._past_from = -math.inf
        self._senders: dict[str, _Share[Name, Value]] = {}
        # Senders by the binary digits of what they have, so that the greatest are found at once.
        self._ranks: dict[int, dict[str, None]] = {}
        # In the order in which they were kept.
        self._all: OrderedDict[tuple[str, Name], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[tuple[str, Name, Value, float]]:
        """Each with its sender, its name, and until when; in the order in which they were kept.

        Of those that are there now; what is forgotten meanwhile is left out.
        """
        return self._each(list(self._all))

    def get(self, sender: str, name: Name, now: float) -> Value | None:
        """None for what was never kept, or not for as long as this."""
        share = self._senders.get(sender)
        item = share.items.get(name) if share is not None else None
        return item[0] if item is not None and item[1] > now else None

    def keep(
        self, sender: str, name: Name, value: Value, *, texts: int, until: float, now: float
    ) -> None:
        """In place of what had this name; ``texts``: the characters in it."""
        if now >= self._past_from:
            self._forget_past(now)
        share = self._senders.get(sender) or self._new_share(sender)
        before = share.items.pop(name, None)
        more = texts + OVERHEAD
        share.items[name] = value, until, more
        place = sender, name
        if before is None:
            self._all[place] = None
        else:
            self._all.move_to_end(place)
            more -= before[2]
            self._forgotten(before[0])
        # What is kept anew is nearly always as long as it was.
        if more:
            self._resize(sender, share, more)
            self._make_room(sender, share)

    def fill(self, kept: Kept[Name, Value]) -> None:
        """Keep these; for a room that is empty.

        Where they are too many, each sender keeps his newest, and nobody more than he must leave
        to another.
        """
        sizes: dict[str, int] = {}
        for (sender, _), (_, texts, _) in kept.items():
            sizes[sender] = sizes.get(sender, 0) + texts + OVERHEAD
        left = dict.fromkeys(sizes, min(self._share, _level(sizes.values(), self._room)))
        newest = []
        for place, (_, texts, _) in reversed(kept.items()):
            left[place[0]] -= texts + OVERHEAD
            if left[place[0]] >= 0:
                newest.append(place)
        filled = {sender: self._new_share(sender) for sender in dict(newest)}
        sizes = dict.fromkeys(filled, 0)
        for place in reversed(newest):
            sender, name = place
            value, texts, until = kept[place]
            filled[sender].items[name] = value, until, texts + OVERHEAD
            self._all[place] = None
            sizes[sender] += texts + OVERHEAD
        for sender, share in filled.items():
            self._resize(sender, share, sizes[sender])

    def forget(self, sender: str, name: Name) -> None:
        """Nothing where there is none."""
        share = self._senders.get(sender)
        item = share.items.pop(name, None) if share is not None else None
        if share is not None and item is not None:
            del self._all[sender, name]
            value, _, size = item
            self._resize(sender, share, -size)
            self._forgotten(value)

    def _new_share(self, sender: str) -> _Share[Name, Value]:
        share: _Share[Name, Value] = _Share()
        self._senders[sender] = share
        return share

    def _each(self, places: Sequence[tuple[str, Name]]) -> Iterator[tuple[str, Name, Value, float]]:
        for sender, name in places:
            share = self._senders.get(sender)
            item = share.items.get(name) if share is not None else None
            if item is not None:
                yield sender, name, item[0], item[1]

    def _forget_oldest(self, sender: str) -> None:
        self.forget(sender, next(iter(self._senders[sender].items)))

    def _forget_past(self, now: float) -> None:
        while self._all:
            sender, name = next(iter(self._all))
            self._past_from = self._senders[sender].items[name][1]
            if self._past_from > now:
                return
            self.forget(sender, name)

    def _make_room(self, sender: str, share: _Share[Name, Value]) -> None:
        while share.size > self._share:
            self._forget_oldest(sender)
        while self.size > self._room:
            self._forget_oldest(next(iter(self._ranks[max(self._ranks)])))

    def _resize(self, sender: str, share: _Share[Name, Value], by: int) -> None:
        before, after = share.size.bit_length(), (share.size + by).bit_length()
        share.size += by
        self.size += by
        if before != after:
            self._rank(sender, before, after)
        if not share.size:
            del self._senders[sender]

    def _rank(self, sender: str, before: int, after: int) -> None:
        if before:
            peers = self._ranks[before]
            del peers[sender]
            if not peers:
                del self._ranks[before]
        if after:
            self._ranks.setdefault(after, {})[sender] = None


def _level(sizes: Collection[int], room: float) -> float:
    """The most that each may have, so that all of them fit in the room."""
    left, count = room, len(sizes)
    for size in sorted(sizes):
        if size * count > left:
            return left / count
        left -= size
        count -= 1
    return math.inf
