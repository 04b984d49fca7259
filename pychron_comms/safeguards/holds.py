"""Parts that a command keeps as they are, from the test of its interlocks until it has ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from pychron_comms.interfaces import Move
from pychron_comms.safeguards.overlap import any_overlap


class Hold:
    """What one command ``moves``, and what its rules read; ``granted`` fires when it may go on."""

    __slots__ = ("_holds", "granted", "moves", "name", "reads", "seconds", "timer")

    def __init__(
        self,
        holds: Holds,
        name: str,
        moves: Sequence[Move],
        reads: Sequence[Move],
        seconds: float,
    ) -> None:
        self._holds = holds
        self.name = name
        self.moves = moves
        self.reads = reads
        self.seconds = seconds
        self.timer: IDelayedCall | None = None
        self.granted: Deferred[None] = Deferred()

    def release(self) -> None:
        """More than once does no harm."""
        self._holds.release(self)

    def hinders(self, other: Hold) -> bool:
        """Whether one moves what the other moves or reads. Two may read the same."""
        return (
            any_overlap(self.moves, other.moves)
            or any_overlap(self.moves, other.reads)
            or any_overlap(self.reads, other.moves)
        )


class Holds:
    """Grants each hold when none is left before it that hinders it.

    All its parts at once, so that no two can wait for each other. It ends after its seconds, where
    nobody has released it: a driver that hangs must not stop the others for good.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # In the order in which they came.
        self._held: dict[Hold, None] = {}

    def hold(self, name: str, moves: Iterable[Move], reads: Iterable[Move], seconds: float) -> Hold:
        hold = Hold(self, name, tuple(moves), tuple(reads), seconds)
        self._held[hold] = None
        hold.timer = self._clock.callLater(max(seconds, 0.0), self._run_out, hold)
        if not self._is_hindered(hold):
            hold.granted.callback(None)
        return hold

    def release(self, hold: Hold) -> None:
        if hold not in self._held:
            return
        del self._held[hold]
        if hold.timer is not None and hold.timer.active():
            hold.timer.cancel()
        for other in list(self._held):
            if other in self._held and not other.granted.called and not self._is_hindered(other):
                other.granted.callback(None)

    def _run_out(self, hold: Hold) -> None:
        if hold.granted.called:
            self._log.warn(
                "{name} has not ended in {seconds:g} s; its interlocks are kept no longer",
                name=hold.name,
                seconds=hold.seconds,
            )
        self.release(hold)

    def _is_hindered(self, hold: Hold) -> bool:
        earlier = takewhile(lambda each: each is not hold, self._held)
        return any(each.hinders(hold) for each in earlier)
