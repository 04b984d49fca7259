"""What holds after each history, whatever happened: counted at the hardware.

A processor that stands still between the fence and its driver goes on there, which no program can
prevent; in the model it never stands still just there. Whoever deletes the log of a set while one
of its processors cannot read it, deletes what that one must know: what was asked before is excused.
So is what a processor runs again that was started after the log had been deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from tests.faults.model.bench import Script
from tests.faults.model.keeping import code_of, keep
from tests.faults.takeovers.histories import History
from tests.faults.takeovers.world import NOT_BEGUN, Unit, Wish

#: Seconds until another owner must be there when nothing goes wrong any more.
_TAKEOVER = 20.0


class Obeyed(Protocol):
    """That the hardware was told of a command."""

    @property
    def number(self) -> str: ...

    @property
    def process(self) -> Any: ...

    @property
    def at(self) -> float: ...


class Witness(Protocol):
    """The hardware: what it was told, in order, and how often it has done each."""

    @property
    def told(self) -> Sequence[Obeyed]: ...

    @property
    def actuated(self) -> Mapping[str, int]: ...


class Judged(Protocol):
    """A world after its history, in memory or of real processes."""

    log_lost_at: float
    log_deletions: list[float]
    units: list[Unit]

    @property
    def laboratory(self) -> Witness: ...

    @property
    def servers(self) -> Sequence[object]: ...

    @property
    def started(self) -> Mapping[Any, float]: ...

    @property
    def takeovers(self) -> Sequence[object]: ...

    @property
    def rivals(self) -> Sequence[object]: ...

    @property
    def trespasses(self) -> Sequence[object]: ...

    def ask(self, server: int, wish: Wish) -> None: ...

    def await_replies(self, seconds: float) -> None: ...

    def settle(self) -> None: ...


AnyWorld = TypeVar("AnyWorld", bound=Judged)


def live_through(history: History, world: AnyWorld) -> AnyWorld:
    """The world after it. Raises Broken, also in its middle."""
    keep("somebody owns the hardware", world.takeovers)
    for step in history:
        step.happen(world)
    world.settle()
    check(world)
    return world


def check(world: Judged) -> None:
    keep("one owner at a time", not world.rivals, world.rivals)
    keep("only the owner acts", not world.trespasses, world.trespasses)
    for unit in world.units:
        _answered(unit)
        _once(world, unit)
        _in_time(world, unit)
        _true(world, unit)
    _goes_on(world)


def _answered(unit: Unit) -> None:
    keep("a reply for every command", len(unit.replies) == len(unit.asks), unit)


def _once(world: Judged, unit: Unit) -> None:
    if unit.wish.word != "Calm" and unit.asks[0].at > world.log_lost_at:
        once = world.laboratory.actuated.get(unit.number, 0) <= 1
        keep("at most once", once or _cannot_know(world, unit), unit)


def _cannot_know(world: Judged, unit: Unit) -> bool:
    """Whether it was run again by one that was started when the log had been deleted."""
    told = [each for each in world.laboratory.told if each.number == unit.number]
    return any(
        unit.asks[0].at <= deleted < world.started[again.process]
        for deleted in world.log_deletions
        for again in told[1:]
    )


def _in_time(world: Judged, unit: Unit) -> None:
    """Begun while somebody wanted it; what makes safe is never too late."""
    if unit.wish.word == "Calm":
        return
    for told in world.laboratory.told:
        if told.number == unit.number:
            wanted = any(each.at <= told.at <= each.until for each in unit.asks)
            keep("in time or not at all", wanted, unit, told.at)


def _true(world: Judged, unit: Unit) -> None:
    codes = [code_of(each) for each in unit.replies]
    done = world.laboratory.actuated.get(unit.number, 0)
    if None in codes:
        keep("OK is true", done, unit)
    # What makes safe may be done and yet be refused, since it is not known to have the last word.
    if unit.wish.word != "Calm" and all(code in NOT_BEGUN for code in codes):
        keep("what is refused was not begun", not done, unit)


def _goes_on(world: Judged) -> None:
    """When all is well again, each server leads to an owner, and each owner obeys."""
    for server in range(len(world.servers)):
        world.ask(server, Wish("Count", "a", Script(), None, key=False))
        world.await_replies(_TAKEOVER)
        unit = world.units[-1]
        keep("it goes on", unit.replies and code_of(unit.replies[-1]) is None, unit)
