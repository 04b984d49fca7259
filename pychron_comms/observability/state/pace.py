"""How often one reader is written to, however much happens."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Seconds between two writes to one who watches: what comes meanwhile leaves together.
APART = 0.025


class Pace:
    """Calls ``write`` when told to ``go``: at once, but never twice within ``apart`` seconds."""

    def __init__(self, write: Callable[[], None], clock: IReactorTime, apart: float) -> None:
        self._write = write
        self._clock = clock
        self._apart = apart
        self._next = 0.0
        self._timer: IDelayedCall | None = None

    def go(self) -> None:
        if self._timer is not None:
            return
        now = self._clock.seconds()
        if now >= self._next:
            self._next = now + self._apart
            self._write()
        else:
            self._timer = self._clock.callLater(self._next - now, self._late)

    def stop(self) -> None:
        """Nothing more is written."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _late(self) -> None:
        self._timer = None
        self._next = self._clock.seconds() + self._apart
        self._write()
