"""Watches the hardware and the gate, and tells the state stream what it sees."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import UnknownRequestTypeError
from pychron_comms.interfaces import (
    Effect,
    ICall,
    IRequestHandler,
    Move,
    Reading,
    Severity,
    Source,
)
from pychron_comms.lab.schematic.model import Schematic
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.state.readings import read
from pychron_comms.wire.context import PLAIN

#: Seconds between two looks at each manager, and after how many looks a value is stale.
PERIOD = 1.0
_STALE = 2.5

#: Seconds after the end of a command in which its manager is looked at.
SOON = 0.02

#: Characters of a command and of its reply that are shown.
_SHOWN = 200

#: Runs a read of a manager where its methods run, in its turn; fires when it has ended.
Submit = Callable[["ReadState"], object]


@implementer(ICall)
class ReadState:
    """A look at all of a manager, as a read that waits its turn like any other."""

    name = "ReadState"
    effect = Effect.READ
    safe = False
    deadline = 30.0
    target = ""
    moves: tuple[Move, ...] = ()
    context = PLAIN
    sender = "state"

    def __init__(self, manager: object) -> None:
        self.manager = manager
        self.readings: Sequence[Reading] = ()

    def same_read(self, other: object) -> bool:
        return isinstance(other, ReadState) and other.manager is self.manager

    def run(self) -> Sequence[Reading] | Awaitable[Sequence[Reading]]:
        return read(self.manager)

    def reply(self, result: object) -> str:
        self.readings = cast(Sequence[Reading], result)
        return "OK"


@implementer(IRequestHandler)
class StateReader:
    """Runs looks for managers that never block; no client's line leads here."""

    def prepare(self, data: str, sender: str) -> ReadState:
        raise UnknownRequestTypeError(data)

    def handle(self, call: ICall) -> str | Deferred[str]:
        result = call.run()
        if inspect.iscoroutine(result):
            return Deferred.fromCoroutine(result).addCallback(call.reply)
        return call.reply(result)


class Watched:
    """One manager under its name in paths, and the look at it that is under way."""

    def __init__(self, name: str, manager: object) -> None:
        self.name = name
        self.manager = manager
        self.busy = False
        self.again = False


class StatePublisher:
    """Looks at each manager once a ``period`` (seconds), and after each command that moved it.

    ``submit`` takes a look through the manager's own queue, so that none passes a command or waits
    in the reactor. A look that has not ended is not begun again: its items turn stale meanwhile.
    With a ``period`` of 0 no manager is looked at. ``more`` tells what is to be told beside the
    managers: an item that it tells no more is gone.
    """

    def __init__(
        self,
        stream: StateStream,
        submit: Submit,
        *,
        clock: IReactorTime,
        now: Callable[[], float],
        period: float = PERIOD,
        more: Callable[[], Iterable[Reading]] = lambda: (),
    ) -> None:
        self.stream = self._stream = stream
        self._submit = submit
        self._now = now
        self._period = period
        self._watched: dict[int, Watched] = {}
        # What moves just now, by its path: whereto, and how many commands move it.
        self._moving: dict[str, list[object]] = {}
        self._more = more
        self._told: set[str] = set()
        self._clock = clock
        # Managers that commands have moved since they were looked at.
        self._due: dict[Watched, None] = {}
        self._soon: IDelayedCall | None = None
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock

    def watch(self, managers: Mapping[str, object]) -> None:
        """Look at these, by the names that their items' paths begin with."""
        self._watched |= {id(each): Watched(name, each) for name, each in managers.items()}

    def draw(self, schematic: Schematic) -> None:
        """How the extraction line is drawn; nothing where nothing is."""
        if schematic.shapes:
            drawing = Reading("", schematic.as_json(), source=Source.MANUAL)
            self._publish("System/schematic", drawing, stale_after=0.0)

    def start(self) -> None:
        if self._period:
            self._loop.start(self._period)

    def stop(self) -> None:
        if self._loop.running:
            self._loop.stop()
        if self._soon is not None and self._soon.active():
            self._soon.cancel()

    def began(self, call: ICall) -> None:
        """A command's manager is told of it: what it moves is on its way."""
        for move in call.moves:
            path = self._path_of(move)
            item = self._stream.get(path) if path else None
            if item is not None:
                self._moving.setdefault(path, []).append(move.value)
                self._stream.publish(self._with_move(item))

    def ended(self, call: ICall, request: Mapping[str, str], reply: str, seconds: float) -> None:
        """It has its reply: what it moved is at rest, or has never moved; look in a moment."""
        for move in call.moves:
            self._rest(move)
        self._stream.happened(
            "command",
            who=request["sender"],
            type=request["type"],
            command=request["command"][:_SHOWN],
            reply=reply[:_SHOWN],
            seconds=round(seconds, 6),
        )

    def _rest(self, move: Move) -> None:
        path = self._path_of(move)
        values = self._moving.get(path)
        if values and move.value in values:
            values.remove(move.value)
            if not values:
                del self._moving[path]
        watched = self._watched.get(id(move.manager))
        if watched is not None and self._loop.running:
            # Not now: whoever waits for the reply would wait for the look, too.
            self._due[watched] = None
            if self._soon is None:
                self._soon = self._clock.callLater(SOON, self._look_where_due)

    def _look_where_due(self) -> None:
        self._soon = None
        due, self._due = self._due, {}
        for watched in due:
            self._read(watched, again=True)
        self.tell_more()

    def _look(self) -> None:
        for watched in self._watched.values():
            self._read(watched)
        self.tell_more()
        self._stream.look_for_stale()

    def tell_more(self) -> None:
        """Tell what is beside the managers, as it is now."""
        readings = list(self._more())
        for reading in readings:
            self._publish(reading.path, reading)
        paths = {reading.path for reading in readings}
        for path in self._told - paths:
            self._stream.withdraw(path)
        self._told = paths

    def _read(self, watched: Watched, *, again: bool = False) -> None:
        if not self._period:
            return
        if watched.busy:
            # What it reads just now may be from before the change.
            watched.again = watched.again or again
            return
        watched.busy = True
        call = ReadState(watched.manager)
        try:
            result = self._submit(call)
        except Exception:
            self._over(Failure(), watched, call)
            return
        if isinstance(result, Deferred):
            result.addBoth(self._over, watched, call)
        else:
            self._over(result, watched, call)

    def _over(self, result: object, watched: Watched, call: ReadState) -> None:
        watched.busy = False
        if isinstance(result, Failure):
            self._stream.invalidate(watched.name, result.getErrorMessage())
        else:
            for reading in call.readings:
                path = f"{watched.name}/{reading.path}" if reading.path else watched.name
                self._publish(path, reading)
        if watched.again:
            watched.again = False
            self._read(watched)

    def _publish(self, path: str, reading: Reading, stale_after: float | None = None) -> None:
        now = self._now()
        before = self._stream.get(path)
        item = self._with_move(
            Item(
                path=path,
                value=reading.value,
                unit=reading.unit,
                severity=reading.severity,
                reason=reading.reason,
                source=reading.source,
                obtained=now,
                confirmed=now,
                stale_after=self._period * _STALE if stale_after is None else stale_after,
                details=dict(reading.details),
            )
        )
        if before is not None and before.says_the_same(item):
            item = replace(item, obtained=before.obtained)
        self._stream.publish(item)

    def _with_move(self, item: Item) -> Item:
        """As it is seen where a command moves it, or has left it other than it was told."""
        values = self._moving.get(item.path)
        target = item.details.get("target")
        if values:
            target = target if values[-1] is None else values[-1]
            return replace(item, details={**item.details, "target": target, "moving": True})
        if "target" not in item.details:
            return item
        item = replace(item, details={**item.details, "moving": False})
        if target != item.value and item.severity is Severity.OK:
            reason = f"it was told {_position(target)}, and says {_position(item.value)}"
            return replace(item, severity=Severity.MAJOR, reason=reason)
        return item

    def _path_of(self, move: Move) -> str:
        """The path of the item that shows a part; empty where none does."""
        watched = self._watched.get(id(move.manager))
        if watched is None:
            return ""
        name, target = watched.name, move.target
        for path in (f"{name}/valve/{target}", f"{name}/{target}") if target else (name,):
            if self._stream.get(path) is not None:
                return path
        return ""


def _position(value: object) -> object:
    return {True: "open", False: "closed"}.get(value, value) if isinstance(value, bool) else value
