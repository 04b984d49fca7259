"""Volumes, pumps and the pressures that follow from which valves stand open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime


@dataclass(frozen=True)
class Pump:
    """Draws its volume towards ``base`` mbar; alone with it, by 63 % in ``time_constant`` s."""

    base: float
    time_constant: float


@dataclass
class Volume:
    """``litres`` of gas at ``pressure`` mbar, whose walls give off ``outgassing`` mbar l/s."""

    name: str
    litres: float
    pressure: float
    pump: Pump | None = None
    outgassing: float = 1e-9

    @property
    def pumping_speed(self) -> float:
        """In litres per second, 0 without a pump."""
        return self.litres / self.pump.time_constant if self.pump else 0.0


class Vacuum:
    """Volumes that valves join, worked out for the present whenever somebody looks.

    ``joins`` says which two volumes each valve joins. All valves begin closed.
    """

    def __init__(
        self,
        clock: IReactorTime,
        volumes: Iterable[Volume],
        joins: Mapping[str, tuple[str, str]],
    ) -> None:
        self._clock = clock
        self._volumes = {volume.name: volume for volume in volumes}
        self._joins = joins
        self._open: set[str] = set()
        self._groups = self._connected()
        self._updated = clock.seconds()

    @property
    def volumes(self) -> list[str]:
        """Their names."""
        return list(self._volumes)

    def pressure(self, volume: str) -> float:
        """Of that volume now, in mbar; KeyError for one that there is not."""
        self._advance()
        return self._volumes[volume].pressure

    def set_open(self, valve: str, is_open: bool) -> None:
        """Let gas through a valve from now on, or no longer; nothing for one that joins none."""
        if valve not in self._joins:
            return
        self._advance()
        if is_open:
            self._open.add(valve)
        else:
            self._open.discard(valve)
        self._groups = self._connected()
        for group in self._groups:
            _equalise(group)

    def _advance(self) -> None:
        now = self._clock.seconds()
        elapsed, self._updated = now - self._updated, now
        for group in self._groups:
            _pump_down(group, max(0.0, elapsed))  # a computer's clock may be set back

    def _connected(self) -> list[list[Volume]]:
        """The volumes, in groups between which no valve stands open."""
        group_of = {name: [volume] for name, volume in self._volumes.items()}
        for valve in sorted(self._open):
            first, second = (group_of[name] for name in self._joins[valve])
            if first is not second:
                first.extend(second)
                group_of.update((volume.name, first) for volume in second)
        return list({id(group): group for group in group_of.values()}.values())


def _equalise(group: list[Volume]) -> None:
    litres = sum(volume.litres for volume in group)
    pressure = sum(volume.pressure * volume.litres for volume in group) / litres
    for volume in group:
        volume.pressure = pressure


def _pump_down(group: list[Volume], seconds: float) -> None:
    """Solve V dP/dt = Q - sum of S (P - base), over a time in which no valve moved."""
    litres = sum(volume.litres for volume in group)
    gas = sum(volume.outgassing for volume in group)
    speed = sum(volume.pumping_speed for volume in group)
    pressure = group[0].pressure
    if speed:
        drawn = sum(volume.pumping_speed * volume.pump.base for volume in group if volume.pump)
        end = (gas + drawn) / speed
        pressure = end + (pressure - end) * math.exp(-seconds * speed / litres)
    else:
        pressure += gas * seconds / litres
    for volume in group:
        volume.pressure = pressure
