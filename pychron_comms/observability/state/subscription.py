"""One reader of the stream: what it has not had yet, bounded whatever it does."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.patterns import matcher
from pychron_comms.observability.state.stream import Change, Event, StateStream

#: Events that a reader may leave unread before it is cut off: none of them may be left out.
EVENT_LIMIT = 1000

#: Items of a snapshot that leave in one message.
_SNAPSHOT_PIECE = 100


class Message(NamedTuple):
    """``topic`` is hello, snapshot, live, change, event, gap, beat or bye; ``text`` is JSON."""

    topic: str
    number: int
    text: str


class Subscription:
    """Collects for one reader what the stream tells, until it is taken.

    A reader that is slow gets the newest of each item; how many changes it never saw is counted in
    ``squashed``. Events are all kept; where more than ``EVENT_LIMIT`` wait, ``failed`` says why
    this reader must be cut off. ``wake`` is called when there is something to take after nothing
    was. Patterns as ``patterns.matcher`` has them; raises ValueError.
    """

    def __init__(
        self, stream: StateStream, patterns: Sequence[str], wake: Callable[[], None]
    ) -> None:
        self._stream = stream
        self._wants = matcher(patterns)
        self._wake = wake
        self._ready: deque[Message] = deque()
        # The newest of each item that waits, by its path, in the order of their numbers.
        self._items: OrderedDict[str, Change] = OrderedDict()
        self._events: deque[Change] = deque()
        self._last = 0
        self.squashed = 0
        self.failed = ""

    def begin(self, session: str = "", number: int = 0) -> None:
        """Say hello, then how everything stands; or, to one who was there at ``number`` of this
        session, what it missed."""
        stream = self._stream
        self._say("hello", {"session": stream.session, "seq": stream.number})
        missed = stream.since(number) if session == stream.session else None
        if missed is None:
            if session:
                self._say("gap", {"from": number, "to": stream.number})
            self._snapshot()
        else:
            for change in missed:
                self._add(change, replayed=True)
        self._last = stream.number
        self._say("live", {"seq": stream.number})
        stream.subscribe(self)

    def end(self) -> None:
        self._stream.unsubscribe(self)

    def changed(self, change: Change) -> None:
        if self.failed or not self._wants(change.what.path):
            return
        idle = not self.waiting
        if isinstance(change.what, Event):
            self._events.append(change)
            if len(self._events) > EVENT_LIMIT:
                self.failed = f"{EVENT_LIMIT} events wait for you to read them"
        else:
            if self._items.pop(change.what.path, None) is not None:
                self.squashed += 1
                self._stream.squashed += 1
            self._items[change.what.path] = change
        if idle:
            self._wake()

    def beat(self) -> None:
        """Tell the reader that nothing is lost, and how far the stream is."""
        idle = not self.waiting
        self._say("beat", {"seq": self._stream.number, "last": self._last})
        if idle:
            self._wake()

    @property
    def waiting(self) -> bool:
        """Whether there is something to take."""
        return bool(self._ready or self._items or self._events)

    def take(self, most: int = 200) -> list[Message]:
        """The next messages, in the order of their numbers, as many as ``most``."""
        taken: list[Message] = []
        while len(taken) < most and self._ready:
            taken.append(self._ready.popleft())
        while len(taken) < most and (self._items or self._events):
            taken.append(self._message(self._next()))
        return taken

    def _next(self) -> Change:
        if self._events:
            first = next(iter(self._items.values()), None)
            if first is None or self._events[0].number < first.number:
                return self._events.popleft()
        return self._items.popitem(last=False)[1]

    def _snapshot(self) -> None:
        items = [item.as_json() for item in self._stream if self._wants(item.path)]
        for start in range(0, len(items), _SNAPSHOT_PIECE):
            piece = items[start : start + _SNAPSHOT_PIECE]
            self._say("snapshot", {"seq": self._stream.number, "items": piece})

    def _add(self, change: Change, *, replayed: bool) -> None:
        if self._wants(change.what.path):
            self._ready.append(self._message(change, replayed=replayed))

    def _message(self, change: Change, *, replayed: bool = False) -> Message:
        number, at, what = change
        fields: dict[str, Any] = {"seq": number, "prev": self._last}
        if replayed:
            fields["replayed"] = True
        self._last = number
        if isinstance(what, Item):
            return Message("change", number, _json(fields | what.as_json()))
        event = {"path": what.path, "t": round(at, 6), **what.fields}
        return Message("event", number, _json(fields | event))

    def _say(self, topic: str, fields: dict[str, Any]) -> None:
        self._ready.append(Message(topic, self._stream.number, _json(fields)))


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False)
