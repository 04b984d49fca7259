"""The sections ``[[device]]`` of a laboratory's configuration."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import Table
from pychron_comms.interfaces import IDevice
from pychron_comms.lab.bind import Bind
from pychron_comms.lab.simulated.devices import (
    SimulatedChiller,
    SimulatedDevice,
    SimulatedGaugeController,
    SimulatedPneumatics,
)
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.lab.simulated.flags import Flag, TimedFlag


class Surroundings(NamedTuple):
    """What devices are made of: ``source`` gives a part its own random numbers, ``now`` the time
    of day; ``bind`` finds what a real one is bound to."""

    clock: IReactorTime
    vacuum: Vacuum
    source: Callable[[str], random.Random]
    now: Callable[[], float]
    bind: Bind


def devices_from_config(table: Table, around: Surroundings) -> dict[str, IDevice]:
    """Every device by its name. Raises ConfigError."""
    devices: dict[str, IDevice] = {}
    for below in table.tables("device"):
        name = below.text("name")
        if not name or name in devices:
            raise below.error("name", "a name that no other device has")
        build = _KINDS[below.choice("kind", tuple(_KINDS))]
        devices[name] = build(below, name, around)
    return devices


def _number(table: Table, name: str, around: Surroundings) -> SimulatedDevice:
    minimum = table.number("minimum", None)
    maximum = table.number("maximum", None)
    return SimulatedDevice(
        name,
        table.number("value", minimum=minimum, maximum=maximum),
        minimum=minimum,
        maximum=maximum,
        read_only=table.flag("read_only", False),
    )


def _text(table: Table, name: str, around: Surroundings) -> SimulatedDevice:
    return SimulatedDevice(name, table.text("value"), read_only=table.flag("read_only", False))


def _gauges(table: Table, name: str, around: Surroundings) -> IDevice:
    below = table.table("gauges")
    if _is_bound(below):
        from pychron_comms.lab.bound.devices import bound_gauges  # noqa: PLC0415

        return bound_gauges(below, name, around.bind)
    gauges = {gauge: below.choice(gauge, around.vacuum.volumes) for gauge in below}
    if not gauges:
        raise table.error("gauges", "a volume for each gauge, at least one")
    noise = table.number("noise", 0.01, minimum=0, maximum=1)
    return SimulatedGaugeController(name, around.vacuum, gauges, noise, around.source(name))


def _is_bound(gauges: Table) -> bool:
    """Whether these are real: an item has a point in its name, and a volume none."""
    return any("." in gauges.text(gauge) for gauge in gauges)


def _instrument(table: Table, name: str, around: Surroundings) -> IDevice:
    from pychron_comms.lab.bound.devices import bound_device  # noqa: PLC0415

    return bound_device(table, name, around.bind)


def _chiller(table: Table, name: str, around: Surroundings) -> SimulatedChiller:
    setpoint = table.number(
        "setpoint", minimum=SimulatedChiller.MINIMUM, maximum=SimulatedChiller.MAXIMUM
    )
    return SimulatedChiller(name, setpoint, table.texts("faults", []), around.source(name))


def _pneumatics(table: Table, name: str, around: Surroundings) -> SimulatedPneumatics:
    return SimulatedPneumatics(name, table.number("pressure", minimum=0), around.source(name))


def _flag(table: Table, name: str, around: Surroundings) -> Flag:
    return Flag(name, around.now)


def _timed_flag(table: Table, name: str, around: Surroundings) -> TimedFlag:
    return TimedFlag(name, around.clock, around.now)


_KINDS: Mapping[str, Callable[[Table, str, Surroundings], IDevice]] = {
    "number": _number,
    "text": _text,
    "gauges": _gauges,
    "chiller": _chiller,
    "pneumatics": _pneumatics,
    "flag": _flag,
    "timed_flag": _timed_flag,
    "instrument": _instrument,
}
