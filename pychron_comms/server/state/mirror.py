"""What one processor tells of its state, taken into the server's own stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from pychron_comms.observability.state.items import Item, found, item_from_json
from pychron_comms.observability.state.messages import event_of, fields_of
from pychron_comms.observability.state.patience import Patience
from pychron_comms.observability.state.stream import Event, StateStream
from pychron_comms.server.state.clock_offset import ClockOffset

#: Seconds without a word after which nothing that a processor said can be believed: who reads is
#: told of it before two have gone by.
PATIENCE = 1.9

#: What it says of its stream alone.
_SIGNS_OF_LIFE = frozenset({"live", "beat"})


class StateMirror:
    """Follows one processor, called ``name``; its items keep their paths, and ``road/journal`` and
    its like become ``road/journal/NAME``. How far its clock is from ours is ``road/clock/NAME``.

    A processor that is lost, or says nothing for ``PATIENCE`` seconds, makes all of its items
    invalid; they come back with its next snapshot.
    """

    _log = Logger()

    def __init__(
        self, name: str, stream: StateStream, clock: IReactorTime, now: Callable[[], float]
    ) -> None:
        self._name = name
        self._stream = stream
        self._now = now
        self._items: dict[str, Item] = {}
        # What is of this processor alone, and nobody else will tell of.
        self._own: set[str] = set()
        self._clock_offset = ClockOffset(name)
        self._doubted = self._ended = False
        self._followed = True
        self._patience = Patience(clock, self._silent)
        self._tell("connecting", well=False)

    def heard(self, topic: str, text: str) -> None:
        """One message of the processor's stream. Raises ValueError for one that is none."""
        if self._ended or not (self._followed or topic in _SIGNS_OF_LIFE):
            return
        if topic == "event":
            self.happened([event_of(text)])
            return
        fields = fields_of(text)
        self._wait_on()
        if topic == "snapshot":
            for each in _items(fields):
                self._take(item_from_json(each))
        elif topic == "change":
            fields.pop("seq", None)
            fields.pop("prev", None)
            fields.pop("replayed", None)
            self._take(item_from_json(fields))
        elif topic in {"live", "beat"}:
            self._believe()
            self._stream.confirm(self._items)
            if topic == "beat" and "t" in fields:
                self._hear_time(float(fields["t"]))
            self._tell("connected", well=True)

    def happened(self, events: Sequence[Event]) -> None:
        """The ``event`` messages of its stream that have come together."""
        if self._followed and not self._ended:
            self._wait_on()
            self._stream.happened_together(events)

    def _hear_time(self, there: float) -> None:
        now = self._now()
        self._clock_offset.heard(there, now)
        item = found(self._clock_offset.reading(), now)
        self._items[item.path] = item
        self._stream.publish(item)

    def lost(self, reason: str) -> None:
        """The connection to the processor is gone."""
        if self._ended:
            return
        self._patience.stop()
        self._invalidate(f"the processor is lost: {reason}")
        # Its next life says anew what there is.
        self._items.clear()
        self._clock_offset.forget()
        self._tell(f"lost: {reason}", well=False)

    def leave(self, reason: str) -> None:
        """Another processor tells of the same hardware now, or nobody: this one only lives.

        What is of its own part of the road, such as its journal, nobody needs to know until it is
        followed again.
        """
        self._followed = False
        for path in self._own:
            self._items.pop(path, None)
            self._stream.withdraw(path)
        self._own.clear()
        self._invalidate(reason)
        self._items.clear()
        self._doubted = False

    def follow(self) -> None:
        """What it says from its next snapshot on counts."""
        self._followed = True

    def stop(self) -> None:
        self._patience.stop()

    def end(self) -> None:
        """Tell no more of this processor: nothing goes there any more."""
        self._ended = True
        self._patience.stop()
        for path in self._items:
            self._stream.withdraw(path)
        self._items.clear()
        self._stream.withdraw(f"road/processor/{self._name}")

    def _take(self, told: Item) -> None:
        item = told
        if told.path.startswith("road/"):
            # What each processor tells of its own part of the road.
            item = replace(told, path=f"{told.path}/{self._name}")
            self._own.add(item.path)
        if item.is_gone:
            self._items.pop(item.path, None)
            self._own.discard(item.path)
            self._stream.withdraw(item.path)
        else:
            self._items[item.path] = item
            self._stream.publish(item)

    def _believe(self) -> None:
        """What was said before a silence holds again: nothing has been lost of the connection."""
        if self._doubted:
            self._doubted = False
            for item in self._items.values():
                self._stream.publish(item)

    def _wait_on(self) -> None:
        self._patience.wait(PATIENCE)

    def _silent(self) -> None:
        self._invalidate("no word from the processor")
        self._tell("silent", well=False)

    def _invalidate(self, reason: str) -> None:
        self._doubted = True
        for item in self._items.values():
            self._stream.publish(item.invalid(reason))

    def _tell(self, what: str, *, well: bool) -> None:
        now = self._now()
        item = Item(path=f"road/processor/{self._name}", value=what, obtained=now, confirmed=now)
        self._stream.publish(item if well else item.invalid(what))


def _items(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = fields.get("items")
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise ValueError("a snapshot without items")
    return items
