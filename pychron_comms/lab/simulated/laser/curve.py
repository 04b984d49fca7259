"""Straight lines between points."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

Points = Sequence[tuple[float, float]]


def interpolate(x: float, points: Points) -> float:
    """The height at ``x`` of the line through ``points``, which are in ascending order.

    Level before the first point and after the last.
    """
    right = bisect_right(points, x, key=lambda point: point[0])
    if right == 0:
        return points[0][1]
    if right == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
