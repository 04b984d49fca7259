"""Items that have come and say nothing yet: of an instrument that is asked for the first time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pychron_comms.interfaces import Severity
from pychron_comms.observability.state.items import Item

#: Seconds in which an item must have come, and have said something.
MISSING = 10.0

#: What the server itself tells is known at once.
_OWN = "road/"


class Newcomers:
    """Knows of each item whether it is new and cannot be told yet. ``over`` hears, by its path,
    that one still cannot after ``MISSING`` seconds."""

    def __init__(self, clock: IReactorTime, over: Callable[[str], None]) -> None:
        self._clock = clock
        self._over = over
        self._known: set[str] = set()
        self._new: dict[str, IDelayedCall] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._new

    def saw(self, item: Item) -> None:
        """It has come, or changed, or is gone."""
        path = item.path
        if item.is_gone:
            self._known.discard(path)
            self._forget(path)
        elif path in self._known:
            return
        elif item.severity is not Severity.INVALID or path.startswith(_OWN):
            self._known.add(path)
            self._forget(path)
        elif path not in self._new:
            self._new[path] = self._clock.callLater(MISSING, self._is_over, path)

    def stop(self) -> None:
        for path in list(self._new):
            self._forget(path)

    def _forget(self, path: str) -> None:
        timer = self._new.pop(path, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _is_over(self, path: str) -> None:
        del self._new[path]
        self._known.add(path)
        self._over(path)
