"""One simulated valve: it takes its time to move, and tells when it has."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pychron_comms.errors import ValveActuationError
from pychron_comms.interfaces import Source


class SimulatedValve:
    """Moves between open and closed in ``travel`` seconds; with 0, it has moved at once.

    ``commanded`` is what it was last told, ``indicator`` what its switch says; both are True for
    open. While it moves the indicator keeps the old state. ``moved`` is called with the valve
    each time that the indicator has changed.
    """

    def __init__(
        self,
        clock: IReactorTime,
        name: str,
        moved: Callable[[SimulatedValve], None],
        *,
        travel: float = 0.15,
        is_open: bool = False,
        stuck: bool = False,
    ) -> None:
        self.name = name
        self.commanded = is_open
        self.indicator = is_open
        self._clock = clock
        self._moved = moved
        self._travel = travel
        self._stuck = stuck
        self._began = 0.0
        self._move: IDelayedCall | None = None
        self._waiting: list[Deferred[None]] = []

    @property
    def proof(self) -> Source:
        """Its switch."""
        return Source.INDICATOR

    @property
    def state(self) -> bool:
        """Whether its indicator says open."""
        return self.indicator

    def ask_commanded(self) -> bool:
        """Whether it was last told to open."""
        return self.commanded

    def ask_indicator(self) -> bool:
        """Whether its switch says open."""
        return self.indicator

    @property
    def closed(self) -> bool:
        """Whether it surely is: it says so, and does not move."""
        return not self.indicator and self._move is None

    def open(self) -> Deferred[None] | None:
        """Open; None where it is open, else a Deferred that fires when it has moved.

        Errors: 015 where it is stuck or closes just now, and later when a close supersedes it.
        Who cancels the Deferred no longer waits; the move goes on to its end.
        """
        if self._move is None:
            return self._begin(True)
        if not self.commanded:
            raise ValveActuationError(self.name, "open")
        return self._wait()

    def close(self) -> Deferred[None] | None:
        """As ``open``, but it supersedes an opening, and takes as long as that has gone on."""
        if self._move is None:
            return self._begin(False)
        superseded = self._turn_back() if self.commanded else []
        end = self._wait()
        for waiter in superseded:
            waiter.errback(ValveActuationError(self.name, "open"))
        return end

    def _begin(self, opening: bool) -> Deferred[None] | None:
        if self.indicator == opening:
            return None
        if self._stuck:
            raise ValveActuationError(self.name, "open" if opening else "close")
        if not self._travel:
            self.commanded = opening
            self._end()
            return None
        self._start(opening, self._travel)
        return self._wait()

    def _start(self, opening: bool, seconds: float) -> None:
        self.commanded = opening
        self._began = self._clock.seconds()
        self._move = self._clock.callLater(seconds, self._end)

    def _turn_back(self) -> list[Deferred[None]]:
        """Begin to close again, and return those who waited for the opening."""
        assert self._move is not None
        self._move.cancel()
        elapsed = self._clock.seconds() - self._began
        self._start(False, min(max(elapsed, 0.0), self._travel))
        superseded, self._waiting = self._waiting, []
        return superseded

    def _wait(self) -> Deferred[None]:
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        return waiter

    def _end(self) -> None:
        self._move = None
        waiting, self._waiting = self._waiting, []
        if self.indicator != self.commanded:
            self.indicator = self.commanded
            self._moved(self)
        for waiter in waiting:
            waiter.callback(None)
