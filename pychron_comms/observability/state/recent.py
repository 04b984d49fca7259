"""The last hour of numbers, for a chart that is to be full when a page is opened."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from pychron_comms.interfaces import Severity
from pychron_comms.observability.state.items import Item

#: Seconds that are kept, seconds between two points, and how many items are followed at most.
HOUR = 3600.0
APART = 5.0
MOST = 200

Point = tuple[float, float | None]


class Recent:
    """Follows the stream's numeric items that have a unit. A time of which nothing is known is a
    gap: a point without a value."""

    def __init__(self) -> None:
        self._points: dict[str, deque[Point]] = {}

    def item_changed(self, item: Item, at: float) -> None:
        if not item.unit or not item.is_number:
            return
        points = self._points.get(item.path)
        if points is None:
            if len(self._points) >= MOST:
                return
            points = self._points[item.path] = deque(maxlen=int(HOUR / APART))
        value = None if item.severity is Severity.INVALID else float(item.value)
        _add(points, at, value)

    def begin_with(self, earlier: Mapping[str, Sequence[Point]]) -> None:
        """What was recorded before this process knew anything: each item's points, oldest first."""
        for path, before in earlier.items():
            own = self._points.get(path)
            if own is None and len(self._points) >= MOST:
                continue
            points = self._points[path] = deque(maxlen=int(HOUR / APART))
            for at, value in before:
                if not own or at < own[0][0]:
                    _add(points, at, value)
            points.extend(own or ())

    def points(self, path: str) -> list[Point]:
        """Oldest first: Unix time in seconds, and the value or None for a gap."""
        return list(self._points.get(path, ()))


def _add(points: deque[Point], at: float, value: float | None) -> None:
    """Unless it is too soon after the last one, and neither begins nor ends a gap."""
    if points and at - points[-1][0] < APART and (points[-1][1] is None) is (value is None):
        return
    points.append((round(at, 1), value))
