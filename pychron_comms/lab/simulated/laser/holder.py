"""Sample holders: discs of metal with numbered holes."""

from __future__ import annotations

from collections.abc import Sequence

Hole = tuple[float, float]
Holes = dict[int, Hole]


def holes_in_rows(rows: Sequence[int], pitch: float) -> Holes:
    """Number the holes of a holder from 1, left to right and top to bottom.

    ``rows`` are the numbers of holes in each row. Holes and rows are ``pitch`` mm apart, and the
    holder's centre is at 0, 0.
    """
    holes: Holes = {}
    top = (len(rows) - 1) * pitch / 2
    for row, count in enumerate(rows):
        left = -(count - 1) * pitch / 2
        for column in range(count):
            holes[len(holes) + 1] = (left + column * pitch, top - row * pitch)
    return holes
