"""The tables ``[[schematic.shape]]`` and ``[[schematic.connection]]`` of a laboratory."""

from __future__ import annotations

from pychron_comms.config.table import Table
from pychron_comms.lab.schematic.layout import laid_out
from pychron_comms.lab.schematic.model import (
    VALVE_KINDS,
    VOLUME_KINDS,
    Connection,
    Schematic,
    Shape,
)

_KINDS = (*VOLUME_KINDS, *VALVE_KINDS)


def schematic_from_config(table: Table) -> Schematic:
    """From the whole of a configuration: what it draws by hand, or else what is laid out from its
    volumes and valves. Raises ConfigError."""
    section = table.table("schematic")
    shapes = {shape.name: shape for shape in map(_shape, section.tables("shape"))}
    connections = [_connection(each, shapes) for each in section.tables("connection")]
    if shapes:
        return Schematic(shapes=list(shapes.values()), connections=connections)
    line = table.table("extraction_line")
    volumes = [each.text("name") for each in line.tables("volume")]
    joins = {each.text("name"): _ends(each) for each in line.tables("valve")}
    return laid_out(volumes, joins)


def _ends(valve: Table) -> tuple[str, str] | None:
    ends = valve.texts("joins", [])
    return (ends[0], ends[1]) if ends else None


def _shape(table: Table) -> Shape:
    kind = table.choice("kind", _KINDS, "valve")
    side = 2.0 if kind in VALVE_KINDS else 5.0
    return Shape(
        name=table.text("name"),
        kind=kind,
        x=table.number("x"),
        y=table.number("y"),
        width=table.number("width", side, minimum=0.1),
        height=table.number("height", min(side, 3.0), minimum=0.1),
        label=table.text("label", ""),
    )


def _connection(table: Table, shapes: dict[str, Shape]) -> Connection:
    names = sorted(shapes)
    points = table.numbers("points", [])
    if len(points) % 2:
        raise table.error("points", "pairs of x and y, one after another")
    return Connection(
        start=table.choice("start", names),
        end=table.choice("end", names),
        points=tuple(zip(points[::2], points[1::2], strict=True)),
    )
