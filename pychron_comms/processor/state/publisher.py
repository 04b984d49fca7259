"""Tells the state stream how the hardware stands, as looks and commands show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from pychron_comms.interfaces import ICall, Move, Reading, Source
from pychron_comms.lab.schematic.model import Schematic
from pychron_comms.observability.state.items import Item, found
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.execution.watches import EndedCommand
from pychron_comms.processor.state.looks import BEHIND, Looks, Submit
from pychron_comms.processor.state.marks import Marks
from pychron_comms.processor.state.rule_marks import RuleMarks

#: Seconds between two looks at each manager.
PERIOD = 1.0


#: Tells how things stand that no manager owns.
More = Callable[[], Iterable[Reading]]


class _Told(NamedTuple):
    reading: Reading
    item: Item


class StatePublisher:
    """Keeps an item of each reading of each manager, and marks what commands move.

    A manager is looked at once a ``period`` (seconds), and soon after each command that moved it;
    with a ``period`` of 0 never. Where it does not answer, its items turn stale. What takes time to
    move is marked before its command has a reply.
    """

    def __init__(
        self,
        stream: StateStream,
        submit: Submit,
        *,
        clock: IReactorTime,
        now: Callable[[], float],
        period: float = PERIOD,
    ) -> None:
        self.stream = stream
        self._now = now
        self._stale_after = period * BEHIND
        self._more: More = lambda: ()
        self._marks = Marks()
        # What each call that goes on moves: paths and values, by its identity.
        self._under_way: dict[int, list[tuple[str, object]]] = {}
        self._rules: RuleMarks | None = None
        self._looks = Looks(submit, self, clock=clock, period=period)
        # By path: what most looks find again, so that only what differs costs anything.
        self._told: dict[str, _Told] = {}
        self._told_more: set[str] = set()

    def watch(self, managers: Mapping[str, object], more: More = lambda: ()) -> None:
        """Look at these, by the names that their items' paths begin with.

        ``more`` tells what is to be told beside them: an item that it tells no more is gone.
        """
        self._looks.watch(managers)
        self._more = more

    def mark(self, rules: RuleMarks) -> None:
        """Mark what these guard, as it stands at each look."""
        self._rules = rules

    def see_anew(self, path: str) -> None:
        """What marks the item at that path has changed."""
        item = self.stream.get(path)
        if item is not None:
            self.stream.publish(self._marked(item))

    def draw(self, schematic: Schematic) -> None:
        """How the extraction line is drawn; nothing where nothing is."""
        if schematic.shapes:
            drawing = Reading("", schematic.as_json(), source=Source.MANUAL)
            self.stream.publish(self._item("System/schematic", drawing, stale_after=0.0))

    def start(self) -> None:
        self._looks.start()

    def stop(self) -> None:
        self._looks.stop()

    # -- what commands do

    def goes_on(self, call: ICall) -> None:
        """A command's manager works on it: what it moves is on its way."""
        marked = []
        for move in call.moves:
            path = self.path_of(move)
            item = self.stream.get(path)
            if item is not None:
                marked.append((path, move.value))
                self._marks.begin(path, move.value)
                self.stream.publish(self._marked(item))
        self._under_way[id(call)] = marked

    def all_ended(self, commands: Sequence[EndedCommand]) -> None:
        """They have their replies: what they moved is at rest, or never moved; look in a moment."""
        moved = {}
        for call, *_ in commands:
            for path, value in self._under_way.pop(id(call), ()):
                self._marks.end(path, value)
                self._told.pop(path, None)
            for move in call.moves:
                moved[id(move.manager)] = move.manager
        for manager in moved.values():
            self._looks.soon(manager)

    # -- what looks show

    def saw(self, name: str, readings: Sequence[Reading], stale_after: float) -> None:
        """So the manager of that name stands."""
        self._publish(
            ((f"{name}/{each.path}" if each.path else name, each) for each in readings),
            stale_after,
        )

    def cannot_see(self, name: str, why: str) -> None:
        """The manager of that name did not say how it stands."""
        self.stream.invalidate(name, why)

    def looked(self) -> None:
        """Tell what is beside the managers, and what has not been seen for too long."""
        readings = {reading.path: reading for reading in self._more()}
        self._publish(readings.items(), self._stale_after)
        for path in self._told_more - readings.keys():
            self.stream.withdraw(path)
        self._told_more = set(readings)
        self.stream.look_for_stale()
        if self._rules is not None:
            self._rules.look()

    def _publish(self, readings: Iterable[tuple[str, Reading]], stale_after: float) -> None:
        same = []
        for path, reading in readings:
            if self._is_told(path, reading, stale_after):
                same.append(path)
            else:
                item = self._item(path, reading, stale_after)
                # Its manager may go on to use these details.
                self._told[path] = _Told(reading._replace(details=dict(reading.details)), item)
                self.stream.publish(item)
        self.stream.confirm(same)

    def _is_told(self, path: str, reading: Reading, stale_after: float) -> bool:
        """Whether the stream says so; one marked since, or that could not be told, is another."""
        told = self._told.get(path)
        return (
            told is not None
            and told.reading == reading
            and told.item.stale_after == stale_after
            and self.stream.holds(told.item)
        )

    def _item(self, path: str, reading: Reading, stale_after: float) -> Item:
        item = self._marked(found(reading, self._now(), path, stale_after))
        before = self.stream.get(path)
        return item if before is None else item.since(before)

    def _marked(self, item: Item) -> Item:
        item = self._marks.seen(item)
        return item if self._rules is None else self._rules.seen(item)

    def name_of(self, manager: object) -> str:
        """By which its items' paths begin, or what it is where it has none."""
        return self._looks.name_of(manager) or type(manager).__name__

    def path_of(self, move: Move) -> str:
        """The path of the item that shows a part; empty where none does."""
        name, target = self._looks.name_of(move.manager), move.target
        if name is None:
            return ""
        for path in (f"{name}/valve/{target}", f"{name}/{target}") if target else (name,):
            if path in self.stream:
                return path
        return ""
