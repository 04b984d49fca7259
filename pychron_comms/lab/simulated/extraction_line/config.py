"""The section ``[extraction_line]`` of a laboratory's configuration."""

from __future__ import annotations

import re
from collections.abc import Collection

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import Table
from pychron_comms.lab.bind import Bind, nothing_to_bind
from pychron_comms.lab.simulated.extraction_line.line import SimulatedExtractionLine, ValveSpec
from pychron_comms.lab.simulated.extraction_line.vacuum import Pump, Vacuum, Volume

#: A valve must have moved well before a client's second look, or its second copy of the command.
TRAVEL_LIMIT = 0.3

# Clients take apart lists such as A0,B1 and <AB>,C; a name ending in Flag is a flag's.
_VALVE_NAME = re.compile(r"(?!\w*Flag$)[A-Za-z0-9_]+")

_POSITIONS = {"closed": False, "open": True}


def extraction_line_from_config(
    table: Table, clock: IReactorTime, bind: Bind = nothing_to_bind
) -> tuple[SimulatedExtractionLine, Vacuum]:
    """The line, and the vacuum that its valves let gas through. Raises ConfigError.

    ``bind`` finds what moves a valve that is real.
    """
    volumes = _volumes(table)
    specs = _valves(table, volumes, bind)
    vacuum = Vacuum(
        clock,
        volumes.values(),
        {spec.name: spec.joins for spec in specs.values() if spec.joins},
    )
    line = SimulatedExtractionLine(
        clock,
        specs.values(),
        vacuum,
        pipettes=_pipettes(table, specs),
        groups=_groups(table, specs),
    )
    return line, vacuum


def _volumes(table: Table) -> dict[str, Volume]:
    volumes: dict[str, Volume] = {}
    for below in table.tables("volume"):
        name = _new_name(below, volumes)
        litres = below.number("litres", minimum=1e-6)
        pressure = below.number("pressure", minimum=0)
        outgassing = below.number("outgassing", 1e-9, minimum=0)
        volumes[name] = Volume(name, litres, pressure, _pump(below), outgassing)
    return volumes


def _pump(volume: Table) -> Pump | None:
    if "pump" not in volume:
        return None
    table = volume.table("pump")
    return Pump(
        base=table.number("base", minimum=0),
        time_constant=table.number("time_constant", minimum=0.001),
    )


def _valves(table: Table, volumes: Collection[str], bind: Bind) -> dict[str, ValveSpec]:
    specs: dict[str, ValveSpec] = {}
    tables = table.tables("valve")
    for below in tables:
        name = _new_name(below, specs)
        if not _VALVE_NAME.fullmatch(name):
            raise below.error("name", "letters, digits and _, not ending in Flag")
        specs[name] = _valve(below, name, volumes, bind)
    for below, spec in zip(tables, specs.values(), strict=True):
        _check_interlocks(below, spec, specs)
    return specs


def _valve(table: Table, name: str, volumes: Collection[str], bind: Bind) -> ValveSpec:
    if "instrument" in table:
        return ValveSpec(
            name=name,
            joins=_joins(table, volumes),
            locked=table.flag("locked", False),
            owner=table.text("owner", ""),
            interlocks=tuple(table.texts("interlocks", [])),
            safe=_POSITIONS.get(table.choice("safe", tuple(_POSITIONS), "")),
            item=bind(table, "instrument", ("valve",)),
        )
    travel = table.number("travel", 0.15, minimum=0)
    if travel >= TRAVEL_LIMIT:
        raise table.error("travel", f"less than {TRAVEL_LIMIT} s")
    return ValveSpec(
        name=name,
        joins=_joins(table, volumes),
        travel=travel,
        open=table.flag("open", False),
        locked=table.flag("locked", False),
        owner=table.text("owner", ""),
        stuck=table.flag("stuck", False),
        interlocks=tuple(table.texts("interlocks", [])),
        safe=_POSITIONS.get(table.choice("safe", tuple(_POSITIONS), "")),
    )


def _joins(table: Table, volumes: Collection[str]) -> tuple[str, str] | None:
    match table.texts("joins", []):
        case []:
            return None
        case [first, second] if first != second and {first, second}.issubset(volumes):
            return first, second
    raise table.error("joins", f"two of the volumes {_listed(volumes)}", volumes)


def _check_interlocks(table: Table, spec: ValveSpec, specs: dict[str, ValveSpec]) -> None:
    for other in spec.interlocks:
        if other == spec.name or other not in specs:
            raise table.error("interlocks", f"other valves, of {_listed(specs)}", specs)
        if spec.open and specs[other].open:
            raise table.error("open", f"false, since its interlock {other} is open too")


def _pipettes(table: Table, valves: Collection[str]) -> dict[str, str]:
    pipettes: dict[str, str] = {}
    for below in table.tables("pipette"):
        name = _new_name(below, pipettes)
        pipettes[name] = below.choice("valve", sorted(valves))
    return pipettes


def _groups(table: Table, valves: Collection[str]) -> dict[str, list[str]]:
    below = table.table("groups")
    groups = {name: below.texts(name) for name in below}
    for name, members in groups.items():
        if not set(members).issubset(valves):
            raise below.error(name, f"valves, of {_listed(valves)}", valves)
    return groups


def _new_name(table: Table, taken: Collection[str]) -> str:
    name = table.text("name")
    if not name or name in taken:
        raise table.error("name", "a name that no other has")
    return name


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "which there are none"
