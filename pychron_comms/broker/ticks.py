"""What is done over and over, whatever befalls it once."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger


class Ticks:
    """Calls ``act`` every ``interval`` seconds, first after so long. A bug that meets it is logged,
    and the next call comes all the same: without its beats a processor would own nothing any more,
    and without its looks a server would answer nobody who waits."""

    _log = Logger()

    def __init__(self, act: Callable[[], object], interval: float, clock: IReactorTime) -> None:
        self._act = act
        self._interval = interval
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock

    def start(self) -> None:
        self._loop.start(self._interval, now=False)

    def stop(self) -> None:
        """Also where it was not started, or has been stopped before."""
        if self._loop.running:
            self._loop.stop()

    def _tick(self) -> None:
        try:
            self._act()
        except Exception:
            self._log.failure("a bug met what is done each {seconds} s", seconds=self._interval)
