"""A drawing laid out from nothing but volumes and the valves that join them.

The volume with the most valves lies in the middle as a manifold; what hangs on it stands above and
below in turn, and what hangs on that further out. A valve sits halfway along its pipe. The same
line always gives the same drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pychron_comms.lab.schematic.model import Connection, Schematic, Shape

#: Between the centres of neighbours, and of a volume and the one that it hangs on.
_ACROSS, _OUT = 9.0, 8.0
_WIDTH, _HEIGHT, _VALVE = 5.0, 3.0, 2.0

_KINDS = (
    ("ion", "ionpump"),
    ("turbo", "turbo"),
    ("pump", "turbo"),
    ("laser", "laser"),
    ("spec", "spectrometer"),
    ("tank", "tank"),
    ("pip", "pipette"),
    ("getter", "getter"),
    ("cold", "coldfinger"),
)

Joins = Mapping[str, tuple[str, str] | None]


def laid_out(volumes: Sequence[str], joins: Joins) -> Schematic:
    """The drawing of these volumes and valves; a valve that joins none stands apart, below."""
    return _Layout(volumes, joins).schematic()


def kind_of(volume: str) -> str:
    """What a volume is taken for, by its name."""
    lower = volume.lower()
    return next((kind for part, kind in _KINDS if part in lower), "stage")


class _Layout:
    def __init__(self, volumes: Sequence[str], joins: Joins) -> None:
        self._joins = {valve: ends for valve, ends in joins.items() if ends}
        self._loose = [valve for valve, ends in joins.items() if not ends]
        self._around: dict[str, list[tuple[str, str]]] = {name: [] for name in volumes}
        for valve, (one, other) in self._joins.items():
            self._around[one].append((valve, other))
            self._around[other].append((valve, one))
        self._shapes: dict[str, Shape] = {}
        self._connections: list[Connection] = []

    def schematic(self) -> Schematic:
        left, lowest = 0.0, 0.0
        # Islands beside each other, the largest first.
        while rest := [name for name in self._around if name not in self._shapes]:
            left = self._island(max(rest, key=lambda name: len(self._around[name])), left)
        for valve in self._joins:
            if valve not in self._shapes:
                self._detour(valve)
        if self._shapes:
            lowest = min(shape.y for shape in self._shapes.values()) - _OUT
        for index, valve in enumerate(self._loose):
            self._add(valve, "valve", index * _ACROSS / 2, lowest)
        return Schematic(shapes=list(self._shapes.values()), connections=self._connections)

    def _island(self, middle: str, left: float) -> float:
        """Draw what is connected with ``middle``; the right edge of it."""
        children = self._children(middle)
        sides: tuple[list[_Branch], list[_Branch]] = ([], [])
        for branch in children:
            # To the side that is less wide as yet.
            widths = [sum(each.width for each in side) for side in sides]
            sides[widths[1] < widths[0]].append(branch)
        width = max(1.0, *(sum(each.width for each in side) for side in sides)) * _ACROSS
        self._add(middle, kind_of(middle), left + width / 2, 0.0, width=width - _ACROSS + _WIDTH)
        for side, direction in zip(sides, (1, -1), strict=True):
            start = left + (width - sum(each.width for each in side) * _ACROSS) / 2
            for branch in side:
                self._branch(middle, branch, start, direction, 1)
                start += branch.width * _ACROSS
        return left + width + _ACROSS

    def _children(self, middle: str) -> list[_Branch]:
        """The tree of what hangs on a volume, nearest first; each volume once."""
        root = _Branch(middle, "")
        seen, row = {middle}, [root]
        while row:
            following = []
            for parent in row:
                for valve, other in self._around[parent.name]:
                    if other not in seen:
                        seen.add(other)
                        child = _Branch(other, valve)
                        parent.below.append(child)
                        following.append(child)
            row = following
        return root.below

    def _branch(
        self, parent: str, branch: _Branch, left: float, direction: int, depth: int
    ) -> None:
        x = left + branch.width * _ACROSS / 2
        self._add(branch.name, kind_of(branch.name), x, direction * depth * _OUT)
        # The manifold is wide: a pipe leaves it straight, where it can.
        above = self._shapes[parent]
        reach = max(0.0, above.width / 2 - 1)
        foot = min(max(x, above.x - reach), above.x + reach)
        self._valve(branch.valve, parent, branch.name, (x, direction * (depth - 0.5) * _OUT), foot)
        for each in branch.below:
            self._branch(branch.name, each, left, direction, depth + 1)
            left += each.width * _ACROSS

    def _valve(
        self, valve: str, start: str, end: str, at: tuple[float, float], foot: float
    ) -> None:
        self._add(valve, "valve", *at)
        corner = (foot, at[1]) if foot != at[0] else (at[0], self._shapes[start].y)
        self._connections += [
            Connection(start=start, end=valve, points=(corner,)),
            Connection(start=valve, end=end),
        ]

    def _detour(self, valve: str) -> None:
        """A valve between two volumes that others have joined already: round the outside."""
        start, end = self._joins[valve]
        one, other = self._shapes[start], self._shapes[end]
        if one.y * other.y > 0:
            bus = self._outside(one.y)
            there, back = [(one.x, bus)], [(other.x, bus)]
            at = ((one.x + other.x) / 2, bus)
        else:
            edge = max(shape.x + shape.width / 2 for shape in self._shapes.values())
            right = edge + _ACROSS / 2
            there, back = self._way_out(one, right), self._way_out(other, right)[::-1]
            at = (right, (there[-1][1] + back[0][1]) / 2)
        self._add(valve, "valve", *at)
        self._connections += [
            Connection(start=start, end=valve, points=tuple(there)),
            Connection(start=valve, end=end, points=tuple(back)),
        ]

    def _outside(self, y: float) -> float:
        """A line beyond all that is drawn on that side of the middle."""
        side = [shape.y for shape in self._shapes.values() if shape.y * y > 0]
        return max(side) + _OUT / 2 if y > 0 else min(side) - _OUT / 2

    def _way_out(self, shape: Shape, right: float) -> list[tuple[float, float]]:
        if shape.y == 0:
            return [(right, 0.0)]
        bus = self._outside(shape.y)
        return [(shape.x, bus), (right, bus)]

    def _add(self, name: str, kind: str, x: float, y: float, width: float = _WIDTH) -> None:
        across, up = (_VALVE, _VALVE) if kind == "valve" else (max(width, _room(name)), _HEIGHT)
        self._shapes[name] = Shape(name=name, kind=kind, x=x, y=y, width=across, height=up)


def _room(name: str) -> float:
    """How wide a name is in its box; a longer one is written smaller."""
    return min(0.6 * len(name) + 0.8, _ACROSS - 1.0)


class _Branch:
    """A volume with what hangs on it; ``width`` is in volumes beside each other."""

    def __init__(self, name: str, valve: str) -> None:
        self.name = name
        self.valve = valve
        self.below: list[_Branch] = []

    @property
    def width(self) -> float:
        return max(1.0, sum(each.width for each in self.below))
