"""The sections ``[[device]]`` of a laboratory's configuration."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import Table
from pychron_comms.interfaces import IDevice
from pychron_comms.lab.simulated.devices import (
    SimulatedChiller,
    SimulatedDevice,
    SimulatedGaugeController,
    SimulatedPneumatics,
)
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.lab.simulated.flags import Flag, TimedFlag


class _Surroundings(NamedTuple):
    clock: IReactorTime
    vacuum: Vacuum
    source: random.Random
    now: Callable[[], float]


def devices_from_config(
    table: Table,
    clock: IReactorTime,
    vacuum: Vacuum,
    source: Callable[[str], random.Random],
    now: Callable[[], float],
) -> dict[str, IDevice]:
    """Every device by its name. ``source`` gives a part its own random numbers, ``now`` the
    time of day.

    Raises ConfigError.
    """
    devices: dict[str, IDevice] = {}
    for below in table.tables("device"):
        name = below.text("name")
        if not name or name in devices:
            raise below.error("name", "a name that no other device has")
        build = _KINDS[below.choice("kind", tuple(_KINDS))]
        devices[name] = build(below, name, _Surroundings(clock, vacuum, source(name), now))
    return devices


def _number(table: Table, name: str, around: _Surroundings) -> SimulatedDevice:
    minimum = table.number("minimum", None)
    maximum = table.number("maximum", None)
    return SimulatedDevice(
        name,
        table.number("value", minimum=minimum, maximum=maximum),
        minimum=minimum,
        maximum=maximum,
        read_only=table.flag("read_only", False),
    )


def _text(table: Table, name: str, around: _Surroundings) -> SimulatedDevice:
    return SimulatedDevice(name, table.text("value"), read_only=table.flag("read_only", False))


def _gauges(table: Table, name: str, around: _Surroundings) -> SimulatedGaugeController:
    below = table.table("gauges")
    gauges = {gauge: below.choice(gauge, around.vacuum.volumes) for gauge in below}
    if not gauges:
        raise table.error("gauges", "a volume for each gauge, at least one")
    noise = table.number("noise", 0.01, minimum=0, maximum=1)
    return SimulatedGaugeController(name, around.vacuum, gauges, noise, around.source)


def _chiller(table: Table, name: str, around: _Surroundings) -> SimulatedChiller:
    setpoint = table.number(
        "setpoint", minimum=SimulatedChiller.MINIMUM, maximum=SimulatedChiller.MAXIMUM
    )
    return SimulatedChiller(name, setpoint, table.texts("faults", []), around.source)


def _pneumatics(table: Table, name: str, around: _Surroundings) -> SimulatedPneumatics:
    return SimulatedPneumatics(name, table.number("pressure", minimum=0), around.source)


def _flag(table: Table, name: str, around: _Surroundings) -> Flag:
    return Flag(name, around.now)


def _timed_flag(table: Table, name: str, around: _Surroundings) -> TimedFlag:
    return TimedFlag(name, around.clock, around.now)


_KINDS: Mapping[str, Callable[[Table, str, _Surroundings], IDevice]] = {
    "number": _number,
    "text": _text,
    "gauges": _gauges,
    "chiller": _chiller,
    "pneumatics": _pneumatics,
    "flag": _flag,
    "timed_flag": _timed_flag,
}
