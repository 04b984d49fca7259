"""Lasers as a configuration describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import Table
from pychron_comms.lab.simulated.laser.camera import Camera
from pychron_comms.lab.simulated.laser.curve import Points
from pychron_comms.lab.simulated.laser.grains import GrainPolygons
from pychron_comms.lab.simulated.laser.holder import Holes, holes_in_rows
from pychron_comms.lab.simulated.laser.laser import LaserParts, SimulatedLaser
from pychron_comms.lab.simulated.laser.motion import Motion, Travel
from pychron_comms.lab.simulated.laser.motors import Motor, Motors
from pychron_comms.lab.simulated.laser.output import Faults, LaserOutput
from pychron_comms.lab.simulated.laser.patterns import Patterns
from pychron_comms.lab.simulated.laser.pyrometer import Pyrometer
from pychron_comms.lab.simulated.laser.stage import Place, Stage, StageMap
from pychron_comms.lab.simulated.laser.uv_laser import SimulatedUVLaser

_KINDS = ("laser", "uv")
_SLOWEST = 1e-6


def laser_from_config(
    name: str, table: Table, clock: IReactorTime, random: Random
) -> SimulatedLaser:
    """The laser that ``table`` describes. Raises ConfigError for what is wrong in it."""
    kind = table.choice("kind", _KINDS, "laser")
    parts = LaserParts(
        output=_output(table, clock, random),
        stage=_stage(table, clock),
        motors=_motors(table, clock),
        patterns=Patterns(clock, _durations(table.table("patterns"))),
        camera=_camera(table.table("camera"), name),
        grains=GrainPolygons(clock, random),
        prepare_seconds=table.number("prepare", 2.0, minimum=0),
    )
    if kind == "laser":
        return SimulatedLaser(name, clock, parts)
    return SimulatedUVLaser(
        name,
        clock,
        parts,
        nburst=table.integer("nburst", 1, minimum=1),
        reprate=table.number("reprate", 10.0, minimum=_SLOWEST, maximum=300),
    )


def _output(table: Table, clock: IReactorTime, random: Random) -> LaserOutput:
    interlocks = table.table("interlocks")
    return LaserOutput(
        random,
        _pyrometer(table.table("pyrometer"), clock, random),
        curve_from_config(table.table("power_curve")),
        {name: interlocks.flag(name) for name in interlocks},
        _faults(table.table("faults")),
    )


def _pyrometer(table: Table, clock: IReactorTime, random: Random) -> Pyrometer:
    return Pyrometer(
        clock,
        random,
        ambient=table.number("ambient", 25.0),
        degrees_per_watt=table.number("degrees_per_watt", 60.0, minimum=_SLOWEST),
        time_constant=table.number("time_constant", 2.0, minimum=_SLOWEST),
        noise=table.number("noise", 0.1, minimum=0),
    )


def curve_from_config(table: Table) -> Points:
    """Watts by percent. Raises ConfigError."""
    percent = table.numbers("percent", [0.0, 100.0])
    watts = table.numbers("watts", [0.0, 20.0])
    if not _ascending(percent) or (percent[0], percent[-1]) != (0, 100):
        raise table.error("percent", "ascending numbers from 0 to 100")
    if not _ascending(watts) or watts[0] != 0 or len(watts) != len(percent):
        raise table.error("watts", f"{len(percent)} ascending numbers from 0, one for each percent")
    return list(zip(percent, watts, strict=True))


def _faults(table: Table) -> Faults:
    return Faults(
        logic_board=table.flag("logic_board", True),
        shutter=table.flag("shutter", True),
        emergency=table.text("emergency", ""),
        setpoint=table.flag("setpoint", True),
    )


def _stage(table: Table, clock: IReactorTime) -> Stage:
    stage = table.table("stage")
    travels = {
        "x": _travel(stage, "x", [-25.0, 25.0]),
        "y": _travel(stage, "y", [-25.0, 25.0]),
        "z": _travel(stage, "z", [-10.0, 10.0]),
    }
    places = StageMap(
        holders={
            name: holes_from_config(below) for name, below in table.named_tables("holders").items()
        },
        positions=places_from_config(table.table("positions")),
        points=places_from_config(table.table("points")),
        paths=_paths(table.table("paths")),
    )
    if not places.holders:
        raise table.error("holders", "a table for each sample holder")
    holders = list(places.holders)
    holder = table.choice("holder", holders, holders[0])
    axes = {axis: Motion(axis, clock, travel) for axis, travel in travels.items()}
    return Stage(clock, axes, places, holder, stage.number("autocenter", 1.0, minimum=0))


def _travel(table: Table, axis: str, default: Sequence[float]) -> Travel:
    ends = table.numbers(axis, default)
    if len(ends) != 2 or not ends[0] <= 0 <= ends[1] or ends[0] == ends[1]:
        raise table.error(axis, "the two ends of its travel in mm, with 0 between them")
    speed = table.number("speed", 10.0, minimum=_SLOWEST)
    return Travel(minimum=ends[0], maximum=ends[1], speed=speed)


def holes_from_config(table: Table) -> Holes:
    """A sample holder. Raises ConfigError."""
    pitch = table.number("pitch", minimum=_SLOWEST)
    rows = table.numbers("rows")
    if not rows or not all(isinstance(count, int) and count > 0 for count in rows):
        raise table.error("rows", "the number of holes in each row")
    return holes_in_rows([int(count) for count in rows], pitch)


def places_from_config(table: Table) -> Mapping[str, Place]:
    """Places by name, in mm. Raises ConfigError."""
    places = {name: table.numbers(name) for name in table}
    for name, place in places.items():
        if len(place) not in (2, 3):
            raise table.error(name, "x and y, and perhaps z, in mm")
    return places


def _paths(table: Table) -> Mapping[str, Sequence[tuple[float, float]]]:
    paths = {}
    for name in table:
        numbers = table.numbers(name)
        if not numbers or len(numbers) % 2:
            raise table.error(name, "x1, y1, x2, y2 and so on in mm")
        paths[name] = list(zip(numbers[::2], numbers[1::2], strict=True))
    return paths


def _motors(table: Table, clock: IReactorTime) -> Motors:
    motors = table.named_tables("motors")
    return Motors({name: _motor(name, below, clock) for name, below in motors.items()})


def _motor(name: str, table: Table, clock: IReactorTime) -> Motor:
    minimum = table.number("minimum", 0.0)
    maximum = table.number("maximum", 100.0, minimum=minimum)
    travel = Travel(
        minimum=minimum,
        maximum=maximum,
        speed=table.number("speed", 50.0, minimum=_SLOWEST),
    )
    position = table.number("position", minimum, minimum=minimum, maximum=maximum)
    return Motor(motion=Motion(name, clock, travel, position), locked=table.flag("locked", False))


def _durations(table: Table) -> Mapping[str, float]:
    return {name: table.number(name, minimum=0) for name in table}


def _camera(table: Table, name: str) -> Camera:
    return Camera(
        table.text("local", f"snapshots/{name}"), table.text("shared", f"smb://lab/{name}")
    )


def _ascending(numbers: Sequence[float]) -> bool:
    return bool(numbers) and all(a < b for a, b in pairwise(numbers))
