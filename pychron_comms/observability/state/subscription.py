"""One reader of the stream: what it has not had yet, bounded whatever it does."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.patterns import matcher
from pychron_comms.observability.state.stream import Change, Event, StateStream, as_json

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
    """What one reader of the stream has not had yet; it is looked for when it is taken.

    A reader that is slow gets the newest of each item; how many changes it never saw is counted in
    ``squashed``. Events are all kept; where more than ``EVENT_LIMIT`` wait, ``failed`` says why
    this reader must be cut off. ``wake`` is called when there may be something to take after all
    was taken. Patterns as ``patterns.matcher`` has them; raises ValueError.
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
        self._seen = 0
        self._last = 0
        self._over = True
        self.squashed = 0
        self._failed = ""

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
        self._last = self._seen = stream.number
        self._say("live", {"seq": stream.number})
        self._over = False
        stream.readers += 1
        stream.wake(self._wake)

    def end(self) -> None:
        """More than once does no harm."""
        if not self._over:
            self._over = True
            self._stream.readers -= 1
            self._stream.sleep_on(self._wake)

    def beat(self) -> None:
        """Tell the reader that nothing is lost, and how far the stream is."""
        idle = not self.waiting
        self._say("beat", {"seq": self._stream.number, "last": self._last})
        if idle:
            self._wake()

    @property
    def waiting(self) -> bool:
        """Whether there may be something to take."""
        behind = not self._over and self._seen != self._stream.number
        return bool(self._ready or self._items or self._events) or behind

    @property
    def failed(self) -> str:
        """Why this reader must be cut off; empty where all is well."""
        self._collect()
        return self._failed

    def take(self, most: int = 200) -> list[Message]:
        """The next messages, in the order of their numbers, as many as ``most``."""
        self._collect()
        taken: list[Message] = []
        while len(taken) < most and self._ready:
            taken.append(self._ready.popleft())
        while len(taken) < most and (self._items or self._events):
            taken.append(self._message(self._next()))
        if not self.waiting and not self._over:
            self._stream.wake(self._wake)
        return taken

    def _collect(self) -> None:
        """Take in what has changed since the last time."""
        if self._over or self._failed or self._seen == self._stream.number:
            return
        changes = self._stream.since(self._seen)
        self._seen = self._stream.number
        if changes is None:
            self._failed = "what you have not read is not kept any more"
            return
        for change in changes:
            path = change.what.path
            if not self._wants(path):
                continue
            if isinstance(change.what, Event):
                self._events.append(change)
            else:
                if self._items.pop(path, None) is not None:
                    self.squashed += 1
                    self._stream.squashed += 1
                self._items[path] = change
        if len(self._events) > EVENT_LIMIT:
            self._failed = f"{EVENT_LIMIT} events wait for you to read them"

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
        topic = "change" if isinstance(change.what, Item) else "event"
        more = ',"replayed":true' if replayed else ""
        head = f'{{"seq":{change.number},"prev":{self._last}{more},'
        self._last = change.number
        return Message(topic, change.number, head + self._stream.body(change)[1:])

    def _say(self, topic: str, fields: dict[str, Any]) -> None:
        self._ready.append(Message(topic, self._stream.number, as_json(fields)))
