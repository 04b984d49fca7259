"""How long somebody waits for the disk, with one timer for all who do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger


class Patience:
    """Tells each after the same time. Nobody can be called off: who needs it no more ignores it.

    A timer for each would cost more than all else that waiting does.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()

    def end_in_time(self, end: Callable[[], None]) -> None:
        """``end`` is called in so many seconds."""
        if not self._waiting:
            self._clock.callLater(self._seconds, self._look)
        self._waiting.append((self._clock.seconds() + self._seconds, end))

    def _look(self) -> None:
        now, waiting = self._clock.seconds(), self._waiting
        while waiting and waiting[0][0] <= now:
            _, end = waiting.popleft()
            try:
                end()
            except Exception:
                # Those behind it must be told, and those who come after them.
                self._log.failure("a bug met one who has waited for the disk")
        if waiting:
            self._clock.callLater(waiting[0][0] - now, self._look)
