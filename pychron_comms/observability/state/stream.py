"""The stream of changes: every item as it stands, each change with a number, the last ones kept."""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, Protocol

from pychron_comms.interfaces import Source
from pychron_comms.observability.state.items import STALE, Item

#: Changes that are kept for who comes back, and for how many seconds.
KEPT = 20_000
KEPT_FOR = 600.0

#: Changes of items whose text is kept for those who are told of them next.
BODIES = 2000


#: Made once: ``json.dumps`` would make one for each text. What is published holds no circles.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


class Event(NamedTuple):
    """What happened, and is never left out: a command's outcome, a trip, an alarm.

    ``members`` are what is told of it, as in a JSON object, without its braces: text that goes
    unchanged from the process where it happened to all who are told.
    """

    path: str
    members: str


class Change(NamedTuple):
    """``number`` grows by one with each change of a session, from 1."""

    number: int
    at: float
    what: Item | Event


class Subscriber(Protocol):
    """Told of each change, in order; must neither block nor raise."""

    def changed(self, changes: Sequence[Change]) -> None:
        """An item is new or says something else, or things have happened together."""


class Follower(Protocol):
    """Told of each item that changes, in order, and of no event; must neither block nor raise."""

    def item_changed(self, item: Item, at: float) -> None:
        """It is new or says something else, or is gone, since that Unix time in seconds."""


def as_json(fields: Mapping[str, Any]) -> str:
    """Without blanks. Raises ValueError for a number that is none."""
    return _ENCODER.encode(fields)


def members_of(fields: Mapping[str, Any]) -> str:
    """The same, without the braces. Raises ValueError."""
    return as_json(fields)[1:-1]


#: A path as JSON: few are told of again and again.
_quoted = lru_cache(256)(_ENCODER.encode)


def new_stream(now: Callable[[], float], steady: Callable[[], float]) -> StateStream:
    """The stream of a process that starts now; its clocks as ``StateStream`` has them."""
    return StateStream(secrets.token_hex(6), now, steady)


class StateStream:
    """Holds the last of each item and tells subscribers what changes.

    ``session`` names this life of the stream: numbers of another session mean nothing here.
    ``now`` is Unix time in seconds, to be shown; ``steady`` a clock that nobody sets, by which
    things turn stale: that of another computer may be late, and this one's be set. Publishing costs
    a constant time and one call for each subscriber, of which all who read are one: ``Audience``.
    """

    def __init__(
        self, session: str, now: Callable[[], float], steady: Callable[[], float] | None = None
    ) -> None:
        self.session = session
        self.number = 0
        #: Changes that readers never saw, since they got a newer one of that item in their place.
        self.squashed = 0
        #: Readers that came back, and of whose absence not all was kept.
        self.gaps = 0
        self._now = now
        self._items: dict[str, Item] = {}
        # When each was last found to be so, where that was after it was told.
        self._confirmed: dict[str, float] = {}
        # When this process heard of each last, by its steady clock.
        self._steady = steady or now
        self._heard: dict[str, float] = {}
        self._kept: deque[Change] = deque(maxlen=KEPT)
        # In order, each once.
        self._subscribers: dict[Subscriber, None] = {}
        self._followers: dict[Follower, None] = {}
        #: Who is told of it, over connections.
        self.readers = 0
        # What was told last to one who asked, for all others who ask for the same.
        self._asked: tuple[int, list[Change]] = 0, []
        self._bodies: dict[int, str] = {}

    def time(self) -> float:
        """Unix time in seconds, as it is shown here."""
        return self._now()

    def __iter__(self) -> Iterator[Item]:
        return iter([self._as_confirmed(item) for item in self._items.values()])

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, path: object) -> bool:
        return path in self._items

    def get(self, path: str) -> Item | None:
        item = self._items.get(path)
        return item and self._as_confirmed(item)

    def holds(self, item: Item) -> bool:
        """Whether this very item is what was published last at its path."""
        return self._items.get(item.path) is item

    def publish(self, item: Item) -> bool:
        """Whether it says something new. Where it does not, only its times are taken over."""
        before = self._items.get(item.path)
        self._items[item.path] = item
        self._heard[item.path] = self._steady()
        self._confirmed.pop(item.path, None)
        if before is not None and before.says_the_same(item):
            return False
        self._tell_of(item)
        return True

    def happened(self, path: str, **fields: Any) -> None:
        """Tell of something that has no state. Raises ValueError for a number that is none."""
        self._tell((Event(path, members_of(fields)),))

    def happened_together(self, events: Sequence[Event]) -> None:
        """The same of some, in their order."""
        self._tell(events)

    def confirm(self, paths: Iterable[str]) -> None:
        """Their values were found unchanged just now."""
        known = [path for path in paths if path in self._items]
        self._confirmed.update(dict.fromkeys(known, self._now()))
        self._heard.update(dict.fromkeys(known, self._steady()))

    def withdraw(self, path: str) -> None:
        """There is no such item any more."""
        item = self._items.pop(path, None)
        self._confirmed.pop(path, None)
        self._heard.pop(path, None)
        if item is not None:
            self._tell_of(item.withdrawn())

    def invalidate(self, within: str, reason: str) -> None:
        """What is at this path or below cannot be told any more, but for what a person has said."""
        below = f"{within}/"
        for path, item in list(self._items.items()):
            is_within = not within or path == within or path.startswith(below)
            if is_within and item.source is not Source.MANUAL:
                self.publish(self._as_confirmed(item).invalid(reason))

    def look_for_stale(self) -> None:
        """Say so of each item whose source has been silent too long."""
        now = self._steady()
        for item in list(self._items.values()):
            if item.reason != STALE and item.is_stale(now, self._heard[item.path]):
                self.publish(self._as_confirmed(item).invalid(STALE))

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers[subscriber] = None

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """More than once does no harm."""
        self._subscribers.pop(subscriber, None)

    def follow(self, follower: Follower) -> None:
        """Tell it of items, behind all subscribers: it may publish others."""
        self._followers[follower] = None

    def unfollow(self, follower: Follower) -> None:
        """More than once does no harm."""
        self._followers.pop(follower, None)

    def since(self, number: int) -> Sequence[Change] | None:
        """The changes after that one; None where they are not kept any more, or never were."""
        if not 0 <= number <= self.number:
            return None
        if number == self.number:
            return ()
        self._forget_old()
        if not self._kept or self._kept[0].number > number + 1:
            return None
        before, found = self._asked
        if not found or before != number or found[-1].number != self.number:
            # Each number is there once.
            found = list(islice(reversed(self._kept), self.number - number))[::-1]
            self._asked = number, found
        return found

    def last_events(self, most: int) -> list[Change]:
        """What happened last, of what is kept, in order."""
        events = (change for change in reversed(self._kept) if isinstance(change.what, Event))
        return list(islice(events, most))[::-1]

    def body(self, change: Change) -> str:
        """Its fields as JSON, but for those of the reader: made once, however many are told."""
        number, at, what = change
        if isinstance(what, Event):
            # Nearly made already: to keep it would take as long.
            path, members = what
            return f'{{"path":{_quoted(path)},"t":{at:.6f}{"," if members else ""}{members}}}'
        text = self._bodies.get(number)
        if text is None:
            if len(self._bodies) >= BODIES:
                self._bodies.clear()
            text = self._bodies[number] = as_json(what.as_json())
        return text

    def _as_confirmed(self, item: Item) -> Item:
        confirmed = self._confirmed.get(item.path)
        return item if confirmed is None else replace(item, confirmed=confirmed)

    def _tell_of(self, item: Item) -> None:
        at = self._tell((item,))
        for follower in list(self._followers):
            follower.item_changed(item, at)

    def _tell(self, what: Sequence[Item | Event]) -> float:
        """Number what has changed now; when that was."""
        at = self._now()
        changes = [Change(number, at, each) for number, each in enumerate(what, self.number + 1)]
        self.number += len(changes)
        self._kept += changes
        for subscriber in list(self._subscribers):
            subscriber.changed(changes)
        return at

    def _forget_old(self) -> None:
        oldest = self._now() - KEPT_FOR
        while self._kept and self._kept[0].at < oldest:
            self._kept.popleft()
