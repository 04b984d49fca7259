"""What a drawing of an extraction line holds: shapes with places, and what connects them.

Coordinates are in units of half a valve, x to the right and y upwards, as Pychron's canvas has
them; a shape's place is its centre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

#: What can be drawn; by it a region that gas fills is coloured.
VOLUME_KINDS = (
    "stage",
    "laser",
    "spectrometer",
    "turbo",
    "ionpump",
    "getter",
    "tank",
    "pipette",
    "gauge",
    "coldfinger",
)
VALVE_KINDS = ("valve", "rough_valve", "manual_valve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """``name`` is the valve's or the volume's, or of nothing else where it is only drawn."""

    name: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A pipe between two shapes, by their names, through ``points`` on the way."""

    start: str
    end: str
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schematic:
    """Shapes by place, and the pipes between them; those are drawn first."""

    shapes: Sequence[Shape]
    connections: Sequence[Connection]

    def as_json(self) -> dict[str, Any]:
        return {
            "shapes": [asdict(each) for each in self.shapes],
            "connections": [asdict(each) for each in self.connections],
        }
