"""Something that is begun, takes its time, and may be stopped before its end."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime


class Activity:
    """Lasts as many seconds of ``clock`` as it is begun for; schedules nothing."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._end: float | None = None

    def begin(self, seconds: float) -> None:
        """Begin, or begin anew. Infinity is until ``stop``."""
        self._end = self._clock.seconds() + seconds

    def stop(self) -> None:
        """Forget that it ever began."""
        self._end = None

    @property
    def active(self) -> bool:
        """Begun, and neither over nor stopped."""
        return self._end is not None and self._clock.seconds() < self._end

    @property
    def complete(self) -> bool:
        """Begun and over, without having been stopped."""
        return self._end is not None and not self.active
