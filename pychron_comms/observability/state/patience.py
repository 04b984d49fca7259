"""When nothing has come for too long: not in a time in which this process itself stood still."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Seconds by which a timer is late where the process stood still, and that are then given to what
#: lies there unread.
STOOD_STILL = 0.3
MOMENT = 0.1


class Patience:
    """Calls ``over`` when the seconds of the last ``wait`` are over."""

    def __init__(self, clock: IReactorTime, over: Callable[[], object]) -> None:
        self._clock = clock
        self._over = over
        self._timer: IDelayedCall | None = None
        self._until = 0.0

    def wait(self, seconds: float) -> None:
        """From now on, so long; what was waited for before does not count any more."""
        self._until = self._clock.seconds() + seconds
        if self._timer is not None and self._timer.active():
            self._timer.reset(seconds)
        else:
            self._timer = self._clock.callLater(seconds, self._ring)

    def stop(self) -> None:
        """More than once does no harm."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _ring(self) -> None:
        if self._clock.seconds() - self._until > STOOD_STILL:
            self.wait(MOMENT)
        else:
            self._over()
