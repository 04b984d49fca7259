"""A simulated extraction line: who may move which valve, and what follows when one has moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import (
    InvalidArgumentsError,
    InvalidValveError,
    InvalidValveGroupError,
    OwnedError,
    ValveActuationError,
    ValveSoftwareLockError,
)
from pychron_comms.interfaces import (
    IExtractionLineManager,
    IForetells,
    IForetellsMoves,
    IKnowsInterlocks,
    IKnowsProof,
    IMakesSafe,
    IReactorManager,
    IShowsState,
    ITellsSomeValves,
    PipetteCount,
    Reading,
    Source,
    ValveStatus,
)
from pychron_comms.interfaces.later import Later
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.lab.simulated.extraction_line.valve import SimulatedValve

if TYPE_CHECKING:
    # Where none is bound, nothing of instruments is imported.
    from pychron_comms.instruments.bound_item import BoundItem
    from pychron_comms.instruments.valve import InstrumentValve


@dataclass(frozen=True, kw_only=True)
class ValveSpec:
    """What the configuration says of a valve; ``interlocks`` must be closed for it to open.

    ``travel`` is in seconds. ``open`` is how it stands at first; ``safe``, where it is declared,
    how it shall stand when its owner is gone, True for open.
    """

    name: str
    joins: tuple[str, str] | None = None
    travel: float = 0.15
    open: bool = False
    locked: bool = False
    owner: str = ""
    stuck: bool = False
    interlocks: tuple[str, ...] = ()
    safe: bool | None = None
    #: What moves it, where it is real.
    item: BoundItem | None = None


class Valve(Protocol):
    """A valve, simulated or real. ``state`` and ``closed`` are what is known of it; None and False
    where nothing is."""

    name: str

    @property
    def state(self) -> bool | None:
        """Whether it is open."""

    @property
    def proof(self) -> Source:
        """How it is known where it is."""

    @property
    def indicator(self) -> bool:
        """Whether it is known to be open."""

    @property
    def closed(self) -> bool:
        """Whether it surely is."""

    def open(self) -> Deferred[None] | None:
        """None where it is open, else a Deferred that fires when it has moved. Errors: 015."""

    def close(self) -> Deferred[None] | None:
        """As ``open``."""

    def ask_commanded(self) -> Later[bool]:
        """Whether it was last told to open."""

    def ask_indicator(self) -> Later[bool]:
        """Whether it says that it is open."""


@implementer(
    IExtractionLineManager,
    IForetells,
    IForetellsMoves,
    IKnowsInterlocks,
    IKnowsProof,
    IReactorManager,
    IMakesSafe,
    IShowsState,
    ITellsSomeValves,
)
class SimulatedExtractionLine:
    """Valves by name, pipettes by the valve that lets their shots out, groups of valves."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        valves: Iterable[ValveSpec],
        vacuum: Vacuum,
        *,
        pipettes: Mapping[str, str] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._specs = {spec.name: spec for spec in valves}
        self._bound: dict[str, InstrumentValve] = {}
        self._valves = {spec.name: self._valve(clock, spec) for spec in self._specs.values()}
        self._owners = {spec.name: spec.owner for spec in self._specs.values()}
        self._vacuum = vacuum
        self._pipettes = dict(pipettes or {})
        self._shots = dict.fromkeys(self._pipettes, 0)
        self._groups = dict(groups or {})
        #: Those that have opened and not closed again.
        self._opened = {valve.name for valve in self._valves.values() if valve.indicator}
        for valve in self._valves.values():
            vacuum.set_open(valve.name, valve.indicator)

    def valves(self) -> list[ValveStatus]:
        return self.some_valves(self._valves)

    def some_valves(self, names: Iterable[str]) -> list[ValveStatus]:
        valves, specs, owners = self._valves, self._specs, self._owners
        return [
            ValveStatus(name, valves[name].state, specs[name].locked, owners[name])
            for name in names
            if name in valves
        ]

    @property
    def valve_names(self) -> list[str]:
        return list(self._valves)

    def has_valve(self, name: str) -> bool:
        return name in self._valves

    def open_valve(self, name: str, sender: str) -> Deferred[None] | None:
        """Open; None where it is open, else a Deferred that fires when the valve has moved.

        Who cancels that Deferred no longer waits; the valve moves on to its end. An opening that a
        close supersedes fails with 015, and so does one of a valve that closes just now.
        """
        valve = self._movable(name, sender)
        self._check_hindered(valve)
        return valve.open()

    def close_valve(self, name: str, sender: str) -> Deferred[None] | None:
        """As ``open_valve``; no interlock hinders it, and it turns an opening valve back."""
        return self._movable(name, sender).close()

    async def make_safe(self, target: str) -> None:
        """Bring a valve to its safe position, closed where none is declared, and wait for it.

        Of the whole line: each valve that declares one. Owners hinder none of it, and interlocks no
        closing; a software-locked valve stays. Errors, when the others have moved: 005, 015.
        """
        declared = {name for name, spec in self._specs.items() if spec.safe is not None}
        names = {target} if target else declared
        opening = {name for name in names & declared if self._specs[name].safe}
        failures = []
        # What closes may be an interlock of what opens.
        for some, opens in ((names - opening, False), (opening, True)):
            moves: list[Deferred[object]] = [
                maybeDeferred(self._move_to_safety, name, opens) for name in sorted(some)
            ]
            ends = await DeferredList(moves, consumeErrors=True)
            failures += [end for moved, end in ends if not moved and isinstance(end, Failure)]
        if failures:
            failures[0].raiseException()

    def get_valve_state(self, name: str) -> Later[bool]:
        return self._named(name).ask_commanded()

    def get_indicator_state(self, name: str) -> Later[bool]:
        return self._named(name).ask_indicator()

    def proofs(self) -> dict[str, Source]:
        return {name: valve.proof for name, valve in self._valves.items()}

    def readings(self) -> list[Reading]:
        """Of the real valves: their state may be unknown, and is proven in its own way."""
        return [
            valve.reading(self._owners[name], locked=self._specs[name].locked)
            for name, valve in self._bound.items()
        ]

    def get_software_lock(self, name: str) -> bool:
        self._named(name)
        return self._specs[name].locked

    def get_manual_state(self, name: str) -> bool:
        return self.get_software_lock(name)

    def get_pipette_count(self, name: str) -> int:
        if name not in self._shots:
            near = did_you_mean(name, self._shots) or "; GetPipetteCounts lists them"
            raise InvalidArgumentsError("GetPipetteCount", f"{name} (no such pipette{near})")
        return self._shots[name]

    def get_pipette_counts(self) -> list[PipetteCount]:
        return [PipetteCount(name, shots) for name, shots in self._shots.items()]

    def foretell(self, method: str, *arguments: object) -> None:
        """Knows its groups."""
        if method in {"claim_group", "release_group"} and arguments[0] not in self._groups:
            raise self._no_group(str(arguments[0]))

    def foretell_move(self, target: str, value: object, sender: str) -> None:
        """Knows locks, owners, and what keeps a valve from opening."""
        valve = self._movable(target, sender)
        if value:
            self._check_hindered(valve)

    def claim_group(self, group: str, sender: str) -> None:
        """All of its valves or, where another owns one, none."""
        for name in self._claimable(group, sender):
            self._owners[name] = sender

    def release_group(self, group: str, sender: str) -> None:
        for name in self._claimable(group, sender):
            self._owners[name] = ""

    def hindering(self, name: str) -> list[str]:
        self._named(name)
        others = self._specs[name].interlocks
        return [other for other in others if not self._valves[other].closed]

    def _valve(self, clock: IReactorTime, spec: ValveSpec) -> Valve:
        if spec.item is not None:
            from pychron_comms.instruments.valve import InstrumentValve  # noqa: PLC0415

            self._bound[spec.name] = InstrumentValve(spec.name, spec.item, self._moved)
            return self._bound[spec.name]
        return SimulatedValve(
            clock,
            spec.name,
            self._moved,
            travel=spec.travel,
            is_open=spec.open,
            stuck=spec.stuck,
        )

    def _named(self, name: str) -> Valve:
        valve = self._valves.get(name)
        if valve is None:
            near = did_you_mean(name, self._valves) or "; GetValveStates lists them"
            raise InvalidValveError(name, near)
        return valve

    def _check_hindered(self, valve: Valve) -> None:
        # Only one that is open is moved by nothing: where that is not known, it may be closed.
        may_move = self._specs[valve.name].interlocks and valve.state is not True
        if may_move and self.hindering(valve.name):
            raise ValveActuationError(valve.name, "open")

    def _move_to_safety(self, name: str, opens: bool) -> Deferred[None] | None:
        valve = self._named(name)
        if self._specs[name].locked:
            self._log.warn("valve {name} is software locked, and stays as it is", name=name)
            return None
        if not opens:
            return valve.close()
        self._check_hindered(valve)
        return valve.open()

    def _movable(self, name: str, sender: str) -> Valve:
        """The valve, where ``sender`` may move it; errors 005, 014, 204, in this order."""
        valve = self._named(name)
        if self._specs[name].locked:
            raise ValveSoftwareLockError(name)
        self._check_owner(name, sender)
        return valve

    def _check_owner(self, name: str, sender: str) -> None:
        owner = self._owners[name]
        if owner not in {"", sender}:
            raise OwnedError(name, owner)

    def _claimable(self, group: str, sender: str) -> Sequence[str]:
        names = self._groups.get(group)
        if names is None:
            raise self._no_group(group)
        for name in names:
            self._check_owner(name, sender)
        return names

    def _no_group(self, group: str) -> InvalidValveGroupError:
        return InvalidValveGroupError(f"{group}{did_you_mean(group, self._groups)}")

    def _moved(self, valve: Valve) -> None:
        self._vacuum.set_open(valve.name, valve.indicator)
        if valve.indicator:
            self._opened.add(valve.name)
        elif valve.name in self._opened:
            # A real one is told to close again where it is closed.
            self._opened.remove(valve.name)
            for pipette, outlet in self._pipettes.items():
                if outlet == valve.name:
                    self._shots[pipette] += 1
