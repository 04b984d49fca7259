"""When managers are looked at: each once a period, and in a moment after it was moved."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from pychron_comms.interfaces import Reading
from pychron_comms.observability.state.items import STALE
from pychron_comms.observability.state.patience import Patience
from pychron_comms.processor.state.read_state import ReadState

#: Seconds in which a manager is looked at, after the end of a command was told; what ends meanwhile
#: is seen by the same look, so that no manager is looked at more often, however much is done.
SOON = 0.04

#: The part of the time that such looks may take where commands never cease, since each command
#: that comes meanwhile waits; to keep to it, they are up to so many seconds apart.
SHARE = 0.005
RARELY = 0.1

#: Periods after its last answer in which a manager that was asked again must have answered; and
#: how many it has where that question still waits behind a command.
FRESH = 1.8
BEHIND = 2.5

#: Answers by which a manager is known to be slow; it is given so many periods for that at most.
KNOWN_BY = 5
SLOWEST = 4

#: Of a period: who takes nearly one may miss the next look.
_NEARLY = 0.05

#: Managers that are asked in one turn of the reactor: commands come between.
AT_ONCE = 8

#: Runs a read of a manager where its methods run, in its turn; fires when it has ended.
Submit = Callable[["ReadState"], object]


class Seer(Protocol):
    """Is told what is seen of each manager, by its name."""

    def saw(self, name: str, readings: Sequence[Reading], stale_after: float) -> None:
        """So it stands, for as many seconds."""

    def cannot_see(self, name: str, why: str) -> None:
        """It did not say how it stands."""

    def looked(self) -> None:
        """All that were to be looked at now have been asked."""


class Watched:
    """One manager under its name in paths, and the look at it that is under way."""

    def __init__(self, name: str, manager: object, patience: Callable[[Watched], Patience]) -> None:
        self.name = name
        self.manager = manager
        self.look: ReadState | None = None
        self.again = False
        # When it answered last, and how long its last answers took.
        self.answered: float | None = None
        self.took: deque[float] = deque(maxlen=KNOWN_BY)
        # That has an end so many periods after the last answer.
        self.periods = FRESH
        self.patience = patience(self)

    def over(self, look: ReadState, now: float) -> None:
        """That look at it has ended, whatever came of it."""
        self.look = None
        self.answered = now
        self.took.append(0.0 if look.begun is None else now - look.begun)
        self.patience.stop()


class Looks:
    """Looks at each manager once a ``period`` (seconds; 0 for never), and where ``soon`` is said.

    The managers of a period are asked ``AT_ONCE`` in a turn of the reactor. ``submit`` takes a look
    through the manager's own queue, so that none passes a command or waits in the reactor. A look
    that has not ended is not begun again. A manager that has been asked and says nothing cannot be
    seen ``FRESH`` periods after its last answer: within two, whenever it was lost. One that takes
    more than a period to answer, as a rule, has as many more.
    """

    def __init__(self, submit: Submit, seer: Seer, *, clock: IReactorTime, period: float) -> None:
        self._submit = submit
        self._seer = seer
        self._clock = clock
        self._period = period
        # By identity: a manager may compare equal to another, or not hash.
        self._watched: dict[int, Watched] = {}
        # Those that commands have moved since they were looked at.
        self._due: dict[Watched, None] = {}
        self._timer: IDelayedCall | None = None
        # When the next such look may be.
        self._next = 0.0
        # Those that this period's look has not asked yet.
        self._left: deque[Watched] = deque()
        self._turn: IDelayedCall | None = None
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock

    def watch(self, managers: Mapping[str, object]) -> None:
        """Look at these, by the names that their items' paths begin with."""
        for name, each in managers.items():
            self._watched[id(each)] = Watched(name, each, self._patience)

    def name_of(self, manager: object) -> str | None:
        """None where it is not watched."""
        watched = self._watched.get(id(manager))
        return None if watched is None else watched.name

    def start(self) -> None:
        if self._period:
            self._loop.start(self._period)

    def stop(self) -> None:
        if self._loop.running:
            self._loop.stop()
        self._left.clear()
        for watched in self._watched.values():
            watched.patience.stop()
        for timer in (self._timer, self._turn):
            if timer is not None and timer.active():
                timer.cancel()

    def soon(self, manager: object) -> None:
        """Look at it in a moment: whoever waits for a reply would wait for the look, too."""
        watched = self._watched.get(id(manager))
        if watched is not None and self._loop.running:
            self._due[watched] = None
            if self._timer is None:
                wait = max(SOON, self._next - self._clock.seconds())
                self._timer = self._clock.callLater(wait, self._look_where_due)

    def _look_where_due(self) -> None:
        self._timer = None
        begun = self._clock.seconds()
        due, self._due = self._due, {}
        for watched in due:
            self._read(watched, again=True)
        self._seer.looked()
        now = self._clock.seconds()
        self._next = now + min((now - begun) / SHARE, RARELY)

    def _look(self) -> None:
        if not self._left:
            self._left.extend(self._watched.values())
            self._ask_some()

    def _ask_some(self) -> None:
        self._turn = None
        for _ in range(min(AT_ONCE, len(self._left))):
            self._read(self._left.popleft())
        if self._left:
            self._turn = self._clock.callLater(0, self._ask_some)
        else:
            self._seer.looked()

    def _read(self, watched: Watched, *, again: bool = False) -> None:
        if not self._loop.running:
            return
        if watched.look is not None:
            # What it reads just now may be from before the change.
            watched.again = watched.again or again
            return
        call = watched.look = ReadState(watched.manager, self._clock.seconds)
        try:
            result = self._submit(call)
        except Exception:
            self._over(Failure(), watched, call)
            return
        if isinstance(result, Deferred):
            self._wait_until(watched, FRESH)
            result.addBoth(self._over, watched, call)
        else:
            self._over(result, watched, call)

    def _over(self, result: object, watched: Watched, call: ReadState) -> None:
        watched.over(call, self._clock.seconds())
        if isinstance(result, Failure):
            self._seer.cannot_see(watched.name, result.getErrorMessage())
        else:
            self._seer.saw(watched.name, call.readings, self._seconds(BEHIND, watched))
        if watched.again:
            watched.again = False
            self._read(watched)

    # -- what does not answer

    def _patience(self, watched: Watched) -> Patience:
        return Patience(self._clock, partial(self._overdue, watched))

    def _seconds(self, periods: float, watched: Watched) -> float:
        """After its last answer, with what it is given for being slow."""
        slow = math.floor(max(watched.took) / self._period + _NEARLY)
        return self._period * (periods + min(slow, SLOWEST))

    def _wait_until(self, watched: Watched, periods: float) -> None:
        """So many after its last answer; what has never answered shows nothing that could be
        stale."""
        if watched.answered is not None:
            due = watched.answered + self._seconds(periods, watched)
            watched.periods = periods
            watched.patience.wait(max(0.0, due - self._clock.seconds()))

    def _overdue(self, watched: Watched) -> None:
        if watched.periods < BEHIND and watched.look is not None and watched.look.begun is None:
            self._wait_until(watched, BEHIND)
        else:
            self._seer.cannot_see(watched.name, STALE)
