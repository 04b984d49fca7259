"""Whether this process stood still: what came meanwhile lay there, and tells less than it seems."""

from __future__ import annotations

import math

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pychron_comms.observability.metrics import Metrics

#: Seconds between two beats, and by how many one may be late.
BEAT = 0.1
LATE = 0.25

#: Seconds in which further ones are counted in one line of the log, and how much longer than all
#: before it one is that has a line of its own.
PERIOD = 60.0
MUCH_LONGER = 2.0

#: Seconds in which what lay there while a process stood still has been read.
LATELY = 0.5


class LoopWatch(Service):
    """Measures how late the reactor's loop is, and counts when that is more than ``LATE`` seconds.

    A process that was stopped, swapped out or busy finds everything at once when it goes on: a
    command, its client's end and the copy of it, in any order. What is concluded from their order
    holds only where ``stalls`` is what it was.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, metrics: Metrics) -> None:
        self._clock = clock
        self._counter = metrics.counter(
            "pychron_comms_loop_stalls_total",
            "Times that the process stood still for a quarter second.",
        )
        self._lag = metrics.histogram(
            "pychron_comms_reactor_lag_seconds",
            "How late the reactor's loop comes to what it should do now.",
        )
        self._stalls = 0
        self._told = _Told(clock)
        self._went_on = -math.inf
        self._stood_for = 0.0
        self._last_beat = clock.seconds()
        # Of the beat alone: others look in between.
        self._beat_at = self._last_beat
        self._beat = LoopingCall(self._measure)
        self._beat.clock = clock

    def startService(self) -> None:
        super().startService()
        self._last_beat = self._beat_at = self._clock.seconds()
        self._beat.start(BEAT, now=False)

    def stopService(self) -> None:
        super().stopService()
        self._beat.stop()
        self._told.tell_rest()

    @property
    def stalls(self) -> int:
        """How many there were; one that has just ended counts before its beat comes."""
        if self.running:
            self._look()
        return self._stalls

    @property
    def may_have_lain(self) -> float:
        """Seconds that what is read now may have lain there; 0 where it is read as it comes."""
        now = self._look() if self.running else self._clock.seconds()
        return self._stood_for if now - self._went_on <= LATELY else 0.0

    def _measure(self) -> None:
        now = self._clock.seconds()
        late, self._beat_at = now - self._beat_at - BEAT, now
        self._lag.observe(max(late, 0.0))
        self._look()
        self._told.beat()

    def _look(self) -> float:
        now = self._clock.seconds()
        late, self._last_beat = now - self._last_beat - BEAT, now
        if late > LATE:
            self._stalls += 1
            self._went_on, self._stood_for = now, late + BEAT
            self._counter.value += 1
            self._told.stood(late)
        return now


class _Told:
    """The lines of the log about it. On a busy machine there would be one each second."""

    _log = Logger(namespace=LoopWatch.__module__)

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._begun = -math.inf
        self._longest = 0.0
        # Those that have no line yet.
        self._waiting: list[float] = []

    def stood(self, late: float) -> None:
        self.beat()
        if late < MUCH_LONGER * self._longest:
            self._waiting.append(late)
            return
        if not self._longest:
            self._begun = self._clock.seconds()
        self._longest = late
        self._log.warn("this process stood still for {late:.1f} s", late=late)

    def beat(self) -> None:
        """The end of a period, where it is one."""
        if self._longest and self._clock.seconds() - self._begun >= PERIOD:
            self.tell_rest()

    def tell_rest(self) -> None:
        """What was only counted; what comes then has a line of its own again."""
        if self._waiting:
            self._log.warn(
                "this process stood still {times} times more since then, for {late:.1f} s in all, "
                "{longest:.1f} s at most",
                times=len(self._waiting),
                late=sum(self._waiting),
                longest=max(self._waiting),
            )
        self._waiting.clear()
        self._longest = 0.0
